'use strict';

const { createHash } = require('node:crypto');
const { captureCaller, invalidConfig, unwrap } = require('./client-auth-error.js');
const { addon } = require('./addon.js');
const { lookAtKeystore, publishWarning } = require('./environment.js');
const { givenMember } = require('./given-member.js');

/**
 * @typedef {import('node:http').IncomingMessage} IncomingMessage
 * @typedef {import('node:http').ServerResponse} ServerResponse
 *
 * @typedef {{ status: number, headers: Record<string, string>, body: string }} Answer
 */

/** Servers keep a key set for up to a day; a new key should be there well before it signs. */
const DEFAULT_MAX_AGE_SECONDS = 3600;
const LONGEST_MAX_AGE_SECONDS = 7 * 24 * 3600;

/**
 * Serves the public JWKS of a keystore: for `node:http`, Express and the like, or for a fetch `Request`.
 *
 * @param {string} name
 * @param {{ maxAgeSeconds?: number }} options
 * @param {Function} caller whose stack an error shows
 */
function createJwksHandler(name, options, caller) {
  const given = givenMember(options, 'maxAgeSeconds');
  const maxAgeSeconds = given === undefined ? DEFAULT_MAX_AGE_SECONDS : given;
  if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < 0 || maxAgeSeconds > LONGEST_MAX_AGE_SECONDS) {
    const message = `maxAgeSeconds: expected an integer from 0 to ${LONGEST_MAX_AGE_SECONDS}`;
    throw invalidConfig(message, captureCaller(caller));
  }
  // A name that is not there should not wait for the first request.
  unwrap(addon.keystorePublicJwks(name), caller);

  /**
   * @param {IncomingMessage | Request} request
   * @param {ServerResponse} [response]
   * @param {(error: unknown) => void} [next]
   */
  return async function serveJwks(request, response, next) {
    // Fetch frameworks pass a context of their own in its place.
    const node =
      typeof response?.writeHead === 'function' || typeof next === 'function' ? response : undefined;
    try {
      const answer = await answerTo(request, name, maxAgeSeconds, serveJwks);
      if (node === undefined) return toResponse(answer, request);
      node.writeHead(answer.status, answer.headers);
      node.end(request.method === 'HEAD' ? undefined : answer.body);
    } catch (error) {
      if (node === undefined) throw error;
      if (typeof next === 'function') return next(error);
      if (!node.headersSent) node.writeHead(500, { 'content-type': 'text/plain; charset=utf-8' });
      node.end('The key set is not available.');
    }
  };
}

/**
 * @param {IncomingMessage | Request} request
 * @param {string} name
 * @param {number} maxAgeSeconds
 * @param {Function} caller
 * @returns {Promise<Answer>}
 */
async function answerTo(request, name, maxAgeSeconds, caller) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, headers: { allow: 'GET, HEAD', 'content-length': '0' }, body: '' };
  }
  // A file that has changed is read first: the server that asks may do so once a day.
  const trouble = await lookAtKeystore(name, caller);
  // Without a client there is nobody else to tell it.
  if (trouble === null) told.delete(name);
  else warnOnce(name, trouble);
  const body = unwrap(addon.keystorePublicJwks(name), caller);
  const etag = `"${createHash('sha256').update(body).digest('base64url')}"`;
  const headers = { 'cache-control': `public, max-age=${maxAgeSeconds}`, etag };
  if (hasSame(request, etag)) return { status: 304, headers, body: '' };
  return {
    status: 200,
    headers: {
      // RFC 7517 §8.5.2 has a type of its own, but some verifiers take this one only (SA-6).
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    },
    body,
  };
}

/**
 * The latest trouble of each keystore that is served.
 *
 * @type {Map<string, string>}
 */
const told = new Map();

/**
 * @param {string} name
 * @param {import('./native.js').NativeWarning} trouble
 */
function warnOnce(name, { code, message }) {
  if (told.get(name) === message) return;
  told.set(name, message);
  publishWarning({ code, message, clientId: null });
}

/**
 * RFC 9110 §13.1.2.
 *
 * @param {IncomingMessage | Request} request
 * @param {string} etag
 */
function hasSame(request, etag) {
  const headers = /** @type {any} */ (request.headers);
  // Any `Headers`, of another realm or library too.
  const condition =
    typeof headers?.get === 'function' ? headers.get('if-none-match') : headers?.['if-none-match'];
  const tags = [condition ?? []].flat().join(',').split(',');
  return tags.some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, '')));
}

/**
 * @param {Answer} answer
 * @param {IncomingMessage | Request} request
 */
function toResponse({ status, headers, body }, { method }) {
  return new Response(method === 'HEAD' || body === '' ? null : body, { status, headers });
}

module.exports = { createJwksHandler };
