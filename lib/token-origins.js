'use strict';

const { invalidConfig } = require('./client-auth-error.js');
const { publishWarning } = require('./environment.js');

/** Signed download URLs can be on any number of hosts; past this many, further ones are not reported. */
const MAX_REPORTED_ORIGINS = 256;

/**
 * Where the token may go: the FHIR base's origin and the allowed origins. A server's answers can point
 * anywhere, and whoever receives a bearer token can use it (SMART Backend Services; RFC 6750 §5.2).
 */
class TokenOrigins {
  #clientId;
  #own;
  #allowed;
  /** @type {Set<string>} */
  #reported = new Set();

  /** @param {{ clientId: string, fhirBaseUrl: string | null, allowedOrigins: string[] }} interceptor */
  constructor({ clientId, fhirBaseUrl, allowedOrigins }) {
    this.#clientId = clientId;
    this.#own = fhirBaseUrl === null ? null : originOf(fhirBaseUrl);
    this.#allowed = new Set(allowedOrigins.map(originOf));
  }

  /**
   * False when there is nothing to compare an origin with.
   *
   * @param {string | undefined} fhirBaseUrl of the call
   */
  areKnown(fhirBaseUrl) {
    return fhirBaseUrl !== undefined || this.#own !== null || this.#allowed.size > 0;
  }

  /**
   * For callers that put the token on requests of any URL.
   *
   * @param {string} method
   * @param {string | undefined} fhirBaseUrl of the call
   */
  requireKnown(method, fhirBaseUrl) {
    if (this.areKnown(fhirBaseUrl)) return;
    throw invalidConfig(
      `${method}: where may the token go? Set fhirBaseUrl, in the params or in this call, or allowedOrigins`,
    );
  }

  /**
   * @param {string} origin
   * @param {string | undefined} fhirBaseUrl of the call; stands in for the params' own
   */
  include(origin, fhirBaseUrl) {
    return (
      origin === (fhirBaseUrl === undefined ? this.#own : baseOriginOf(fhirBaseUrl)) ||
      this.#allowed.has(origin)
    );
  }

  /**
   * Where a request goes whose URL may be relative to the FHIR base, as FHIR clients have it.
   *
   * @param {string} url
   * @param {string | undefined} fhirBaseUrl of the call
   * @returns {string | null} null: nobody here can know
   */
  destinationOf(url, fhirBaseUrl) {
    const base = fhirBaseUrl === undefined ? this.#own : baseOriginOf(fhirBaseUrl);
    if (!URL.canParse(url))
      return base === null || !URL.canParse(url, base) ? null : new URL(url, base).origin;
    const { protocol, host } = new URL(url);
    return originOf(url) ?? `${protocol}//${host}`;
  }

  /**
   * Once an origin.
   *
   * @param {string} origin
   */
  reportWithheld(origin) {
    if (this.#reported.has(origin) || this.#reported.size >= MAX_REPORTED_ORIGINS) return;
    this.#reported.add(origin);
    publishWarning({
      code: 'TOKEN_WITHHELD',
      message:
        `a request to ${origin} went without the token, which is for the FHIR server's origin only; ` +
        'add the origin to allowedOrigins if the token belongs there too',
      clientId: this.#clientId,
    });
  }
}

/**
 * @param {string} url
 * @returns {string | null} null: relative, malformed, or of a scheme that has no server
 */
function originOf(url) {
  if (!URL.canParse(url)) return null;
  const { protocol, origin } = new URL(url);
  // A blob: URL has the origin of whoever made it.
  return protocol === 'https:' || protocol === 'http:' ? origin : null;
}

/** @param {string} fhirBaseUrl */
function baseOriginOf(fhirBaseUrl) {
  const origin = originOf(fhirBaseUrl);
  if (origin === null) throw invalidConfig('fhirBaseUrl: expected an absolute http(s) URL');
  return origin;
}

/**
 * After a redirect to another origin fetch has dropped the header: that server refused no token.
 *
 * @param {{ url?: unknown }} response
 * @param {string} origin of the request
 */
function answeredElsewhere({ url }, origin) {
  // A response that a mock made may name no URL.
  return typeof url === 'string' && url !== '' && originOf(url) !== origin;
}

module.exports = { TokenOrigins, answeredElsewhere, originOf };
