'use strict';

const SIGNAL_MEMBERS = ['aborted', 'addEventListener', 'removeEventListener'];

/**
 * What is wrong with the argument, or null. Members that are not known are left alone: callers pass on
 * objects that carry more.
 *
 * @param {unknown} request
 * @returns {string | null}
 */
function problemOf(request) {
  if (typeof request !== 'object' || request === null) return 'request: expected an object';
  const { fhirBaseUrl, signal } = /** @type {Record<string, unknown>} */ (request);
  if (fhirBaseUrl !== undefined && typeof fhirBaseUrl !== 'string') return 'fhirBaseUrl: expected a string';
  // By its members: an AbortSignal of another realm is one too. Null is what fetch takes for none.
  if (signal !== undefined && signal !== null) {
    if (typeof signal !== 'object' || !SIGNAL_MEMBERS.every((name) => name in signal)) {
      return 'signal: expected an AbortSignal';
    }
  }
  return null;
}

module.exports = { problemOf };
