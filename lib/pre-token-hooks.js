'use strict';

const { CLOSED, fromNative, invalidConfig } = require('./client-auth-error.js');

/**
 * @typedef {import('../index.js').ClientInterceptor} ClientInterceptor
 * @typedef {import('../index.js').PreTokenContext} PreTokenContext
 * @typedef {import('../index.js').SuppliedToken} SuppliedToken
 */

/**
 * The registered hooks. The native side asks for them by letter and never holds one: a hook that closes over
 * its interceptor would keep both alive for ever.
 */
class PreTokenHooks {
  /** @type {ClientInterceptor[]} */
  #registered = [];
  /** @type {Set<AbortController>} */
  #running = new Set();
  #timeoutMs;

  /** @param {number} timeoutMs */
  constructor(timeoutMs) {
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Once is enough: as in HAPI, registering an object again changes nothing.
   *
   * @param {ClientInterceptor} hooks
   */
  add(hooks) {
    if (typeof hooks !== 'object' || hooks === null) throw invalidConfig('hooks: expected an object');
    const hook = hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST;
    if (hook !== undefined && typeof hook !== 'function') {
      throw invalidConfig('hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST: expected a function');
    }
    if (!this.#registered.includes(hooks)) this.#registered.push(hooks);
  }

  /** @param {ClientInterceptor} hooks */
  remove(hooks) {
    const index = this.#registered.indexOf(hooks);
    if (index === -1) return false;
    this.#registered.splice(index, 1);
    return true;
  }

  get isEmpty() {
    return !this.#registered.some(hasHook);
  }

  /** Forgets every hook and tells the running ones. */
  close() {
    this.#registered = [];
    for (const controller of this.#running) controller.abort(fromNative(CLOSED));
  }

  /**
   * The first token that one of them returns, in their order.
   *
   * @param {Omit<PreTokenContext, 'signal'>} context
   * @returns {Promise<SuppliedToken>}
   */
  async ask(context) {
    const controller = new AbortController();
    const { signal } = controller;
    const timer = setTimeout(() => {
      const message = `CLIENT_AUTH_PRE_TOKEN_REQUEST took longer than ${this.#timeoutMs} ms`;
      controller.abort(new DOMException(message, 'TimeoutError'));
      // One that never returns is not told anything again.
      this.#running.delete(controller);
    }, this.#timeoutMs);
    // That of a browser, or of jsdom, is a number.
    timer.unref?.();
    this.#running.add(controller);
    try {
      const shown = Object.freeze({ ...context, signal });
      for (const hooks of [...this.#registered]) {
        const supplied = await hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST?.(shown);
        if (supplied !== undefined && supplied !== null) return supplied;
        // The acquisition is over by then; the hooks that follow would work for nobody.
        signal.throwIfAborted();
      }
      return null;
    } finally {
      clearTimeout(timer);
      this.#running.delete(controller);
    }
  }
}

/** @param {ClientInterceptor} hooks */
function hasHook(hooks) {
  try {
    return hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST !== undefined;
  } catch {
    // The getter will tell whoever asks the hook: that is the call that it fails.
    return true;
  }
}

module.exports = { PreTokenHooks };
