import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A port that nobody has any business with: it counts connections, whatever they are for, and speaks to none.
 *
 * @param {import('ava').ExecutionContext} t closes it
 */
export async function openBystander(t) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on('error', () => {}).destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address();
  return {
    port,
    /** @param {string} [path] */
    https: (path = '/') => `https://localhost:${port}${path}`,
    /** @param {string} [path] */
    http: (path = '/') => `http://localhost:${port}${path}`,
    connections: () => connections,
  };
}
