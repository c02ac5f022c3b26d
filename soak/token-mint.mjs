import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * @typedef {object} Claims
 * @property {string} identity whom the token was issued to
 * @property {number} number
 * @property {number} expiresAt epoch milliseconds
 */

/** Tokens that say what the judge has to know, and that nobody else in the run could have made. */
export class TokenMint {
  #key;

  /** @param {string} key */
  constructor(key) {
    this.#key = key;
  }

  /** @param {Claims} claims */
  issue({ identity, number, expiresAt }) {
    const text = Buffer.from(JSON.stringify({ identity, number, expiresAt })).toString('base64url');
    return `${text}.${this.#signature(text)}`;
  }

  /**
   * @param {string} token
   * @returns {Claims | null} null for a token that was not issued in this run
   */
  read(token) {
    const [text, signature = ''] = token.split('.');
    const expected = Buffer.from(this.#signature(text));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return null;
    return JSON.parse(Buffer.from(text, 'base64url').toString());
  }

  /**
   * @param {string | undefined} header
   * @returns {Claims | null}
   */
  readHeader(header) {
    const token = /^Bearer ([\w.-]+)$/.exec(header ?? '')?.[1];
    return token === undefined ? null : this.read(token);
  }

  /**
   * What a client's secret is: nobody has to register it.
   *
   * @param {string} clientId
   */
  secretOf(clientId) {
    return this.#signature(`secret of ${clientId}`);
  }

  #signature(text) {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}
