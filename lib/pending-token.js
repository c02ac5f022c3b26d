'use strict';

const { CLOSED, fromNative } = require('./client-auth-error.js');
const { hold, release, thrownBy } = require('./environment.js');

/**
 * @typedef {import('./native.js').NativeToken} NativeToken
 * @typedef {import('./client-auth-error.js').Outcome<NativeToken>} TokenOutcome
 * @typedef {import('./client-auth-error.js').CallerStack} CallerStack
 *
 * @typedef {object} Waiter
 * @property {(token: NativeToken) => void} resolve
 * @property {(reason: unknown) => void} reject
 * @property {CallerStack} caller
 *
 * @typedef {object} Owner the interceptor
 * @property {(context: import('./native.js').NativePreTokenContext) => Promise<unknown>} askHooks
 * @property {() => boolean} isClosed
 * @property {(pending: PendingToken) => void} request asks the core for a token
 * @property {(pending: PendingToken) => void} forget no further caller is to join it
 */

/** A thread that is blocked for longer than each of these tokens lives gets an error instead. */
const MAX_DEAD_TOKENS = 3;

/** @type {import('./client-auth-error.js').NativeError} */
const DIED_ON_THE_WAY = {
  code: 'ERR_TIMEOUT',
  message:
    'each token had ended before it could be handed out: this thread is blocked for longer than the tokens live',
  transient: true,
};

/** An acquisition under way, with the callers that wait for it. */
class PendingToken {
  /**
   * By signal, with one listener each: a signal shared by many calls would otherwise draw Node's warning
   * about too many listeners.
   *
   * @type {Map<AbortSignal | null, { waiters: Waiter[], onAbort: () => void }>}
   */
  #groups = new Map();
  #owner;
  #deadTokens = 0;

  /** @param {Owner} owner */
  constructor(owner) {
    this.#owner = owner;
    owner.request(this);
  }

  /**
   * @param {AbortSignal | null} signal not aborted yet; ends this caller's wait alone
   * @param {CallerStack} caller whom an error points at
   * @returns {Promise<NativeToken>}
   */
  join(signal, caller) {
    if (this.#groups.size === 0) hold();
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

  /** @param {import('./native.js').NativePreTokenContext} context */
  askHooks(context) {
    return this.#owner.askHooks(context);
  }

  /** @param {TokenOutcome} outcome */
  settle(outcome) {
    // Whatever still comes in is no answer any more: not a token, nor what a hook throws when told to stop.
    let { error, value } = this.#owner.isClosed() ? { error: CLOSED, value: undefined } : outcome;
    if (value !== undefined && hasDied(value) && this.#groups.size > 0) {
      this.#deadTokens += 1;
      if (this.#deadTokens < MAX_DEAD_TOKENS) {
        this.#owner.request(this);
        return;
      }
      error = DIED_ON_THE_WAY;
    }
    this.#owner.forget(this);
    const waiters = this.#dismiss();
    if (error === undefined) {
      for (const { resolve } of waiters) resolve(/** @type {NativeToken} */ (value));
      return;
    }
    const cause = thrownBy(error.hookCall);
    // An error for each caller, with the stack of its own call.
    for (const { reject, caller } of waiters) reject(fromNative(error, caller, cause));
  }

  /** @param {AbortSignal} signal */
  #leave(signal) {
    const group = this.#groups.get(signal);
    if (group === undefined) return;
    this.#groups.delete(signal);
    if (this.#groups.size === 0) {
      // The request goes on, and serves whoever comes next; nothing here waits for it.
      this.#owner.forget(this);
      release();
    }
    for (const { reject } of group.waiters) reject(signal.reason);
  }

  #dismiss() {
    if (this.#groups.size === 0) return [];
    const groups = [...this.#groups];
    this.#groups.clear();
    release();
    for (const [signal, { onAbort }] of groups) {
      try {
        signal?.removeEventListener('abort', onAbort);
      } catch {
        // Of a signal that is none: a listener that stays finds its group gone, and the others get their token.
      }
    }
    return groups.flatMap(([, { waiters }]) => waiters);
  }
}

/**
 * While the letter lay here, or the whole process was frozen.
 *
 * @param {NativeToken} token
 */
function hasDied({ diesAtMs }) {
  return diesAtMs !== null && Date.now() >= diesAtMs;
}

module.exports = { PendingToken };
