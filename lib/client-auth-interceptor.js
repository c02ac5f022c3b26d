'use strict';

const { inspect } = require('node:util');
const { readRequest } = require('./authorization-request.js');
const { CLOSED, captureCaller, fromNative, invalidConfig, unwrap } = require('./client-auth-error.js');
const { draftOf, settingsOf } = require('./client-auth-params.js');
const { abandoned, environment, openTicket, publishWarnings, updateListening } = require('./environment.js');
const { NOTHING_KEPT, isCurrent, keep, keepForBase } = require('./kept-header.js');
// Not at the first token: where there is no file descriptor left, that would throw and not reject.
const { PendingToken } = require('./pending-token.js');

/**
 * @typedef {InstanceType<typeof import('./access-token.js').AccessToken>} AccessToken
 * @typedef {InstanceType<typeof import('./pending-token.js').PendingToken>} Acquisition
 *
 * @typedef {import('../index.js').AuthorizationRequest} AuthorizationRequest
 * @typedef {import('../index.js').ClientInterceptor} ClientInterceptor
 * @typedef {import('../index.js').PublicJwks} PublicJwks
 * @typedef {import('../index.js').RequestLike} RequestLike
 * @typedef {import('../index.js').ClientAuthParams | import('../index.js').ClientAuthOptions} Params
 */

const CONSTRUCTION_KEY = Symbol('ClientAuthInterceptor');

class ClientAuthInterceptor {
  /** Its number in the environment. */
  #number;
  #closed = false;
  /** @type {Readonly<import('./kept-header.js').KeptHeader>} of calls without a FHIR base */
  #kept = NOTHING_KEPT;
  /** @type {Map<string, import('./kept-header.js').KeptHeader> | null} */
  #keptByBase = null;
  /** Headers handed out without asking the core. */
  #hits = 0;
  /** @type {Acquisition | null} what further callers without a FHIR base can join */
  #pending = null;
  /** @type {Map<string, Acquisition> | null} and those with one */
  #pendingByBase = null;
  // What most interceptors never need is made when it is: there can be a hundred thousand of them.
  /** @type {InstanceType<typeof import('./pre-token-hooks.js').PreTokenHooks> | null} */
  #tokenHooks = null;
  /** @type {InstanceType<typeof import('./request-hooks.js').RequestHooks> | null} */
  #requestHooks = null;
  /** @type {InstanceType<typeof import('./token-origins.js').TokenOrigins> | null} */
  #origins = null;

  /** @type {import('./pending-token.js').Access} */
  static #access = {
    request(/** @type {ClientAuthInterceptor} */ owner, pending) {
      const ticket = openTicket(pending);
      const { fhirBaseUrl } = pending;
      const hooked = owner.#isHooked();
      if (hooked) pending.keepCallersContext();
      if (pending.isRenewal) environment.renew(owner.#number, ticket, fhirBaseUrl, hooked);
      else environment.acquire(owner.#number, ticket, fhirBaseUrl, hooked);
    },
    askHooks: (/** @type {ClientAuthInterceptor} */ owner, context) => owner.#tokenHooks?.ask(context),
    isClosed: (/** @type {ClientAuthInterceptor} */ owner) => owner.#closed,
    forget: (/** @type {ClientAuthInterceptor} */ owner, pending) => owner.#forgetPending(pending),
  };

  /**
   * @param {symbol} [key]
   * @param {number} [number]
   */
  constructor(key, number) {
    if (key !== CONSTRUCTION_KEY || number === undefined) {
      throw new TypeError('Illegal constructor: use ClientAuthInterceptorFactory.create(params)');
    }
    this.#number = number;
    abandoned.register(this, number);
  }

  /** @param {Params} params */
  static fromState(params) {
    return createInterceptor(params, ClientAuthInterceptor.fromState);
  }

  /**
   * @param {AuthorizationRequest} [request]
   * @returns {Promise<string>}
   */
  getAuthorizationHeader(request) {
    if (request === undefined) {
      const kept = this.#kept;
      if (isCurrent(kept)) {
        this.#hits += 1;
        return /** @type {Promise<string>} */ (kept.promise);
      }
      return this.#header(null, null);
    }
    let fhirBaseUrl;
    let signal;
    try {
      ({ fhirBaseUrl, signal } = readRequest(request, this.getAuthorizationHeader));
      if (signal?.aborted) throw signal.reason;
    } catch (error) {
      // Of a getter, too: whoever awaits a promise gets one.
      return Promise.reject(error);
    }
    const kept = fhirBaseUrl === undefined ? this.#kept : this.#keptByBase?.get(fhirBaseUrl);
    if (kept !== undefined && isCurrent(kept)) {
      this.#hits += 1;
      return /** @type {Promise<string>} */ (kept.promise);
    }
    return this.#header(fhirBaseUrl ?? null, signal ?? null);
  }

  /**
   * @param {string | URL} url
   * @param {AuthorizationRequest} [request]
   * @returns {Promise<string | null>}
   */
  getAuthorizationHeaderFor(url, request) {
    return this.#hooksOfRequests().headerFor(url, request);
  }

  /**
   * @param {AuthorizationRequest} [request]
   * @returns {Promise<AccessToken>}
   */
  async getAccessToken(request) {
    const { fhirBaseUrl = null, signal } = readRequest(request, this.getAccessToken);
    if (signal?.aborted) throw signal.reason;
    updateListening();
    const hooked = this.#isHooked();
    const cached = environment.cachedToken(this.#number, fhirBaseUrl, hooked);
    if (cached !== null) publishWarnings(this.#number);
    if (cached?.acquisitionWanted) this.#open(fhirBaseUrl, true);
    const token = cached ?? (await this.#wait(fhirBaseUrl, signal ?? null, this.getAccessToken, false));
    const { AccessToken } = require('./access-token.js');
    return new AccessToken(token);
  }

  /** @param {ClientInterceptor} hooks */
  registerInterceptor(hooks) {
    this.#requireOpen();
    if (this.#tokenHooks === null) {
      const { PreTokenHooks } = require('./pre-token-hooks.js');
      this.#tokenHooks = new PreTokenHooks(environment.hookTimeoutMs(this.#number));
    }
    this.#tokenHooks.add(hooks);
    // Kept without a hook, for longer than one that is asked before the next renewal may stay.
    this.#forgetKept();
    // What is on its way without it serves those who wait; nobody else is to join that.
    this.#forgetAllPending();
    return this;
  }

  /** @param {ClientInterceptor} hooks */
  unregisterInterceptor(hooks) {
    return this.#tokenHooks?.remove(hooks) ?? false;
  }

  /**
   * @template {RequestLike} R
   * @param {R} request
   * @param {AuthorizationRequest} [options]
   * @returns {Promise<R>}
   */
  async interceptRequest(request, options) {
    const asked = readRequest(options, this.interceptRequest);
    this.#requireOpen();
    return this.#hooksOfRequests().authorize(request, asked);
  }

  /**
   * @param {RequestLike} request
   * @param {{ status: number }} response
   */
  interceptResponse(request, response) {
    return this.#hooksOfRequests().feedBack(request, response);
  }

  /**
   * @param {string} [header]
   * @param {AuthorizationRequest} [request]
   */
  invalidate(header, request) {
    if (header !== undefined && typeof header !== 'string') {
      throw invalidConfig('header: expected a string', captureCaller(this.invalidate));
    }
    const { fhirBaseUrl = null } = readRequest(request, this.invalidate);
    const dropped = environment.invalidate(this.#number, header ?? null, fhirBaseUrl);
    // Without a header everything is given up, also what is only on its way.
    if (dropped || header === undefined) {
      this.#forgetKept();
      // Those who wait keep waiting; what they wait for may be about to deliver the very token that was dropped.
      this.#forgetAllPending();
    }
    return dropped;
  }

  /** Bound, so that it can be handed to a library as its fetch. */
  get fetch() {
    const { createAuthorizedFetch } = require('./authorized-fetch.js');
    const fetch = createAuthorizedFetch(this.#authorization());
    // Not enumerable, because it is a method to whoever looks at it.
    Object.defineProperty(this, 'fetch', { value: fetch, configurable: true });
    return fetch;
  }

  /** @param {AuthorizationRequest} [request] */
  diagnose(request) {
    return require('./diagnosis.js').diagnose(this.#number, request, this.diagnose);
  }

  /** @returns {PublicJwks} */
  publicJwks() {
    return JSON.parse(unwrap(environment.publicJwks(this.#number), this.publicJwks));
  }

  stats() {
    updateListening();
    return require('./interceptor-stats.js').statsOf(this.#number, this.#hits);
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    environment.close(this.#number);
    this.#tokenHooks?.close();
    this.#forgetKept();
    this.#forgetAllPending();
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
    // What a mocking library makes of the class is no interceptor, and is printed all the same.
    if (!(#number in this)) return 'ClientAuthInterceptor {}';
    const shown = {
      clientId: environment.clientId(this.#number),
      fhirBaseUrl: environment.fhirBaseUrl(this.#number),
      closed: this.#closed,
    };
    return `ClientAuthInterceptor ${inspect(shown, options)}`;
  }

  #requireOpen() {
    if (this.#closed) throw fromNative(CLOSED);
  }

  /**
   * The living header from the core, else one that is waited for.
   *
   * @param {string | null} fhirBaseUrl
   * @param {AbortSignal | null} signal
   * @returns {Promise<string>}
   */
  #header(fhirBaseUrl, signal) {
    updateListening();
    const hooked = this.#isHooked();
    const cached = environment.cachedHeader(this.#number, fhirBaseUrl, hooked);
    if (cached === null) {
      return this.#wait(fhirBaseUrl, signal, this.getAuthorizationHeader, true);
    }
    // Those of a renewal in the background have no other occasion.
    publishWarnings(this.#number);
    if (cached.acquisitionWanted) this.#open(fhirBaseUrl, true);
    const kept = keep(cached);
    // Whoever heard a warning may have closed it, and nothing is kept any more.
    if (this.#closed) return /** @type {Promise<string>} */ (kept.promise);
    if (fhirBaseUrl === null) this.#kept = kept;
    else this.#keptByBase = keepForBase(this.#keptByBase, fhirBaseUrl, kept);
    return /** @type {Promise<string>} */ (kept.promise);
  }

  /**
   * @param {string | null} fhirBaseUrl
   * @param {AbortSignal | null} signal not aborted yet; ends this caller's wait alone
   * @param {Function} publicFunction whose caller an error points at
   * @param {boolean} wantsHeader and not the whole token
   */
  #wait(fhirBaseUrl, signal, publicFunction, wantsHeader) {
    const caller = captureCaller(publicFunction);
    let pending = fhirBaseUrl === null ? this.#pending : this.#pendingByBase?.get(fhirBaseUrl);
    if (pending === undefined || pending === null) {
      pending = this.#open(fhirBaseUrl, false);
      if (fhirBaseUrl === null) {
        this.#pending = pending;
      } else {
        this.#pendingByBase ??= new Map();
        this.#pendingByBase.set(fhirBaseUrl, pending);
      }
    }
    return pending.join(signal, caller, wantsHeader);
  }

  /**
   * @param {string | null} fhirBaseUrl
   * @param {boolean} isRenewal
   */
  #open(fhirBaseUrl, isRenewal) {
    return new PendingToken(this, ClientAuthInterceptor.#access, fhirBaseUrl, isRenewal);
  }

  /** @param {Acquisition} pending */
  #forgetPending(pending) {
    publishWarnings(this.#number);
    if (pending === this.#pending) this.#pending = null;
    const { fhirBaseUrl } = pending;
    if (fhirBaseUrl === null || this.#pendingByBase?.get(fhirBaseUrl) !== pending) return;
    this.#pendingByBase.delete(fhirBaseUrl);
    if (this.#pendingByBase.size === 0) this.#pendingByBase = null;
  }

  #forgetAllPending() {
    this.#pending = null;
    this.#pendingByBase = null;
  }

  #isHooked() {
    return this.#tokenHooks !== null && !this.#tokenHooks.isEmpty;
  }

  #hooksOfRequests() {
    if (this.#requestHooks === null) {
      const { RequestHooks } = require('./request-hooks.js');
      this.#requestHooks = new RequestHooks(this.#authorization());
    }
    return this.#requestHooks;
  }

  #authorization() {
    if (this.#origins === null) {
      const { TokenOrigins } = require('./token-origins.js');
      this.#origins = new TokenOrigins({
        clientId: environment.clientId(this.#number),
        fhirBaseUrl: environment.fhirBaseUrl(this.#number),
        allowedOrigins: environment.allowedOrigins(this.#number),
      });
    }
    return {
      header: (/** @type {any} */ request) => this.getAuthorizationHeader(request),
      invalidate: (/** @type {string} */ header) => this.invalidate(header),
      origins: this.#origins,
      requireOpen: () => this.#requireOpen(),
    };
  }

  #forgetKept() {
    this.#kept = NOTHING_KEPT;
    this.#keptByBase = null;
  }
}

/**
 * @param {Params} params
 * @param {Function} publicFunction whose caller an error points at
 * @returns {ClientAuthInterceptor}
 */
function createInterceptor(params, publicFunction) {
  if (typeof params !== 'object' || params === null) {
    throw invalidConfig(
      'params: expected ClientAuthParams or an object of options',
      captureCaller(publicFunction),
    );
  }
  const given = settingsOf(params);
  const draft =
    given ?? draftOf(/** @type {import('../index.js').ClientAuthOptions} */ (params), publicFunction);
  const created = environment.createInterceptor(draft);
  if (given === null) draft.discard();
  const number = unwrap(created, publicFunction);
  publishWarnings(number);
  return new ClientAuthInterceptor(CONSTRUCTION_KEY, number);
}

module.exports = { ClientAuthInterceptor, createInterceptor };
