'use strict';

const { inspect } = require('node:util');

/** The one scheme there is (RFC 6750 §2.1). */
const SCHEME = 'Bearer ';

/** What the server said about a token. */
class AccessToken {
  #accessToken;
  #extra;

  /** @param {import('./native.js').NativeToken} token */
  constructor(token) {
    this.#accessToken = token.header.slice(SCHEME.length);
    /** @readonly */
    this.tokenType = 'Bearer';
    /** @readonly */
    this.expiresAt = token.expiresAtMs === null ? null : new Date(token.expiresAtMs);
    /** @type {readonly string[]} */
    this.grantedScopes = Object.freeze(token.grantedScopes);
    /** @type {readonly string[]} */
    this.missingScopes = Object.freeze(token.missingScopes);
    /** @type {Readonly<Record<string, unknown>>} */
    this.#extra = Object.freeze(token.extra === null ? {} : JSON.parse(token.extra));
    Object.freeze(this);
  }

  /** No own property: inspect and JSON.stringify pass it by (RFC 6750 §5.2). */
  get accessToken() {
    return this.#accessToken;
  }

  /** No own property either: some servers repeat the token in members of their own. */
  get extra() {
    return this.#extra;
  }

  /**
   * As any object, except that no getter is called, whatever the options say.
   *
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    return inspect(this, { ...options, customInspect: false, getters: false });
  }
}

module.exports = { AccessToken };
