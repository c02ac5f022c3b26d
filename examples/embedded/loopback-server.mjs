import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { isIP } from 'node:net';

/**
 * An HTTP(S) server on the loopback interface, listening, without a request listener yet: its port has to be
 * known before anything that names its own URL can be set up.
 *
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string } & import('node:https').ServerOptions} [options.tls]
 *   the server's certificate, and whatever else `node:https` takes; without it: plain http
 * @param {string} [options.host] what the URL says; a name is served on 127.0.0.1
 * @param {number} [options.port] 0: any free one
 * @param {string} [options.origin] what its URLs say, for one that is known under another name than its own address
 * @returns {Promise<{ server: import('node:http').Server, origin: string, port: number, close(): Promise<void> }>}
 */
export async function openLoopbackServer({ tls, host = 'localhost', port = 0, origin }) {
  const { certificatePem: cert, privateKeyPem: key, ...options } = tls ?? {};
  const server = tls ? createHttpsServer({ cert, key, ...options }) : createHttpServer();
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, isIP(host) ? host : '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
  const authority = isIP(host) === 6 ? `[${host}]` : host;
  const address = server.address();
  return {
    server,
    origin: origin ?? `${tls ? 'https' : 'http'}://${authority}:${address.port}`,
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Not closeAllConnections(): that one does not know of connections still in their TLS handshake.
        for (const socket of sockets) socket.destroy();
      }),
  };
}
