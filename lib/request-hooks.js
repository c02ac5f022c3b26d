'use strict';

const {
  deleteAuthorization,
  getAuthorization,
  headersOf,
  setAuthorization,
  urlOf,
} = require('./authorization-header.js');
const { readRequest } = require('./authorization-request.js');
const { invalidConfig } = require('./client-auth-error.js');
const { answeredElsewhere, originOf } = require('./token-origins.js');

/**
 * @typedef {import('../index.js').RequestLike} RequestLike
 * @typedef {import('./authorized-fetch.js').Authorization} Authorization
 */

/** What is done about a request that somebody else sends: the two HAPI-style hooks, and the header for a URL. */
class RequestHooks {
  #authorization;
  /**
   * What was put into which headers, so that it can be taken out again when they are used for another origin.
   *
   * @type {WeakMap<object, string>}
   */
  #attached = new WeakMap();

  /** @param {Authorization} authorization */
  constructor(authorization) {
    this.#authorization = authorization;
  }

  /**
   * @template {RequestLike} R
   * @param {R} request
   * @param {Readonly<import('./authorization-request.js').AskedFor>} options
   * @returns {Promise<R>}
   */
  async authorize(request, options) {
    const headers = headersOf(request);
    const { header, origins } = this.#authorization;
    const url = urlOf(request);
    // Without a URL, as with bare Headers, and without anything to compare with, the caller answers for where
    // the request goes.
    const origin = url === null ? null : origins.destinationOf(url, options.fhirBaseUrl);
    if (origin !== null && origins.areKnown(options.fhirBaseUrl)) {
      if (!origins.include(origin, options.fhirBaseUrl)) {
        origins.reportWithheld(origin);
        if (this.#attached.get(headers) === getAuthorization(request)) deleteAuthorization(request);
        return request;
      }
    }
    const authorization = await header(options);
    const authorized = setAuthorization(request, authorization);
    this.#attached.set(headersOf(authorized), authorization);
    return authorized;
  }

  /**
   * @param {string | URL} url
   * @param {import('../index.js').AuthorizationRequest} [request]
   * @returns {Promise<string | null>} null: the token is not for there
   */
  async headerFor(url, request) {
    const { header, origins, requireOpen } = this.#authorization;
    const asked = readRequest(request);
    requireOpen();
    const { fhirBaseUrl } = asked;
    origins.requireKnown('getAuthorizationHeaderFor', fhirBaseUrl);
    const origin = originOf(String(url));
    if (origin === null) return null;
    if (origins.include(origin, fhirBaseUrl)) return header(asked);
    origins.reportWithheld(origin);
    return null;
  }

  /**
   * @param {RequestLike} request
   * @param {{ status: number, url?: unknown }} response
   */
  feedBack(request, response) {
    const authorization = getAuthorization(request);
    if (typeof response !== 'object' || response === null || typeof response.status !== 'number') {
      throw invalidConfig('response: expected an object with a numeric status');
    }
    if (response.status !== 401 || authorization === null) return false;
    const origin = originOf(urlOf(request) ?? '');
    if (origin !== null && answeredElsewhere(response, origin)) return false;
    return this.#authorization.invalidate(authorization);
  }
}

module.exports = { RequestHooks };
