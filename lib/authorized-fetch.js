'use strict';

const { invalidConfig } = require('./client-auth-error.js');
const { givenMember } = require('./given-member.js');
const { isReplayable } = require('./replayable-body.js');
const { answeredElsewhere, originOf } = require('./token-origins.js');

/**
 * @typedef {import('../index.js').ClientAuthInterceptor['fetch']} AuthorizedFetch
 * @typedef {NonNullable<Parameters<AuthorizedFetch>[1]>} Init
 *
 * @typedef {object} Authorization
 * @property {(request: Readonly<import('./authorization-request.js').AskedFor>) => Promise<string>} header
 * @property {(header: string) => boolean} invalidate drops that token if it is still the current one
 * @property {InstanceType<typeof import('./token-origins.js').TokenOrigins>} origins
 * @property {() => void} requireOpen
 */

/** Members that fetch reads, inherited ones too: a Request may stand where an init is expected. */
const INIT_MEMBERS = [
  'method',
  'headers',
  'body',
  'duplex',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'signal',
  'fhirBaseUrl',
];

/**
 * What was sent for a response, so that whoever quotes the server can leave it out.
 *
 * @type {WeakMap<Response, string>}
 */
const sent = new WeakMap();

/**
 * @param {Authorization} authorization
 * @returns {AuthorizedFetch}
 */
function createAuthorizedFetch({ header, invalidate, origins, requireOpen }) {
  return async function fetch(input, init) {
    requireOpen();
    const { fhirBaseUrl, rest } = initOf(init);
    origins.requireKnown('fetch', fhirBaseUrl);
    const request = isRequest(input) ? input : null;
    // Made a string once, so that what is checked is what is sent.
    const target = request ?? String(input);
    const origin = originOf(request === null ? /** @type {string} */ (target) : request.url);
    if (origin === null || !origins.include(origin, fhirBaseUrl)) {
      if (origin !== null) origins.reportWithheld(origin);
      return globalThis.fetch(target, init && rest);
    }

    const signal = (rest.signal === undefined ? request?.signal : rest.signal) ?? undefined;
    /** @param {string} value */
    const send = async (value) => {
      const headers = new Headers(rest.headers ?? request?.headers);
      headers.set('authorization', value);
      const answer = await globalThis.fetch(target, Object.assign(emptyInit(), rest, { headers }));
      sent.set(answer, value);
      return answer;
    };

    const refused = await header({ fhirBaseUrl, signal });
    const response = await send(refused);
    if (response.status !== 401 || answeredElsewhere(response, origin)) return response;
    invalidate(refused);
    // A Request's own body is a stream, whatever it was made from.
    if (rest.body == null ? (request?.body ?? null) !== null : !isReplayable(rest.body)) return response;

    // Without a token there is nothing better to return than the reason: the 401 would hide it.
    const renewed = await header({ fhirBaseUrl, signal }).catch(async (error) => {
      await discard(response);
      throw error;
    });
    if (renewed === refused) return response;
    await discard(response);
    // Whatever this one answers stands. A second 401 is not fed back: some servers mask a 403 as 401, and
    // each of their answers would cost another token request (RFC 6750 §3.1).
    return send(renewed);
  };
}

/**
 * A copy without fhirBaseUrl, to put headers into. It inherits nothing: what every object has is nobody's wish.
 *
 * @param {Init | null | undefined} init
 * @returns {{ fhirBaseUrl: string | undefined, rest: RequestInit }}
 */
function initOf(init) {
  if (init === undefined || init === null) return { fhirBaseUrl: undefined, rest: emptyInit() };
  if (typeof init !== 'object') throw invalidConfig('fetch: init: expected an object');
  const copy = /** @type {Record<string, unknown>} */ (Object.assign(emptyInit(), init));
  for (const name of INIT_MEMBERS) {
    // Own members only are copied, and a Request has none.
    if (name in copy) continue;
    const value = givenMember(init, name);
    if (value !== undefined) copy[name] = value;
  }
  const { fhirBaseUrl } = copy;
  if (fhirBaseUrl !== undefined && typeof fhirBaseUrl !== 'string') {
    throw invalidConfig('fetch: init.fhirBaseUrl: expected a string');
  }
  delete copy.fhirBaseUrl;
  return { fhirBaseUrl, rest: copy };
}

/** @returns {RequestInit} */
function emptyInit() {
  return Object.create(null);
}

/**
 * By its members: the class of another fetch implementation is not the global one.
 *
 * @param {unknown} value
 * @returns {value is Request}
 */
function isRequest(value) {
  if (typeof value !== 'object' || value === null || !('url' in value) || !('headers' in value)) return false;
  return typeof value.url === 'string' && typeof value.headers === 'object' && 'clone' in value;
}

/** @param {Response} response */
async function discard(response) {
  try {
    await response.body?.cancel();
  } catch {
    // Someone else reads it, or the connection broke: nothing is left to free.
  }
}

/**
 * @param {Response} response
 * @returns {string | null} the header that went with its request; null: none
 */
function authorizationOf(response) {
  return sent.get(response) ?? null;
}

module.exports = { authorizationOf, createAuthorizedFetch };
