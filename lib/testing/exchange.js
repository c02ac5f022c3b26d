'use strict';

/**
 * A request as it was received.
 *
 * @typedef {object} Exchange
 * @property {Date} at by the server's clock
 * @property {string} method
 * @property {string} target as it stood in the request line
 * @property {URL} url
 * @property {Readonly<Record<string, string>>} headers names in lower case; repeated ones joined by a comma
 * @property {(name: string) => number} countOf how often a header was sent
 * @property {string} body
 * @property {boolean} isTooLong what there was of the body is not kept then
 *
 * What is to be answered. An object is sent as JSON.
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {Record<string, string>} [headers]
 * @property {unknown} [body]
 * @property {InstanceType<typeof import('./refusal.js').Refusal>} [refusal] why, where the request broke a rule
 * @property {string | null} [clientId] who asked, as far as that is known
 * @property {number | null} [tokenNumber] of the token that was issued or shown
 */

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/**
 * @param {import('node:http').IncomingMessage} request
 * @param {string} origin
 * @param {() => Date} now
 * @returns {Promise<Exchange>}
 */
async function readExchange(request, origin, now) {
  const at = now();
  const chunks = [];
  let length = 0;
  for await (const chunk of request) {
    length += chunk.length;
    // Read to its end all the same: a client that is still sending would not see the answer.
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  const isTooLong = length > MAX_BODY_BYTES;
  const { method = 'GET', url: target = '/', rawHeaders } = request;
  const headers = joined(rawHeaders);
  return {
    at,
    method,
    target,
    url: urlOf(target, origin),
    headers,
    countOf: (name) =>
      rawHeaders.filter((text, index) => index % 2 === 0 && text.toLowerCase() === name).length,
    body: isTooLong ? '' : Buffer.concat(chunks).toString('utf8'),
    isTooLong,
  };
}

/**
 * Never with another host than the server's own: `//host/` is a path here.
 *
 * @param {string} target
 * @param {string} origin
 */
function urlOf(target, origin) {
  if (target.startsWith('/') && URL.canParse(origin + target)) return new URL(origin + target);
  // The absolute form, as proxies get it (RFC 9112 §3.2.2), or `*`.
  if (!URL.canParse(target)) return new URL('/', origin);
  const { pathname, search } = new URL(target);
  return new URL(pathname + search, origin);
}

/** @param {string[]} rawHeaders names and values in turn */
function joined(rawHeaders) {
  /** @type {Record<string, string>} */
  const headers = {};
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index].toLowerCase();
    const value = rawHeaders[index + 1];
    headers[name] = Object.hasOwn(headers, name) ? `${headers[name]}, ${value}` : value;
  }
  return Object.freeze(headers);
}

module.exports = { readExchange };
