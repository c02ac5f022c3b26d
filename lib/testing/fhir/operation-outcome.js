'use strict';

/**
 * @typedef {import('../exchange.js').Answer} Answer
 */

const FHIR_JSON = { 'content-type': 'application/fhir+json; charset=utf-8' };

/**
 * @param {number} status
 * @param {string} code of the issue
 * @param {string} diagnostics
 * @param {Record<string, string>} [headers]
 * @returns {Answer}
 */
function outcome(status, code, diagnostics, headers = {}) {
  return fhirAnswer(
    status,
    { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] },
    headers,
  );
}

/**
 * @param {number} status
 * @param {unknown} [body]
 * @param {Record<string, string>} [headers]
 * @returns {Answer}
 */
function fhirAnswer(status, body, headers = {}) {
  return { status, headers: { ...(body === undefined ? {} : FHIR_JSON), ...headers }, body };
}

module.exports = { fhirAnswer, outcome };
