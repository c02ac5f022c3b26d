'use strict';

const { randomBytes } = require('node:crypto');

/**
 * @typedef {object} AccessToken
 * @property {number} number from 1, in the order of issue
 * @property {string} value
 * @property {string} clientId
 * @property {readonly string[]} scopes
 * @property {number} endsAtMs by the server's clock
 * @property {boolean} revoked
 */

/** The oldest go first. */
const MAX_TOKENS = 10_000;

/** What was issued. Expired and revoked tokens are kept, so that a refusal can say which it was. */
class AccessTokens {
  /** @type {Map<string, AccessToken>} */
  #byValue = new Map();
  #issued = 0;

  /** @param {{ clientId: string, scopes: readonly string[], endsAtMs: number }} token */
  issue({ clientId, scopes, endsAtMs }) {
    this.#issued += 1;
    const value = randomBytes(32).toString('base64url');
    const token = { number: this.#issued, value, clientId, scopes, endsAtMs, revoked: false };
    this.#byValue.set(value, token);
    const [oldest] = this.#byValue.keys();
    if (this.#byValue.size > MAX_TOKENS) this.#byValue.delete(oldest);
    return token;
  }

  /** @param {string} value */
  find(value) {
    return this.#byValue.get(value) ?? null;
  }

  /**
   * @param {(token: AccessToken) => boolean} isMeant
   * @returns {number} how many there were that were not revoked yet
   */
  revoke(isMeant) {
    let revoked = 0;
    for (const token of this.#byValue.values()) {
      if (token.revoked || !isMeant(token)) continue;
      token.revoked = true;
      revoked += 1;
    }
    return revoked;
  }

  clear() {
    this.#byValue.clear();
    this.#issued = 0;
  }
}

module.exports = { AccessTokens };
