'use strict';

const { Refusal } = require('./refusal.js');

/**
 * Every check of a request that can be switched off: where the rule is written, and what a server answers.
 *
 * @typedef {{ rule: string, error: string, status?: number, headers?: Record<string, string> }} Check
 */
const CHECKS = {
  method: { rule: 'RFC 6749 §3.2', error: 'invalid_request', status: 405, headers: { allow: 'POST' } },
  credentialsInUrl: { rule: 'RFC 6749 §2.3.1', error: 'invalid_request' },
  contentType: { rule: 'RFC 6749 §4.4.2', error: 'invalid_request' },
  repeatedParameters: { rule: 'RFC 6749 §3.2', error: 'invalid_request' },
  grantType: { rule: 'RFC 6749 §4.4.2', error: 'unsupported_grant_type' },
  oneAuthentication: { rule: 'RFC 6749 §2.3', error: 'invalid_request' },
  clientAuthMethod: { rule: 'RFC 7591 §2', error: 'invalid_client', status: 401 },
  assertionType: { rule: 'RFC 7523 §2.2', error: 'invalid_client', status: 401 },
  algorithm: { rule: 'RFC 8414 §2', error: 'invalid_client', status: 401 },
  typ: { rule: 'SMART App Launch, Client Confidential Asymmetric', error: 'invalid_client', status: 401 },
  keyId: { rule: 'SMART App Launch, Client Confidential Asymmetric', error: 'invalid_client', status: 401 },
  jwksUrl: { rule: 'SMART App Launch, Client Confidential Asymmetric', error: 'invalid_client', status: 401 },
  critical: { rule: 'RFC 7515 §4.1.11', error: 'invalid_client', status: 401 },
  issuer: { rule: 'RFC 7523 §3', error: 'invalid_client', status: 401 },
  clientId: { rule: 'RFC 7521 §4.2', error: 'invalid_client', status: 401 },
  audience: { rule: 'RFC 7523 §3', error: 'invalid_client', status: 401 },
  expiry: { rule: 'SMART App Launch, Client Confidential Asymmetric', error: 'invalid_client', status: 401 },
  issuedAt: { rule: 'RFC 7523 §3', error: 'invalid_client', status: 401 },
  notBefore: { rule: 'RFC 7519 §4.1.5', error: 'invalid_client', status: 401 },
  jti: { rule: 'SMART App Launch, Client Confidential Asymmetric', error: 'invalid_client', status: 401 },
  signature: { rule: 'RFC 7523 §3', error: 'invalid_client', status: 401 },
  scope: { rule: 'RFC 6749 §3.3', error: 'invalid_scope' },
  tokenInUrl: { rule: 'RFC 6750 §2.3', error: 'invalid_request' },
  tokenToOtherOrigin: { rule: 'SMART App Launch, Backend Services', error: 'invalid_request' },
};

/** @typedef {keyof typeof CHECKS} CheckName */

const CHECK_NAMES = /** @type {readonly CheckName[]} */ (Object.keys(CHECKS));

class Checks {
  #off;

  /** @param {boolean | Partial<Record<CheckName, boolean>>} setting */
  constructor(setting) {
    this.#off = new Set(
      CHECK_NAMES.filter((name) => setting === false || (setting !== true && setting[name] === false)),
    );
  }

  /**
   * @param {CheckName} name
   * @param {unknown} holds
   * @param {() => string} explanation made only where it does not hold
   * @param {Partial<Check>} [differently] where a rule of its own says so
   */
  require(name, holds, explanation, differently) {
    if (holds || this.#off.has(name)) return;
    const check = /** @type {Check} */ (CHECKS[name]);
    throw new Refusal({ check: name, explanation: explanation(), ...check, ...differently });
  }
}

module.exports = { CHECKS, CHECK_NAMES, Checks };
