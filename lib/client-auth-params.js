'use strict';

const { inspect } = require('node:util');
const { captureCaller, invalidConfig, unwrap } = require('./client-auth-error.js');
const { addon } = require('./addon.js');
const { givenMember, isGiven } = require('./given-member.js');

/**
 * @typedef {import('../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {import('../index.js').NameValuePair} NameValuePair
 */

/**
 * The native draft of an object that ClientAuthParams constructed; null for any other.
 *
 * @type {(value: object) => import('./native.js').Settings | null}
 */
let settingsOf;

/**
 * Of plain options.
 *
 * @type {(options: ClientAuthOptions, caller: Function) => ClientAuthParams}
 */
let paramsOf;

/** The settings, secrets among them, are kept in native memory: what is not held here cannot be printed. */
class ClientAuthParams {
  #settings = new addon.Settings();

  static {
    settingsOf = (value) => (#settings in value ? value.#settings : null);
    paramsOf = (options, caller) => {
      requireOptions(options, caller);
      return new ClientAuthParams(/** @type {any} */ (undefined)).#merge(options, caller);
    };
  }

  /** @param {string} clientId */
  constructor(clientId) {
    // A missing id is reported by `create`, together with whatever else is missing.
    unwrap(this.#settings.set({ clientId }), ClientAuthParams);
  }

  /** @param {ClientAuthOptions} options */
  static from(options) {
    return paramsOf(options, ClientAuthParams.from);
  }

  /** @param {string} keystoreName */
  withKeystore(keystoreName) {
    return this.#set('keystore', keystoreName, this.withKeystore);
  }

  /** @param {string} clientSecret */
  withClientSecret(clientSecret) {
    return this.#set('clientSecret', clientSecret, this.withClientSecret);
  }

  /** @param {string | null} scope */
  withScope(scope) {
    return this.#set('scope', scope, this.withScope);
  }

  /** @param {Iterable<NameValuePair> | Record<string, string>} parameters */
  withAdditionalParameters(parameters) {
    return this.#set('additionalParameters', parameters, this.withAdditionalParameters);
  }

  /** @param {boolean} [force] */
  withForceHttpInTokenRequestAudience(force = true) {
    const caller = this.withForceHttpInTokenRequestAudience;
    return this.#set('forceHttpInTokenRequestAudience', force, caller);
  }

  /** @param {string} url */
  withFhirBaseUrl(url) {
    return this.#set('fhirBaseUrl', url, this.withFhirBaseUrl);
  }

  /** @param {string} url */
  withIssuer(url) {
    return this.#set('issuer', url, this.withIssuer);
  }

  /** @param {string} url */
  withTokenEndpoint(url) {
    return this.#set('tokenEndpoint', url, this.withTokenEndpoint);
  }

  /** @param {Partial<Omit<ClientAuthOptions, 'clientId'>>} options */
  with(options) {
    requireOptions(options, this.with);
    return this.#merge(options, this.with);
  }

  get clientId() {
    return /** @type {string} */ (this.#settings.clientId);
  }

  get keystoreName() {
    return this.#settings.keystoreName;
  }

  get scope() {
    return this.#settings.scope;
  }

  get forceHttpInTokenRequestAudience() {
    return this.#settings.forceHttpInTokenRequestAudience;
  }

  get hasClientSecret() {
    return this.#settings.hasClientSecret;
  }

  /**
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    // What a mocking library makes of the class has no settings, and is printed all the same.
    if (settingsOf(this) === null) return 'ClientAuthParams {}';
    const { clientId, keystoreName, scope, forceHttpInTokenRequestAudience, hasClientSecret } = this;
    const shown = { clientId, keystoreName, scope, forceHttpInTokenRequestAudience, hasClientSecret };
    return `ClientAuthParams ${inspect(shown, options)}`;
  }

  /**
   * @param {keyof ClientAuthOptions} name
   * @param {unknown} value
   * @param {Function} caller
   */
  #set(name, value, caller) {
    // An option left undefined is one not given; a setter called with undefined is a mistake, and the usual
    // one is an environment variable that is not there.
    if (value === undefined) throw invalidConfig(`${name}: got undefined`, captureCaller(caller));
    return this.#merge({ [name]: value }, caller);
  }

  /**
   * @param {Partial<ClientAuthOptions>} options
   * @param {Function} caller
   */
  #merge(options, caller) {
    unwrap(this.#settings.set(normalize(options)), caller);
    return this;
  }
}

/**
 * Of plain options.
 *
 * @param {ClientAuthOptions} options
 * @param {Function} caller
 * @returns {import('./native.js').Settings}
 */
function draftOf(options, caller) {
  if (isGiven(options, 'withClientSecret')) {
    // Its settings are out of reach; read as plain options they would seem to be missing.
    throw invalidConfig(
      'params: these ClientAuthParams are of another copy of @org/smart-m2m; load the package once (npm ls @org/smart-m2m)',
      captureCaller(caller),
    );
  }
  return /** @type {import('./native.js').Settings} */ (settingsOf(paramsOf(options, caller)));
}

/** @param {Partial<ClientAuthOptions>} options */
function normalize(options) {
  const additionalParameters = givenMember(options, 'additionalParameters');
  if (additionalParameters === undefined) return options;
  const { normalizeAdditionalParameters } = require('./additional-parameters.js');
  return { ...options, additionalParameters: normalizeAdditionalParameters(additionalParameters) };
}

/**
 * @param {unknown} options
 * @param {Function} caller
 */
function requireOptions(options, caller) {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidConfig('options: expected an object', captureCaller(caller));
  }
}

module.exports = { ClientAuthParams, draftOf, settingsOf };
