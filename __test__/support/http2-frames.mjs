import { createServer } from 'node:tls';

/** RFC 9113 §6 */
export const FRAMES = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
};
export const END_STREAM = 0x1;
export const ACK = 0x1;
export const END_HEADERS = 0x4;
export const PADDED = 0x8;

const PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';

/**
 * @param {number} type
 * @param {number} flags
 * @param {number} stream
 * @param {Uint8Array | string} [payload] bytes, or hexadecimal digits
 */
export function frame(type, flags, stream, payload = '') {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'hex') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

/**
 * Header fields as HPACK literals that enter no table (RFC 7541 §6.2.2), each shorter than 127 bytes.
 *
 * @param {[string, string][]} fields
 */
export function fieldBlock(fields) {
  const text = (value) => [value.length, ...Buffer.from(value, 'latin1')];
  return Buffer.from(fields.flatMap(([name, value]) => [0, ...text(name), ...text(value)]));
}

/**
 * A server of frames over TLS: once the first request is there, `answer` has the connection. `openly` turns it into
 * one that speaks HTTP/1.1, and answers as it should.
 *
 * @param {import('ava').ExecutionContext} t closes it
 * @param {object} options
 * @param {{ certificatePem: string, privateKeyPem: string }} options.certificates
 * @param {Uint8Array} options.settings what it begins with
 * @param {(socket: import('node:tls').TLSSocket) => void} options.answer
 * @param {Uint8Array} options.goodAnswer
 */
export async function openFrameServer(t, { certificates, settings, answer, goodAnswer }) {
  let isHostile = true;
  const sockets = new Set();
  const server = createServer({
    cert: certificates.certificatePem,
    key: certificates.privateKeyPem,
    ALPNCallback: () => (isHostile ? 'h2' : 'http/1.1'),
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    if (socket.alpnProtocol !== 'h2') {
      socket.on('data', () => socket.write(goodAnswer));
      return;
    }
    socket.write(settings);
    let received = Buffer.alloc(0);
    socket.on('data', (data) => {
      if (received === null) return;
      received = Buffer.concat([received, data]);
      if (!hasRequest(received)) return;
      received = null;
      answer(socket);
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    server.close();
    disconnect();
  });
  return {
    origin: `https://localhost:${server.address().port}`,
    openly() {
      isHostile = false;
      disconnect();
    },
  };
}

/** A stream that the client has ended. */
function hasRequest(received) {
  for (let at = PREFACE.length; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
    const [type, flags] = [received[at + 3], received[at + 4]];
    if ((type === FRAMES.DATA || type === FRAMES.HEADERS) && flags & END_STREAM) return true;
  }
  return false;
}
