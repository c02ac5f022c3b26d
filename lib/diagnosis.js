'use strict';

const { problemOf } = require('./authorization-request.js');
const { fromNative, invalidConfig } = require('./client-auth-error.js');
const { ask, environment } = require('./environment.js');

/**
 * @typedef {import('../index.js').AuthorizationRequest} AuthorizationRequest
 * @typedef {import('../index.js').Diagnosis} Diagnosis
 * @typedef {import('./client-auth-error.js').Outcome<import('./native.js').NativeDiagnosis>} DiagnosisOutcome
 */

/**
 * @param {number} interceptor its number in the environment
 * @param {AuthorizationRequest} request
 * @param {import('./client-auth-error.js').CallerStack} caller
 * @returns {Promise<Diagnosis>}
 */
async function diagnose(interceptor, request, caller) {
  const problem = problemOf(request);
  if (problem !== null) throw invalidConfig(problem, caller);
  const { fhirBaseUrl, signal } = request;
  signal?.throwIfAborted();
  const pose = (/** @type {number} */ ticket) =>
    environment.diagnose(interceptor, ticket, fhirBaseUrl ?? null);
  /** @type {DiagnosisOutcome} */
  const { error: refusal, value } = await ask(pose, signal);
  if (refusal !== undefined) throw fromNative(refusal, caller);
  const { steps, error } = value;
  return { ...JSON.parse(steps), error: error === undefined ? null : fromNative(error, caller) };
}

module.exports = { diagnose };
