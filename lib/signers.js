'use strict';

const { AsyncResource } = require('node:async_hooks');
const { isArrayBuffer } = require('node:util').types;

/**
 * @typedef {import('../index.js').SigningAlgorithm} SigningAlgorithm
 * @typedef {(signingInput: Uint8Array, algorithm: SigningAlgorithm) => unknown} Sign
 */

/**
 * The external signers of this thread, by number: the native side asks by letter and never holds a function. They are
 * asked in the asynchronous context of their registration: a token belongs to no one call.
 *
 * @type {Map<number, Sign>}
 */
const signers = new Map();
let numbers = 0;

/**
 * @param {Sign} sign
 * @returns {number} for the native side
 */
function addSigner(sign) {
  numbers = (numbers + 1) % 2 ** 32;
  signers.set(numbers, AsyncResource.bind(sign, 'ClientAuthSigner'));
  return numbers;
}

/** @param {number} signer that no keystore has any more */
function forgetSigner(signer) {
  signers.delete(signer);
}

/**
 * @param {number} signer
 * @param {Uint8Array} input
 * @param {string} algorithm
 * @returns {Promise<unknown>} bytes, if it does what it should
 */
async function sign(signer, input, algorithm) {
  const signature = await signers.get(signer)?.(input, /** @type {SigningAlgorithm} */ (algorithm));
  // What WebCrypto returns.
  return isArrayBuffer(signature) ? new Uint8Array(signature) : signature;
}

module.exports = { addSigner, forgetSigner, sign };
