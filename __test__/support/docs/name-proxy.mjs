import { connect } from 'node:net';
import { openLoopbackServer } from '../../../examples/embedded/loopback-server.mjs';

/**
 * An HTTP proxy on loopback whose tunnels lead to where `portOf` says; to any other name there is none (502).
 *
 * @param {(target: string) => number | undefined} portOf of `host:port`
 */
export async function startNameProxy(portOf) {
  const { server, origin, close } = await openLoopbackServer({ host: '127.0.0.1' });
  server.on('connect', ({ url }, client, head) => {
    const port = portOf(url);
    client.on('error', () => client.destroy());
    if (port === undefined) {
      client.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    upstream.on('error', () => upstream.destroy());
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  return { url: origin, close };
}
