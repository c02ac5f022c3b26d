import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from 'node:net';

/**
 * An HTTP proxy on loopback that tunnels CONNECT, and writes down whom it was asked for. Whatever host is named,
 * the tunnel leads to a port here: names need not exist.
 *
 * @param {object} [options]
 * @param {string} [options.credentials] `user:password` that it wants
 * @param {number} [options.leadsTo] port of every tunnel; without it the port that was asked for
 */
export async function startProxy({ credentials, leadsTo } = {}) {
  /** @type {{ target: string, authorization: string | undefined }[]} */
  const tunnels = [];
  const sockets = new Set();
  const server = createServer((_request, response) => response.writeHead(405).end());
  const keep = (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  };
  server.on('connection', keep);
  server.on('connect', ({ url, headers }, client, head) => {
    const authorization = headers['proxy-authorization'];
    tunnels.push({ target: url, authorization });
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (authorization !== expected) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    const upstream = connect(leadsTo ?? Number(url.slice(url.lastIndexOf(':') + 1)), '127.0.0.1', () => {
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
    url: `http://${credentials ? `${credentials}@` : ''}127.0.0.1:${port}`,
    tunnels,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
