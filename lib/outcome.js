'use strict';

const { captureCaller, fromNative } = require('./client-auth-error.js');

/** @typedef {import('./client-auth-error.js').NativeError} NativeError */

/**
 * What a native call returns: one of the two keys.
 *
 * @template T
 * @typedef {{ value: T, error?: undefined } | { value?: undefined, error: NativeError }} Outcome
 */

/**
 * @template T
 * @param {Outcome<T>} outcome
 * @param {Function} publicFunction whose caller the error points at
 * @returns {T}
 */
function unwrap(outcome, publicFunction) {
  if (outcome.error !== undefined) throw fromNative(outcome.error, captureCaller(publicFunction));
  return outcome.value;
}

module.exports = { unwrap };
