'use strict';

const { readRequest } = require('./authorization-request.js');
const { captureCaller, failureOf, fromNative } = require('./client-auth-error.js');
const { ask, environment } = require('./environment.js');
const { givenMember } = require('./given-member.js');

/**
 * @typedef {import('../index.js').AuthorizationRequest} AuthorizationRequest
 * @typedef {import('../index.js').Diagnosis} Diagnosis
 * @typedef {import('./client-auth-error.js').Outcome<import('./native.js').NativeDiagnosis>} DiagnosisOutcome
 */

/**
 * @param {number} interceptor its number in the environment
 * @param {AuthorizationRequest | undefined} request
 * @param {Function} publicFunction whose caller an error points at
 * @returns {Promise<Diagnosis>}
 */
async function diagnose(interceptor, request, publicFunction) {
  const { fhirBaseUrl, signal } = readRequest(request, publicFunction);
  const caller = captureCaller(publicFunction);
  if (signal?.aborted) throw signal.reason;
  const pose = (/** @type {number} */ ticket) =>
    environment.diagnose(interceptor, ticket, fhirBaseUrl ?? null);
  /** @type {DiagnosisOutcome} */
  const outcome = await ask(pose, signal);
  const refusal = failureOf(outcome);
  if (refusal !== undefined) throw fromNative(refusal, caller);
  const found = /** @type {import('./native.js').NativeDiagnosis} */ (outcome.value);
  const { steps } = found;
  const error = givenMember(found, 'error');
  return { ...JSON.parse(steps), error: error === undefined ? null : fromNative(error, caller) };
}

module.exports = { diagnose };
