'use strict';

const { CLOSED, captureCaller, fromNative } = require('./client-auth-error.js');
const { publishNativeWarnings } = require('./warnings.js');

/**
 * @typedef {import('./native.js').Interceptor} NativeInterceptor
 * @typedef {import('./native.js').NativeToken} NativeToken
 * @typedef {import('./outcome.js').Outcome<NativeToken>} TokenOutcome
 *
 * @typedef {object} Waiter
 * @property {(token: NativeToken) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {import('./client-auth-error.js').CallerStack} caller
 */

/** The acquisitions under way, one a server: callers that come meanwhile wait for the same one. */
class PendingTokens {
  /** @type {Map<string | null, PendingToken>} */
  #byServer = new Map();
  #native;
  #hooks;
  #tickets = 0;
  #closed = false;

  /**
   * @param {NativeInterceptor} native
   * @param {InstanceType<typeof import('./pre-token-hooks.js').PreTokenHooks>} hooks
   */
  constructor(native, hooks) {
    this.#native = native;
    this.#hooks = hooks;
  }

  /**
   * @param {string | null} fhirBaseUrl
   * @param {AbortSignal | null} signal not aborted yet; ends this caller's wait alone
   * @param {Function} publicFunction whose caller an error points at
   * @returns {Promise<NativeToken>}
   */
  wait(fhirBaseUrl, signal, publicFunction) {
    const caller = captureCaller(publicFunction);
    const pending = this.#byServer.get(fhirBaseUrl) ?? this.#start(fhirBaseUrl);
    return pending.join(signal, caller);
  }

  /**
   * Later callers start anew; those who wait keep waiting. A token was dropped, and what is under way may be
   * about to deliver that very token.
   */
  detachAll() {
    this.#byServer.clear();
  }

  /** Whatever still comes in is no answer any more: not a token, nor what a hook throws when told to stop. */
  close() {
    this.#closed = true;
  }

  /** @param {string | null} fhirBaseUrl */
  #start(fhirBaseUrl) {
    const ticket = ++this.#tickets;
    const lent = this.#hooks.lend();
    const acquisition = this.#native.acquire(ticket, fhirBaseUrl, lent === null ? null : lent.call);
    const forget = () => {
      if (this.#byServer.get(fhirBaseUrl) === pending) this.#byServer.delete(fhirBaseUrl);
    };
    const pending = new PendingToken(() => {
      forget();
      this.#native.abandon(ticket);
    });
    this.#byServer.set(fhirBaseUrl, pending);
    acquisition.then(
      (outcome) => {
        forget();
        publishNativeWarnings(this.#native);
        pending.settle(this.#closed ? { error: CLOSED } : outcome, lent?.thrown);
      },
      (defect) => {
        forget();
        pending.fail(defect);
      },
    );
    return pending;
  }
}

class PendingToken {
  /**
   * By signal, with one listener each: a signal shared by many calls would otherwise draw Node's warning
   * about too many listeners.
   *
   * @type {Map<AbortSignal | null, { waiters: Waiter[], onAbort: () => void }>}
   */
  #groups = new Map();
  #abandon;

  /** @param {() => void} abandon called when the last waiter has left */
  constructor(abandon) {
    this.#abandon = abandon;
  }

  /**
   * @param {AbortSignal | null} signal
   * @param {import('./client-auth-error.js').CallerStack} caller
   * @returns {Promise<NativeToken>}
   */
  join(signal, caller) {
    return new Promise((resolve, reject) => {
      const waiter = { resolve, reject, caller };
      const group = this.#groups.get(signal);
      if (group !== undefined) {
        group.waiters.push(waiter);
        return;
      }
      const onAbort = () => this.#leave(/** @type {AbortSignal} */ (signal));
      this.#groups.set(signal, { waiters: [waiter], onAbort });
      signal?.addEventListener('abort', onAbort, { once: true });
    });
  }

  /**
   * @param {TokenOutcome} outcome
   * @param {{ value: unknown } | undefined} thrown by a hook
   */
  settle(outcome, thrown) {
    const { error } = outcome;
    if (error === undefined) {
      for (const { resolve } of this.#dismiss()) resolve(outcome.value);
      return;
    }
    const cause = error.code === 'ERR_PRE_TOKEN_HOOK' ? thrown : undefined;
    // An error for each caller, with the stack of its own call.
    for (const { reject, caller } of this.#dismiss()) reject(fromNative(error, caller, cause));
  }

  /** @param {unknown} defect */
  fail(defect) {
    for (const { reject } of this.#dismiss()) reject(defect);
  }

  /** @param {AbortSignal} signal */
  #leave(signal) {
    const group = this.#groups.get(signal);
    if (group === undefined) return;
    this.#groups.delete(signal);
    if (this.#groups.size === 0) this.#abandon();
    for (const { reject } of group.waiters) reject(signal.reason);
  }

  #dismiss() {
    const waiters = [];
    for (const [signal, group] of this.#groups) {
      signal?.removeEventListener('abort', group.onAbort);
      waiters.push(...group.waiters);
    }
    this.#groups.clear();
    return waiters;
  }
}

module.exports = { PendingTokens };
