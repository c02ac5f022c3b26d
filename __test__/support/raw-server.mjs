import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * A server of bytes on loopback: it reads a request to its end and hands the socket over, to be answered with
 * whatever is no HTTP, or barely. The n-th request gets the n-th answer, and the last answer stays.
 *
 * @param {import('ava').ExecutionContext} t closes it
 * @param {((socket: import('node:net').Socket, request: string) => void)[]} answers
 * @param {object} [options]
 * @param {(socket: import('node:net').Socket) => void} [options.connected] before anything is read
 * @param {string} [options.host]
 */
export async function openRawServer(t, answers, { connected, host = '127.0.0.1' } = {}) {
  const left = [...answers];
  const sockets = new Set();
  const requests = [];
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    connected?.(socket);
    let received = '';
    socket.setEncoding('latin1').on('data', (data) => {
      received += data;
      if (!isComplete(received)) return;
      requests.push(received);
      const request = received;
      received = '';
      (left.length > 1 ? left.shift() : left[0])?.(socket, request);
    });
  });
  await listen(t, server, sockets, host);
  const { port } = server.address();
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    sockets,
    requests,
    connections: () => connections,
  };
}

/**
 * @param {import('ava').ExecutionContext} t closes it
 * @param {import('node:net').Server} server
 * @param {Iterable<import('node:net').Socket>} sockets that are open when it is closed
 * @param {string} [host]
 */
export async function listen(t, server, sockets, host = '127.0.0.1') {
  server.listen(0, host);
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
}

/**
 * A request with all of the body that it announces.
 *
 * @param {string} received
 */
export function isComplete(received) {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return false;
  const [, length = '0'] = /^content-length: *(\d+)/im.exec(received.slice(0, end)) ?? [];
  return received.length >= end + 4 + Number(length);
}

/**
 * Writes without end, as fast as the other side takes it.
 *
 * @param {import('node:net').Socket} socket
 * @param {string | Buffer} piece
 */
export function pour(socket, piece) {
  const write = () => {
    while (!socket.destroyed && socket.write(piece));
  };
  socket.on('drain', write);
  write();
}

/**
 * Writes a byte at a time.
 *
 * @param {import('node:net').Socket} socket
 * @param {string} text after its end it starts again
 */
export function drip(socket, text) {
  let place = 0;
  const timer = setInterval(() => {
    socket.write(text[place % text.length]);
    place += 1;
  }, 40);
  socket.on('close', () => clearInterval(timer));
}

/** One thread reads for all clients: a debug build has to have a rest between the pieces. */
const FLOOD_PAUSE_MS = 20;

/**
 * Writes without end, and leaves this process's own event loop its turns: for what the other side reads as fast
 * as it comes.
 *
 * @param {import('node:net').Socket} socket
 * @param {string | Buffer} piece
 */
export function flood(socket, piece) {
  const write = () => {
    if (socket.destroyed) return;
    if (!socket.writableNeedDrain) socket.write(piece);
    setTimeout(write, FLOOD_PAUSE_MS);
  };
  write();
}
