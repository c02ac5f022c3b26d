'use strict';

const { AsyncResource } = require('node:async_hooks');
const { whenAborted } = require('./abort-listeners.js');
const { CLOSED, failureOf, fromNative } = require('./client-auth-error.js');
const { hold, release, thrownBy } = require('./environment.js');
const { givenMember } = require('./given-member.js');
const { wallClock } = require('./kept-header.js');

/**
 * @typedef {import('./native.js').NativeToken} NativeToken
 * @typedef {import('./client-auth-error.js').Outcome<NativeToken>} TokenOutcome
 * @typedef {import('./client-auth-error.js').CallerStack} CallerStack
 *
 * @typedef {object} Waiter
 * @property {boolean} wantsHeader nothing but that
 * @property {(answer: any) => void} resolve with the header, or with the token
 * @property {(reason: unknown) => void} reject
 * @property {CallerStack} caller
 *
 * @typedef {import('../index.js').ClientAuthInterceptor} ClientAuthInterceptor
 *
 * @typedef {object} Access to what an interceptor keeps to itself; one for all, as there can be many acquisitions
 * @property {(owner: any, pending: PendingToken) => void} request asks the core for a token
 * @property {(owner: any, context: import('./native.js').NativePreTokenContext) => unknown} askHooks
 * @property {(owner: any) => boolean} isClosed
 * @property {(owner: any, pending: PendingToken) => void} forget no further caller is to join it
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
  /** @type {Waiter[]} of callers without a signal */
  #waiters = [];
  /**
   * The others by signal.
   *
   * @type {Map<AbortSignal, { waiters: Waiter[], stopListening: () => void }> | null}
   */
  #groups = null;
  #owner;
  #access;
  #deadTokens = 0;
  /** @type {AsyncResource | null} */
  #callersContext = null;

  /**
   * @param {object} owner the interceptor
   * @param {Access} access
   * @param {string | null} fhirBaseUrl
   * @param {boolean} isRenewal of a token that lives: nobody waits
   */
  constructor(owner, access, fhirBaseUrl, isRenewal) {
    this.#owner = owner;
    this.#access = access;
    /** @readonly */
    this.fhirBaseUrl = fhirBaseUrl;
    /** @readonly */
    this.isRenewal = isRenewal;
    access.request(owner, this);
  }

  /**
   * @param {AbortSignal | null} signal not aborted yet; ends this caller's wait alone
   * @param {CallerStack} caller whom an error points at
   * @param {boolean} wantsHeader
   * @returns {Promise<any>} the header, or the token
   */
  join(signal, caller, wantsHeader) {
    return new Promise((resolve, reject) => {
      const waiter = { wantsHeader, resolve, reject, caller };
      if (!this.#isWaitedFor()) hold();
      if (signal === null) this.#waiters.push(waiter);
      else this.#joinGroup(signal, waiter);
    });
  }

  /**
   * Hooks are asked in the asynchronous context of the call that they are asked for. A letter comes in that of whoever
   * loaded this package, where an AsyncLocalStorage may hold another request.
   */
  keepCallersContext() {
    this.#callersContext ??= new AsyncResource('ClientAuthInterceptor');
  }

  /** @param {import('./native.js').NativePreTokenContext} context */
  async askHooks(context) {
    const ask = () => this.#access.askHooks(this.#owner, context);
    return this.#callersContext === null ? ask() : this.#callersContext.runInAsyncScope(ask);
  }

  /** @param {TokenOutcome} outcome */
  settle(outcome) {
    // Whatever still comes in is no answer any more: not a token, nor what a hook throws when told to stop.
    let error = this.#access.isClosed(this.#owner) ? CLOSED : failureOf(outcome);
    const value = error === undefined ? outcome.value : undefined;
    if (value !== undefined && hasDied(value) && this.#isWaitedFor()) {
      this.#deadTokens += 1;
      if (this.#deadTokens < MAX_DEAD_TOKENS) {
        this.#access.request(this.#owner, this);
        return;
      }
      error = DIED_ON_THE_WAY;
    }
    this.#access.forget(this.#owner, this);
    const waiters = this.#dismiss();
    if (error === undefined) {
      const token = /** @type {NativeToken} */ (value);
      for (const { wantsHeader, resolve } of waiters) resolve(wantsHeader ? token.header : token);
      return;
    }
    const cause = thrownBy(givenMember(error, 'failedCall'));
    // An error for each caller, with the stack of its own call.
    for (const { reject, caller } of waiters) reject(fromNative(error, caller, cause));
  }

  #isWaitedFor() {
    return this.#waiters.length > 0 || (this.#groups !== null && this.#groups.size > 0);
  }

  /**
   * @param {AbortSignal} signal
   * @param {Waiter} waiter
   */
  #joinGroup(signal, waiter) {
    this.#groups ??= new Map();
    const joined = this.#groups.get(signal);
    if (joined !== undefined) {
      joined.waiters.push(waiter);
      return;
    }
    const onAbort = () => this.#leave(signal, () => signal.reason);
    const group = { waiters: [waiter], stopListening() {} };
    this.#groups.set(signal, group);
    try {
      group.stopListening = whenAborted(signal, onAbort);
      // Since it was looked at: an aborted signal says nothing again.
      if (signal.aborted) onAbort();
    } catch (error) {
      this.#leave(signal, () => error);
    }
  }

  /**
   * @param {AbortSignal} signal
   * @param {() => unknown} reason
   */
  #leave(signal, reason) {
    const group = this.#groups?.get(signal);
    if (group === undefined) return;
    this.#groups?.delete(signal);
    group.stopListening();
    // The request goes on, and whoever comes next joins it: callers that give up one after the other would otherwise
    // have one each under way, as long as the server is silent.
    if (!this.#isWaitedFor()) release();
    let why;
    try {
      why = reason();
    } catch (error) {
      // The getter's, of a signal that is none.
      why = error;
    }
    for (const { reject } of group.waiters) reject(why);
  }

  #dismiss() {
    if (!this.#isWaitedFor()) return [];
    const waiters = this.#waiters;
    const groups = this.#groups;
    this.#waiters = [];
    this.#groups = null;
    release();
    if (groups === null) return waiters;
    for (const { stopListening } of groups.values()) stopListening();
    return waiters.concat(...Array.from(groups.values(), (group) => group.waiters));
  }
}

/**
 * While the letter lay here, or the whole process was frozen.
 *
 * @param {NativeToken} token
 */
function hasDied({ diesAtMs }) {
  return diesAtMs !== null && wallClock() >= diesAtMs;
}

module.exports = { PendingToken };
