'use strict';

const { captureCaller, invalidConfig, unwrap } = require('./client-auth-error.js');
const { addon } = require('./addon.js');

/**
 * @typedef {import('../index.js').KeystoreInfo} KeystoreInfo
 * @typedef {import('../index.js').KeystoreSource} KeystoreSource
 * @typedef {import('../index.js').PublicJwks} PublicJwks
 * @typedef {import('../index.js').SmileKeystoreDefinitions} SmileKeystoreDefinitions
 */

/** One registry for the process: it lies in native memory, beyond the reach of any one thread. */
const Keystores = Object.freeze({
  /**
   * @param {string} name
   * @param {KeystoreSource} source
   */
  register(name, source) {
    const { register } = Keystores;
    requireName(name, register);
    if (typeof source !== 'object' || source === null || Array.isArray(source)) {
      throw invalidConfig('source: expected an object with path, jwks or data', captureCaller(register));
    }
    const given =
      'jwks' in source && typeof source.jwks === 'object' && source.jwks !== null
        ? { ...source, jwks: jsonOf(source.jwks, 'source.jwks', register) }
        : source;
    return infoOf(unwrap(addon.registerKeystore(name, given), register));
  },

  /**
   * @param {string | SmileKeystoreDefinitions} definitions
   * @param {{ classpath?: string }} [options]
   */
  load(definitions, options = {}) {
    const { load } = Keystores;
    if (typeof definitions !== 'string' && (typeof definitions !== 'object' || definitions === null)) {
      throw invalidConfig('definitions: expected an object or JSON text', captureCaller(load));
    }
    if (typeof options !== 'object' || options === null) {
      throw invalidConfig('options: expected an object', captureCaller(load));
    }
    const { classpath } = options;
    if (classpath !== undefined && typeof classpath !== 'string') {
      throw invalidConfig('classpath: expected a string', captureCaller(load));
    }
    const text = typeof definitions === 'string' ? definitions : jsonOf(definitions, 'definitions', load);
    return unwrap(addon.loadKeystores(text, classpath ?? null), load).map(infoOf);
  },

  list() {
    return addon.listKeystores().map(infoOf);
  },

  /** @param {string} name */
  unregister(name) {
    requireName(name, Keystores.unregister);
    return addon.unregisterKeystore(name);
  },

  /**
   * @param {string} name
   * @returns {PublicJwks}
   */
  publicJwks(name) {
    const { publicJwks } = Keystores;
    requireName(name, publicJwks);
    return JSON.parse(unwrap(addon.keystorePublicJwks(name), publicJwks));
  },
});

/**
 * @param {import('./native.js').KeystoreInfo} info
 * @returns {KeystoreInfo}
 */
function infoOf(info) {
  return Object.freeze(/** @type {KeystoreInfo} */ (info));
}

/**
 * @param {unknown} name
 * @param {Function} caller
 */
function requireName(name, caller) {
  if (typeof name !== 'string') throw invalidConfig('name: expected a string', captureCaller(caller));
}

/**
 * @param {object} value
 * @param {string} argument
 * @param {Function} caller
 * @returns {string}
 */
function jsonOf(value, argument, caller) {
  let text;
  try {
    text = JSON.stringify(value);
  } catch {
    // Its message would show what is inside.
  }
  if (text === undefined)
    throw invalidConfig(`${argument}: cannot be written as JSON`, captureCaller(caller));
  return text;
}

module.exports = { Keystores };
