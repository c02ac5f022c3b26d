import { once } from 'node:events';
import { createServer, request as forward } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';

/**
 * An HTTP proxy on loopback that tunnels CONNECT and passes on requests in clear text, and writes down whom it was
 * asked for. Whatever host is named, the way leads to a port here: names need not exist.
 *
 * @param {object} [options]
 * @param {string} [options.credentials] `user:password` that it wants
 * @param {number | ((target: string) => number)} [options.leadsTo] port of every tunnel, or of the one to
 *   `host:port`; without it the port that was asked for
 * @param {{ certificatePem: string, privateKeyPem: string }} [options.tls] TLS on the way to the proxy itself
 * @param {(client: import('node:net').Socket) => void} [options.answer] in place of a tunnel
 */
export async function startProxy({ credentials, leadsTo, tls, answer } = {}) {
  /** @type {{ target: string, authorization: string | undefined, headers: object }[]} */
  const tunnels = [];
  /** @type {{ url: string, authorization: string | undefined }[]} */
  const forwarded = [];
  const sockets = new Set();
  const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
  const pass = (request, response) => {
    const { method, url, headers } = request;
    const { 'proxy-authorization': authorization, ...others } = headers;
    forwarded.push({ url, authorization });
    if (authorization !== expected) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic' }).end();
      return;
    }
    const { port, pathname, search } = new URL(url);
    const options = { port: leadsTo ?? port, path: pathname + search, method, headers: others };
    request.pipe(
      forward(options, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      }).on('error', () => response.destroy()),
    );
  };
  const server = tls
    ? createTlsServer({ cert: tls.certificatePem, key: tls.privateKeyPem }, pass)
    : createServer(pass);
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  server.on('connection', keep);
  server.on('connect', ({ url, headers }, client, head) => {
    const authorization = headers['proxy-authorization'];
    tunnels.push({ target: url, authorization, headers });
    client.on('error', () => client.destroy());
    if (answer) {
      answer(client);
      return;
    }
    if (authorization !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const asked = Number(url.slice(url.lastIndexOf(':') + 1));
    const port = typeof leadsTo === 'function' ? leadsTo(url) : (leadsTo ?? asked);
    const upstream = connect(port, '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    keep(upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  return {
    port,
    url: `${tls ? 'https' : 'http'}://${credentials ? `${credentials}@` : ''}127.0.0.1:${port}`,
    tunnels,
    forwarded,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
