/**
 * A whole HTTP/1.1 answer, of which nothing is wrong but what the caller puts into it.
 *
 * @param {string | Uint8Array} body
 * @param {object} [options]
 * @param {string} [options.status] code and phrase
 * @param {string[]} [options.fields]
 */
export function answerOf(body, { status = '200 OK', fields = ['content-type: application/json'] } = {}) {
  const head = [`HTTP/1.1 ${status}`, ...fields, `content-length: ${Buffer.byteLength(body)}`];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}

/**
 * The same with these lines in place of all others, and nothing added.
 *
 * @param {string[]} lines status line and fields
 * @param {string | Uint8Array} [body]
 */
export function linesOf(lines, body = '') {
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), Buffer.from(body)]);
}
