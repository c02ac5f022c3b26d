'use strict';

/**
 * @typedef {import('../../index.js').ClientAuthInterceptor} ClientAuthInterceptor
 * @typedef {import('../../index.js').PreTokenContext} PreTokenContext
 * @typedef {import('./index.js').FhirClientInterceptor} FhirClientInterceptor
 * @typedef {import('./index.js').ClientRequest} ClientRequest
 * @typedef {import('./index.js').ClientResponse} ClientResponse
 */

/** HAPI's pointcuts that have a meaning here. */
const POINTCUTS = /** @type {const} */ ([
  'CLIENT_REQUEST',
  'CLIENT_RESPONSE',
  'CLIENT_AUTH_PRE_TOKEN_REQUEST',
]);

/** What is registered with one FHIR client: at most one ClientAuthInterceptor, and hooks in order. */
class Interceptors {
  #base;
  /** @type {ClientAuthInterceptor | null} */
  #authorization = null;
  /** @type {FhirClientInterceptor[]} */
  #hooks = [];
  /** @type {Map<FhirClientInterceptor, import('../../index.js').ClientInterceptor>} */
  #preTokenHooks = new Map();

  /** @param {string} base */
  constructor(base) {
    this.#base = base;
  }

  /** @param {ClientAuthInterceptor | FhirClientInterceptor} interceptor */
  add(interceptor) {
    if (isAuthorization(interceptor)) this.#authorizeBy(interceptor);
    else this.#addHooks(interceptor);
  }

  /** @param {ClientAuthInterceptor | FhirClientInterceptor} interceptor */
  remove(interceptor) {
    if (interceptor === this.#authorization) {
      for (const hook of this.#preTokenHooks.values()) this.#authorization.unregisterInterceptor(hook);
      this.#authorization = null;
      return true;
    }
    const index = this.#hooks.indexOf(/** @type {FhirClientInterceptor} */ (interceptor));
    if (index === -1) return false;
    const [hooks] = this.#hooks.splice(index, 1);
    const preTokenHook = this.#preTokenHooks.get(hooks);
    if (preTokenHook !== undefined) {
      this.#preTokenHooks.delete(hooks);
      this.#authorization?.unregisterInterceptor(preTokenHook);
    }
    return true;
  }

  get hasAuthorization() {
    return this.#authorization !== null;
  }

  /** @param {ClientRequest} request */
  async beforeRequest(request) {
    for (const hooks of [...this.#hooks]) await hooks.CLIENT_REQUEST?.(request);
  }

  /**
   * @param {ClientRequest} request
   * @param {ClientResponse} response
   */
  async afterResponse(request, response) {
    for (const hooks of [...this.#hooks]) await hooks.CLIENT_RESPONSE?.(request, response);
  }

  /**
   * The interceptor's fetch decides where the token goes and what becomes of a 401.
   *
   * @param {string} url
   * @param {RequestInit} init
   */
  fetch(url, init) {
    if (this.#authorization === null) return globalThis.fetch(url, init);
    return this.#authorization.fetch(url, { ...init, fhirBaseUrl: this.#base });
  }

  /** @param {ClientAuthInterceptor} interceptor */
  #authorizeBy(interceptor) {
    if (interceptor === this.#authorization) return;
    if (this.#authorization !== null) {
      throw new TypeError(
        'registerInterceptor: this client has a ClientAuthInterceptor already; unregisterInterceptor(it) makes room',
      );
    }
    this.#authorization = interceptor;
    for (const hook of this.#preTokenHooks.values()) interceptor.registerInterceptor(hook);
  }

  /** @param {FhirClientInterceptor} hooks */
  #addHooks(hooks) {
    const isObject = typeof hooks === 'object' && hooks !== null;
    if (!isObject || !POINTCUTS.some((name) => hooks[name] !== undefined)) {
      throw new TypeError(
        `registerInterceptor: expected a ClientAuthInterceptor, or an object with ${POINTCUTS.join(', ')}`,
      );
    }
    for (const name of POINTCUTS) {
      if (hooks[name] !== undefined && typeof hooks[name] !== 'function') {
        throw new TypeError(`registerInterceptor: ${name}: expected a function`);
      }
    }
    // Once is enough: as in HAPI, registering an object again changes nothing.
    if (this.#hooks.includes(hooks)) return;
    this.#hooks.push(hooks);
    if (hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST === undefined) return;
    const preTokenHook = this.#forThisServer(hooks);
    this.#preTokenHooks.set(hooks, preTokenHook);
    this.#authorization?.registerInterceptor(preTokenHook);
  }

  /**
   * A ClientAuthInterceptor can serve several clients: a token that is supplied for this one's server must not
   * go to another.
   *
   * @param {FhirClientInterceptor} hooks
   */
  #forThisServer(hooks) {
    return {
      CLIENT_AUTH_PRE_TOKEN_REQUEST: (/** @type {PreTokenContext} */ context) =>
        context.fhirBaseUrl?.replace(/\/+$/, '') === this.#base
          ? hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST?.(context)
          : null,
    };
  }
}

/**
 * By its members: one of another copy of the package is one too.
 *
 * @param {unknown} value
 * @returns {value is ClientAuthInterceptor}
 */
function isAuthorization(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { fetch, getAuthorizationHeader } = /** @type {Record<string, unknown>} */ (value);
  return typeof fetch === 'function' && typeof getAuthorizationHeader === 'function';
}

module.exports = { Interceptors };
