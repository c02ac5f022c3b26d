import { createRequire } from 'node:module';

// Node's own HTTP clients know no proxy, so that the names of the documentation have to be led astray here. For
// `node --import`, with the ports in DOCUMENTED_PORTS; what is not named there is refused, so that no test leaves the
// loopback interface.

const tls = createRequire(import.meta.url)('node:tls');
const isLoopback = (host) => host === 'localhost' || host.startsWith('127.') || host === '::1';

/** @param {Record<string, number>} ports by `host:port` */
export function leadAstray(ports) {
  const { connect } = tls;
  tls.connect = (options, ...rest) => {
    // `net` calls back with options in each of its forms; Node's HTTP clients pass an object.
    const { host, port, socket } = options;
    // What has a socket goes through a tunnel, and the proxy knows where that leads.
    if (socket !== undefined || isLoopback(host)) return connect(options, ...rest);
    const target = ports[`${host}:${port}`];
    const servername = options.servername ?? host;
    // Port 9, where nobody listens, for what does not exist.
    return connect({ ...options, host: '127.0.0.1', port: target ?? 9, servername }, ...rest);
  };
}

if (process.env.DOCUMENTED_PORTS !== undefined) leadAstray(JSON.parse(process.env.DOCUMENTED_PORTS));
