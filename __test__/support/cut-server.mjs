import { createServer } from 'node:net';
import { Duplex } from 'node:stream';
import { createSecureContext, TLSSocket } from 'node:tls';
import { isComplete, listen } from './raw-server.mjs';

/** How a connection ends after so many bytes of an answer. */
export const ENDS = {
  /** FIN; over TLS with a close_notify before it. */
  whole: ({ stream, bytes }) => stream.end(bytes),
  /** FIN alone, as somebody on the way can make it. */
  unannounced: ({ stream, raw, bytes }) => afterwards(stream, bytes, () => raw.end()),
  reset: ({ stream, raw, bytes }) => afterwards(stream, bytes, () => raw.resetAndDestroy()),
};

function afterwards(stream, bytes, end) {
  if (bytes.length === 0) end();
  else stream.write(bytes, end);
}

/**
 * A server whose answers break off: `answer` says for each request how many bytes of what it gets, and the end.
 *
 * @param {import('ava').ExecutionContext} t closes it
 * @param {object} options
 * @param {(path: string) => { bytes: Buffer, end: (typeof ENDS)[keyof typeof ENDS] }} options.answer
 * @param {{ certificatePem: string, privateKeyPem: string }} [options.certificates] over TLS
 * @param {import('node:tls').SecureContextOptions} [options.tls]
 * @param {() => number} [options.ciphertext] bytes of TLS after which the connection ends, for each connection
 * @param {'end' | 'resetAndDestroy'} [options.ciphertextEnd] how
 */
export async function openCutServer(t, { answer, certificates, tls, ciphertext, ciphertextEnd = 'end' }) {
  const sockets = new Set();
  const requests = new Map();
  const secureContext =
    certificates &&
    createSecureContext({ cert: certificates.certificatePem, key: certificates.privateKeyPem, ...tls });
  const server = createServer((raw) => {
    sockets.add(raw);
    raw.on('close', () => sockets.delete(raw)).on('error', () => raw.destroy());
    const stream = secureContext
      ? new TLSSocket(pipeOf(raw, ciphertext?.() ?? Number.POSITIVE_INFINITY, ciphertextEnd), {
          isServer: true,
          secureContext,
        })
      : raw;
    stream.on('error', () => raw.destroy());
    let received = '';
    stream.setEncoding('latin1').on('data', (data) => {
      received += data;
      if (!isComplete(received)) return;
      const [, path] = received.split(' ', 2);
      received = '';
      requests.set(path, (requests.get(path) ?? 0) + 1);
      const { bytes, end } = answer(path);
      end({ stream, raw, bytes });
    });
  });
  await listen(t, server, sockets);
  const { port } = server.address();
  return {
    origin: certificates ? `https://localhost:${port}` : `http://127.0.0.1:${port}`,
    /** @type {(path: string) => number} */
    requestsTo: (path) => requests.get(path) ?? 0,
    sockets,
  };
}

/** What TLS is spoken through, so that the connection below can end without its knowledge. */
function pipeOf(raw, bytesLeft, end) {
  let left = bytesLeft;
  const pipe = new Duplex({
    read() {},
    write(chunk, _encoding, done) {
      const piece = chunk.subarray(0, left);
      left -= piece.length;
      raw.write(piece, () => {
        if (left === 0) raw[end]();
        done();
      });
    },
    final(done) {
      raw.end(() => done());
    },
  });
  if (left === 0) raw[end]();
  raw.on('data', (data) => pipe.push(data)).on('end', () => pipe.push(null));
  raw.on('close', () => pipe.destroy());
  pipe.on('error', () => raw.destroy());
  return pipe;
}
