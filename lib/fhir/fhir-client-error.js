'use strict';

const { givenMember, isGiven } = require('../given-member.js');

/**
 * @typedef {import('./index.js').FhirClientErrorCode} FhirClientErrorCode
 *
 * @typedef {object} Fields
 * @property {string} [method]
 * @property {string} [url] without its query
 * @property {number} [status]
 * @property {import('./index.js').AnyResource} [operationOutcome]
 * @property {unknown} [cause]
 */

class FhirClientError extends Error {
  /**
   * @param {FhirClientErrorCode} code
   * @param {string} message
   * @param {Fields} [fields]
   */
  constructor(code, message, fields = {}) {
    super(message, isGiven(fields, 'cause') ? { cause: fields.cause } : undefined);
    this.code = code;
    const [method, url, status, operationOutcome] = ['method', 'url', 'status', 'operationOutcome'].map(
      (name) => givenMember(fields, name),
    );
    this.transient = isTransient(code, status);
    // What is not known is no property at all: console.log shows the rest and nothing else.
    if (method !== undefined) this.method = method;
    if (url !== undefined) this.url = url;
    if (status !== undefined) this.status = status;
    if (operationOutcome !== undefined) this.operationOutcome = operationOutcome;
  }
}
Object.defineProperty(FhirClientError.prototype, 'name', {
  value: 'FhirClientError',
  writable: true,
  configurable: true,
});

/**
 * @param {FhirClientErrorCode} code
 * @param {number | undefined} status
 */
function isTransient(code, status) {
  if (code === 'ERR_FHIR_NETWORK' || code === 'ERR_FHIR_TIMEOUT') return true;
  return code === 'ERR_FHIR_STATUS' && status !== undefined && isPassing(status);
}

/** @param {number} status */
function isPassing(status) {
  // 501 says that the server cannot do it at all (RFC 9110 §15.6.2).
  return status === 408 || status === 429 || (status >= 500 && status !== 501);
}

module.exports = { FhirClientError };
