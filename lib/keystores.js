'use strict';

const { captureCaller, invalidConfig, unwrap } = require('./client-auth-error.js');
const { addon } = require('./addon.js');
const { givenMember, isGiven } = require('./given-member.js');

/**
 * @typedef {import('../index.js').KeystoreInfo} KeystoreInfo
 * @typedef {import('../index.js').KeystoreSource} KeystoreSource
 * @typedef {Extract<KeystoreSource, { sign: unknown }>} ExternalSource
 * @typedef {import('../index.js').NewKeyOptions} NewKeyOptions
 * @typedef {import('../index.js').JwksHandler} JwksHandler
 * @typedef {import('../index.js').PrivateJwks} PrivateJwks
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
      const message = 'source: expected an object with path, jwks, data, or sign and publicJwk';
      throw invalidConfig(message, captureCaller(register));
    }
    if (isGiven(source, 'sign') || isGiven(source, 'publicJwk')) {
      return registerSigner(name, /** @type {ExternalSource} */ (source), register);
    }
    const jwks = givenMember(source, 'jwks');
    const given =
      typeof jwks === 'object' && jwks !== null
        ? { ...source, jwks: jsonOf(jwks, 'source.jwks', register) }
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
    requireOptions(options, ['classpath'], load);
    const classpath = givenMember(options, 'classpath');
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

  /**
   * @param {string} name
   * @param {{ maxAgeSeconds?: number }} [options]
   * @returns {JwksHandler}
   */
  jwksHandler(name, options = {}) {
    const { jwksHandler } = Keystores;
    requireName(name, jwksHandler);
    requireOptions(options, ['maxAgeSeconds'], jwksHandler);
    const { createJwksHandler } = require('./jwks-handler.js');
    return /** @type {JwksHandler} */ (createJwksHandler(name, options, jwksHandler));
  },

  /**
   * @param {NewKeyOptions} [options]
   * @returns {PrivateJwks}
   */
  generate(options = {}) {
    const { generate } = Keystores;
    requireOptions(options, ['algorithm', 'modulusLength', 'keyId'], generate);
    return JSON.parse(unwrap(addon.generateKeystore(options), generate));
  },
});

/**
 * The function stays here; the native side gets its number.
 *
 * @param {string} name
 * @param {ExternalSource} source
 * @param {Function} caller
 */
function registerSigner(name, source, caller) {
  const sign = givenMember(source, 'sign');
  const publicJwk = givenMember(source, 'publicJwk');
  if (typeof sign !== 'function')
    throw invalidConfig('source.sign: expected a function', captureCaller(caller));
  if (typeof publicJwk !== 'object' || publicJwk === null) {
    throw invalidConfig('source.publicJwk: expected a public JWK', captureCaller(caller));
  }
  const { environment } = require('./environment.js');
  const { addSigner, forgetSigner } = require('./signers.js');
  // What else an object of some class has is its own affair; a plain one may hold a slip of the pen.
  const prototype = Object.getPrototypeOf(source);
  const isPlain = prototype === Object.prototype || prototype === null;
  const [keyId, timeoutMs] = ['keyId', 'timeoutMs'].map((name) => givenMember(source, name));
  const { sign: _, ...others } = source;
  const given = {
    ...(isPlain ? others : { keyId, timeoutMs }),
    publicJwk: jsonOf(publicJwk, 'source.publicJwk', caller),
  };
  const signer = addSigner((input, algorithm) => sign.call(source, input, algorithm));
  try {
    return infoOf(unwrap(environment.registerSigner(name, given, signer), caller));
  } catch (error) {
    forgetSigner(signer);
    throw error;
  }
}

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
 * @param {unknown} options
 * @param {string[]} known
 * @param {Function} caller
 */
function requireOptions(options, known, caller) {
  if (typeof options !== 'object' || options === null) {
    throw invalidConfig('options: expected an object', captureCaller(caller));
  }
  if (!Object.keys(options).every((name) => known.includes(name))) {
    const message = `options: unknown option; known are ${known.join(', ')}`;
    throw invalidConfig(message, captureCaller(caller));
  }
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
