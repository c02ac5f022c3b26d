'use strict';

const { inspect } = require('node:util');
const { AccessToken } = require('./access-token.js');
const { createAuthorizedFetch } = require('./authorized-fetch.js');
const { CLOSED, captureCaller, fromNative, invalidConfig } = require('./client-auth-error.js');
const { ClientAuthParams, settingsOf } = require('./client-auth-params.js');
const { createInterceptor } = require('./native.js');
const { unwrap } = require('./outcome.js');
const { PendingTokens } = require('./pending-tokens.js');
const { PreTokenHooks } = require('./pre-token-hooks.js');
const { RequestHooks } = require('./request-hooks.js');
const { TokenOrigins } = require('./token-origins.js');
const { publishNativeWarnings } = require('./warnings.js');

/**
 * @typedef {import('../index.js').AuthorizationRequest} AuthorizationRequest
 * @typedef {import('../index.js').ClientAuthErrorCode} ClientAuthErrorCode
 * @typedef {import('../index.js').ClientInterceptor} ClientInterceptor
 * @typedef {import('../index.js').PublicJwks} PublicJwks
 * @typedef {import('../index.js').RequestLike} RequestLike
 * @typedef {import('../index.js').ClientAuthParams | import('../index.js').ClientAuthOptions} Params
 */

const CONSTRUCTION_KEY = Symbol('ClientAuthInterceptor');

class ClientAuthInterceptor {
  #native;
  #tokenHooks;
  #requestHooks;
  #pending;
  #closed = false;
  /**
   * The current header's promise, handed out again for as long as the native side names the same header: a
   * call with a live token allocates nothing.
   *
   * @type {{ header: string | null, promise: Promise<string> | null }}
   */
  #current = { header: null, promise: null };

  /**
   * @param {symbol} [key]
   * @param {import('./native.js').Interceptor} [native]
   */
  constructor(key, native) {
    if (key !== CONSTRUCTION_KEY || native === undefined) {
      throw new TypeError('Illegal constructor: use ClientAuthInterceptorFactory.create(params)');
    }
    this.#native = native;
    this.#tokenHooks = new PreTokenHooks(native.hookTimeoutMs);
    this.#pending = new PendingTokens(native, this.#tokenHooks);
    const authorization = {
      header: (/** @type {AuthorizationRequest} */ request) => this.getAuthorizationHeader(request),
      invalidate: (/** @type {string} */ header) => this.invalidate(header),
      origins: new TokenOrigins(native),
    };
    this.#requestHooks = new RequestHooks(authorization);
    this.fetch = createAuthorizedFetch({ ...authorization, requireOpen: () => this.#requireOpen() });
    // An own property, because it is bound; not enumerable, because it is a method to whoever looks at it.
    Object.defineProperty(this, 'fetch', { enumerable: false, writable: false });
  }

  /** @param {Params} params */
  static fromState(params) {
    return ClientAuthInterceptorFactory.create(params);
  }

  /**
   * @param {AuthorizationRequest} [request]
   * @returns {Promise<string>}
   */
  getAuthorizationHeader(request) {
    let fhirBaseUrl = null;
    let signal = null;
    if (request !== undefined) {
      const problem = problemOf(request);
      if (problem !== null)
        return Promise.reject(invalidConfig(problem, captureCaller(this.getAuthorizationHeader)));
      fhirBaseUrl = request.fhirBaseUrl ?? null;
      signal = request.signal ?? null;
      if (signal?.aborted) return Promise.reject(signal.reason);
    }
    const header = this.#native.cachedHeader(fhirBaseUrl);
    if (header === null) {
      return this.#pending.wait(fhirBaseUrl, signal, this.getAuthorizationHeader).then(headerOf);
    }
    const current = this.#current;
    if (header === current.header && current.promise !== null) return current.promise;
    const promise = Promise.resolve(header);
    this.#current = { header, promise };
    return promise;
  }

  /**
   * @param {AuthorizationRequest} [request]
   * @returns {Promise<InstanceType<typeof AccessToken>>}
   */
  async getAccessToken(request = {}) {
    const problem = problemOf(request);
    if (problem !== null) throw invalidConfig(problem, captureCaller(this.getAccessToken));
    const { fhirBaseUrl = null, signal } = request;
    signal?.throwIfAborted();
    return new AccessToken(
      this.#native.cachedToken(fhirBaseUrl) ??
        (await this.#pending.wait(fhirBaseUrl, signal ?? null, this.getAccessToken)),
    );
  }

  /** @param {ClientInterceptor} hooks */
  registerInterceptor(hooks) {
    this.#requireOpen();
    this.#tokenHooks.add(hooks);
    return this;
  }

  /** @param {ClientInterceptor} hooks */
  unregisterInterceptor(hooks) {
    return this.#tokenHooks.remove(hooks);
  }

  /**
   * @template {RequestLike} R
   * @param {R} request
   * @param {AuthorizationRequest} [options]
   * @returns {Promise<R>}
   */
  async interceptRequest(request, options = {}) {
    const problem = problemOf(options);
    if (problem !== null) throw invalidConfig(problem, captureCaller(this.interceptRequest));
    this.#requireOpen();
    return this.#requestHooks.authorize(request, options);
  }

  /**
   * @param {RequestLike} request
   * @param {{ status: number }} response
   */
  interceptResponse(request, response) {
    return this.#requestHooks.feedBack(request, response);
  }

  /**
   * @param {string} [header]
   * @param {AuthorizationRequest} [request]
   */
  invalidate(header, request = {}) {
    const problem =
      header !== undefined && typeof header !== 'string' ? 'header: expected a string' : problemOf(request);
    if (problem !== null) throw invalidConfig(problem, captureCaller(this.invalidate));
    const dropped = this.#native.invalidate(header ?? null, request.fhirBaseUrl ?? null);
    // Without a header everything is given up, also what is only on its way.
    if (dropped || header === undefined) {
      this.#forgetCurrent();
      this.#pending.detachAll();
    }
    return dropped;
  }

  /** @returns {PublicJwks} */
  publicJwks() {
    return JSON.parse(unwrap(this.#native.publicJwks(), this.publicJwks));
  }

  stats() {
    const { lastErrorCode, expiresAtMs, renewsAtMs, ...counts } = this.#native.stats();
    return {
      ...counts,
      lastErrorCode: /** @type {ClientAuthErrorCode | null} */ (lastErrorCode),
      expiresAt: expiresAtMs === null ? null : new Date(expiresAtMs),
      renewsAt: renewsAtMs === null ? null : new Date(renewsAtMs),
    };
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#pending.close();
    this.#native.close();
    this.#tokenHooks.close();
    this.#forgetCurrent();
  }

  /** Node before 20.4 lacks the symbol: there this is a method named 'undefined', which nobody calls. */
  [Symbol.dispose]() {
    this.close();
  }

  /**
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    const { clientId, fhirBaseUrl } = this.#native;
    return `ClientAuthInterceptor ${inspect({ clientId, fhirBaseUrl, closed: this.#closed }, options)}`;
  }

  #requireOpen() {
    if (this.#closed) throw fromNative(CLOSED);
  }

  #forgetCurrent() {
    this.#current = { header: null, promise: null };
  }
}

// biome-ignore lint/complexity/noStaticOnlyClass: Smile CDR's scripts know it as a class.
class ClientAuthInterceptorFactory {
  /** @param {Params} params */
  static create(params) {
    const { create } = ClientAuthInterceptorFactory;
    if (typeof params !== 'object' || params === null) {
      throw invalidConfig('params: expected ClientAuthParams or an object of options', captureCaller(create));
    }
    const native = unwrap(createInterceptor(draftOf(params)), create);
    publishNativeWarnings(native);
    return new ClientAuthInterceptor(CONSTRUCTION_KEY, native);
  }
}

/** @param {Params} params */
function draftOf(params) {
  const draft = settingsOf(params);
  if (draft !== null) return draft;
  if ('withClientSecret' in params) {
    // Its settings are out of reach; read as plain options they would seem to be missing.
    throw invalidConfig(
      'params: these ClientAuthParams are of another copy of @org/smart-m2m; load the package once (npm ls @org/smart-m2m)',
      captureCaller(ClientAuthInterceptorFactory.create),
    );
  }
  return draftOf(ClientAuthParams.from(/** @type {import('../index.js').ClientAuthOptions} */ (params)));
}

/** @param {import('./native.js').NativeToken} token */
function headerOf({ header }) {
  return header;
}

/**
 * What is wrong with the argument, or null. Members that are not known are left alone: callers pass on
 * objects that carry more.
 *
 * @param {unknown} request
 * @returns {string | null}
 */
function problemOf(request) {
  if (typeof request !== 'object' || request === null) return 'request: expected an object';
  const { fhirBaseUrl, signal } = /** @type {Record<string, unknown>} */ (request);
  if (fhirBaseUrl !== undefined && typeof fhirBaseUrl !== 'string') return 'fhirBaseUrl: expected a string';
  // By its members: an AbortSignal of another realm is one too. Null is what fetch takes for none.
  if (signal !== undefined && signal !== null) {
    if (typeof signal !== 'object' || !('aborted' in signal) || !('addEventListener' in signal)) {
      return 'signal: expected an AbortSignal';
    }
  }
  return null;
}

module.exports = { ClientAuthInterceptor, ClientAuthInterceptorFactory };
