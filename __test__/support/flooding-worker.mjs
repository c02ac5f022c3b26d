import { createServer } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

// A server on a thread of its own: whoever reads what it sends is never done before it.

const PIECE_BYTES = 1 << 16;

const { start, piece } = workerData;
const block = Buffer.from(piece.repeat(Math.ceil(PIECE_BYTES / piece.length)));
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => {
    if (start !== '') socket.write(start);
    const pour = () => {
      while (!socket.destroyed && socket.write(block));
    };
    socket.on('drain', pour);
    pour();
  });
});
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));
