'use strict';

const { ClientAuthError } = require('../client-auth-error.js');
const { givenMember } = require('../given-member.js');
const { isReplayable } = require('../replayable-body.js');
const { originOf } = require('../token-origins.js');
const { renewedHeader } = require('./renewed-header.js');

/**
 * @typedef {object} Exchange one request with its redirects and tries
 * @property {string | null} authorization as sent last; null where it was withheld
 * @property {string} url that it was meant for
 * @property {boolean} hasRenewed after a 401
 */

/** In got's context, which is kept over redirects and tries: an object that shows nothing. */
const KEY = Symbol('smart-m2m');

/** @type {typeof import('./got.js').authorizationHooks} */
function authorizationHooks(interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  /** @type {WeakMap<object, Exchange>} */
  const exchanges = new WeakMap();

  /** @param {any} options of the request */
  const exchangeOf = ({ context }) => exchanges.get(context?.[KEY]);

  /**
   * Asked for every hop of a redirect and for every try.
   *
   * @param {any} options
   */
  async function beforeRequest(options) {
    const { url, headers, hooks, signal } = options;
    const exchange = exchangeOf(options) ?? { authorization: null, url: '', hasRenewed: false };
    const authorization = await interceptor.getAuthorizationHeaderFor(url, { fhirBaseUrl, signal });
    // To another scheme of the same host some versions of got let the header through.
    if (headers.authorization === exchange.authorization) delete headers.authorization;
    if (authorization !== null) headers.authorization = authorization;
    exchange.authorization = authorization;
    exchange.url = String(url);
    // got is in the middle of this list, which is the request's own, and kept over redirects and tries.
    if (!hooks.beforeRequest.includes(lookWhereItGoes)) hooks.beforeRequest.push(lookWhereItGoes);
    options.context[KEY] ??= {};
    exchanges.set(options.context[KEY], exchange);
  }

  /**
   * Later hooks may change the URL; this one comes after them.
   *
   * @param {any} options
   */
  function lookWhereItGoes(options) {
    const exchange = exchangeOf(options);
    const { url, headers } = options;
    if (!exchange || originOf(String(url)) === originOf(exchange.url)) return;
    if (headers.authorization === exchange.authorization) delete headers.authorization;
    exchange.authorization = null;
  }

  /**
   * @param {any} response
   * @param {(options: object) => never} retry
   */
  async function afterResponse(response, retry) {
    const { options } = response.request;
    const exchange = exchangeOf(options);
    const refused = exchange?.authorization ?? null;
    if (response.statusCode !== 401 || refused === null || !exchange || exchange.hasRenewed) return response;
    exchange.hasRenewed = true;
    const { url, body, signal } = options;
    const sent = { url, refused, isReplayable: isReplayable(body) };
    const renewed = await renewedHeader(interceptor, sent, { fhirBaseUrl, signal });
    return renewed === null ? response : retry({});
  }

  /** @param {any} error */
  function beforeError(error) {
    if (error.cause instanceof ClientAuthError) return error.cause;
    // Of streams got shows no response to afterResponse.
    const exchange =
      error.options?.isStream && error.response?.statusCode === 401 && exchangeOf(error.options);
    if (exchange && exchange.authorization !== null) interceptor.invalidate(exchange.authorization);
    return error;
  }

  return {
    hooks: { beforeRequest: [beforeRequest], afterResponse: [afterResponse], beforeError: [beforeError] },
  };
}

module.exports = { authorizationHooks };
