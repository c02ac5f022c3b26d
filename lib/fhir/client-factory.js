'use strict';

const { givenMember } = require('../given-member.js');
const { FhirClient } = require('./client.js');
const { Exchange } = require('./exchange.js');

/**
 * @typedef {import('./index.js').FhirClientOptions} FhirClientOptions
 *
 * @typedef {object} Surroundings what a runner gives to every client that a script makes
 * @property {AbortSignal} [signal]
 * @property {() => () => void} [begin] is told of every call, and by what it returns of its end
 */

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 64 * 2 ** 20;
const OPTIONS = ['timeoutMs', 'maxResponseBytes', 'signal', 'dispatcher'];

/** @param {Surroundings} [surroundings] */
function createClientFactory({ signal: runSignal, begin } = {}) {
  return Object.freeze({
    /**
     * @param {string} serverBase
     * @param {FhirClientOptions} [options]
     */
    newClient(serverBase, options = {}) {
      const base = baseOf(serverBase);
      const unknown = Object.keys(options).find((name) => !OPTIONS.includes(name));
      if (unknown !== undefined) {
        throw new TypeError(`newClient: ${unknown}: no such option; there are ${OPTIONS.join(', ')}`);
      }
      const [timeoutMs = TIMEOUT_MS, maxResponseBytes = MOST_BYTES, signal, dispatcher] = OPTIONS.map(
        (name) => givenMember(options, name),
      );
      requireWhole('timeoutMs', timeoutMs, 0);
      requireWhole('maxResponseBytes', maxResponseBytes, 1);
      return new FhirClient(
        new Exchange({
          base,
          timeoutMs,
          maxResponseBytes,
          signals: [runSignal, signal],
          dispatcher,
          begin,
        }),
      );
    },
  });
}

/**
 * @param {unknown} serverBase
 * @returns {string} without trailing slashes
 */
function baseOf(serverBase) {
  const url = typeof serverBase === 'string' && URL.canParse(serverBase) ? new URL(serverBase) : null;
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new TypeError('newClient: expected the FHIR base URL, such as https://fhir.example.org/r4');
  }
  if (url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new TypeError('newClient: a FHIR base URL has no query, no fragment and no user name');
  }
  return url.href.replace(/\/+$/, '');
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {number} least
 */
function requireWhole(name, value, least) {
  if (!Number.isSafeInteger(value) || /** @type {number} */ (value) < least) {
    throw new TypeError(`newClient: ${name}: expected a whole number from ${least} on`);
  }
}

module.exports = { createClientFactory };
