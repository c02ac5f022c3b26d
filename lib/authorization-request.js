'use strict';

const { captureCaller, invalidConfig } = require('./client-auth-error.js');
const { givenMember } = require('./given-member.js');

/**
 * What a caller asked for, each member read once.
 *
 * @typedef {object} AskedFor
 * @property {string | undefined} fhirBaseUrl
 * @property {AbortSignal | undefined} signal
 */

/** @type {Readonly<AskedFor>} */
const NOTHING_IN_PARTICULAR = Object.freeze({ fhirBaseUrl: undefined, signal: undefined });

/**
 * Members that are not known are left alone: callers pass on objects that carry more.
 *
 * @param {unknown} request undefined: nothing in particular
 * @param {Function} [publicFunction] whose caller an error points at
 * @returns {Readonly<AskedFor>}
 */
function readRequest(request, publicFunction) {
  if (request === undefined) return NOTHING_IN_PARTICULAR;
  if (typeof request !== 'object' || request === null) {
    throw refusal('request: expected an object', publicFunction);
  }
  const fhirBaseUrl = givenMember(request, 'fhirBaseUrl');
  if (fhirBaseUrl !== undefined && typeof fhirBaseUrl !== 'string') {
    throw refusal('fhirBaseUrl: expected a string', publicFunction);
  }
  // Null is what fetch takes for none.
  const signal = givenMember(request, 'signal') ?? undefined;
  if (signal !== undefined && !isSignal(signal)) {
    throw refusal('signal: expected an AbortSignal', publicFunction);
  }
  return { fhirBaseUrl, signal };
}

/**
 * By its members: an AbortSignal of another realm is one too.
 *
 * @param {unknown} value
 */
function isSignal(value) {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  const { addEventListener, removeEventListener } = /** @type {Record<string, unknown>} */ (value);
  return typeof addEventListener === 'function' && typeof removeEventListener === 'function';
}

/**
 * @param {string} problem
 * @param {Function} [publicFunction]
 */
function refusal(problem, publicFunction) {
  return invalidConfig(problem, publicFunction && captureCaller(publicFunction));
}

module.exports = { readRequest };
