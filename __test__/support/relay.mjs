import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/**
 * Passes bytes on to a port here, until it is told to swallow those of the connections that it has: as a firewall
 * does that has forgotten them.
 *
 * @param {import('ava').ExecutionContext} t closes it
 * @param {number} leadsTo
 */
export async function openRelay(t, leadsTo) {
  const sockets = new Set();
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect(leadsTo, '127.0.0.1');
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ]) {
      sockets.add(socket);
      socket.on('data', (data) => socket.silent || other.write(data));
      socket.on('error', () => socket.destroy()).on('close', () => socket.silent || other.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return {
    port: server.address().port,
    connections: () => connections,
    silence() {
      for (const socket of sockets) socket.silent = true;
    },
  };
}
