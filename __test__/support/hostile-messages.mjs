// Makers of rows: an answer is `(socket, body) => void`, where the body is what would count.

/** @typedef {(socket: import('node:net').Socket, body: string) => void} Answer */

/**
 * Bytes, or what makes them of the good body, and the end of the connection.
 *
 * @param {string | Uint8Array | ((body: string) => string | Uint8Array)} bytes
 * @returns {Answer}
 */
export function ends(bytes) {
  return (socket, body) => socket.end(typeof bytes === 'function' ? bytes(body) : bytes);
}

/** No answer, because what there is breaks the rules, or off. */
export function broken(name, answer) {
  return { name, outcome: 'ERR_NETWORK', code: 'ERR_NETWORK', isTransient: true, answer };
}

/** An answer that was understood and is of no use. */
export function unusable(name, answer, words) {
  return { name, outcome: 'ERR_DISCOVERY or ERR_TOKEN_RESPONSE', code: 'unusable', words, answer };
}

/** `limit`: `http.maxResponseBytes` */
export function tooLarge(name, limit, answer) {
  const outcome = 'given up with its connection, as larger than http.maxResponseBytes';
  const words = new RegExp(`larger than ${limit} bytes`);
  return { ...unusable(name, answer, words), outcome, leavesConnection: true };
}

/** No end of it within `http.timeoutMs`. */
export function slow(name, answer) {
  return {
    name,
    outcome: 'ERR_TIMEOUT after http.timeoutMs',
    code: 'ERR_TIMEOUT',
    words: /no complete answer within \d+ ms|no connection within \d+ ms/,
    answer,
    leavesConnection: true,
  };
}

/** An answer all the same. */
export function taken(name, outcome, answer) {
  return { name, outcome, answer };
}
