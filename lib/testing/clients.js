'use strict';

const { inspect } = require('node:util');
const { FLAG, TEXT, checkOptions, isObject, isText, listOf, oneOf } = require('./options.js');
const { MAC_ALGORITHMS, SIGNATURE_ALGORITHMS, generateJwks, publicJwks } = require('./json-web-keys.js');
const { fetchJwks } = require('./remote-jwks.js');

/**
 * @typedef {import('./json-web-keys.js').Jwks} Jwks
 * @typedef {import('./index.js').ClientRegistration} ClientRegistration
 * @typedef {{ jwksUrlOf: (clientId: string) => string, fetching: { ca: string | null, signal: AbortSignal } }} ClientServer
 */

/** @type {readonly import('./index.js').ClientAuthMethod[]} */
const METHODS = Object.freeze([
  'private_key_jwt',
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
]);

/** @type {import('./options.js').Expectation} */
const JWKS = [(value) => isObject(value) && listOf(isObject)(value.keys), 'a JWKS: { keys: [...] }'];
/** @type {import('./options.js').Expectation} */
const ALGORITHM = [oneOf(SIGNATURE_ALGORITHMS), `one of ${SIGNATURE_ALGORITHMS.join(', ')}`];
/** @type {import('./options.js').OptionTable} */
const NEW_KEY_OPTIONS = { algorithm: ALGORITHM, keyId: TEXT, keepOld: FLAG };
/** @type {import('./options.js').OptionTable} */
const CLIENT_OPTIONS = {
  clientId: TEXT,
  clientSecret: TEXT,
  jwks: JWKS,
  jwksUrl: [(value) => isText(value) && URL.canParse(value), 'an absolute URL'],
  algorithm: ALGORITHM,
  keyId: TEXT,
  clientAuthMethod: [
    (value) => listOf(oneOf(METHODS))([value].flat()) && [value].flat().length > 0,
    `one or a list of ${METHODS.join(', ')}`,
  ],
  scope: [(value) => typeof value === 'string', 'a text'],
};

/** A client as it is registered. Secrets and private keys are given to whoever asks for them, and not shown. */
class RegisteredClient {
  #secret;
  /** @type {Jwks | null} */
  #privateJwks = null;
  /** @type {Jwks} */
  #keys = { keys: [] };
  #remoteUrl;
  #fetching;

  /**
   * @param {ClientRegistration & { clientId: string }} registration
   * @param {object} server
   * @param {string} server.jwksUrl where it publishes the client's keys
   * @param {{ ca: string | null, signal: AbortSignal }} server.fetching how it asks for those of others
   */
  constructor({ clientId, clientSecret, jwks, jwksUrl, algorithm, keyId, clientAuthMethod, scope }, server) {
    this.#secret = clientSecret ?? null;
    this.#remoteUrl = jwksUrl ?? null;
    this.#fetching = server.fetching;
    this.clientId = clientId;
    /** Where its public keys can be fetched. */
    this.jwksUrl = jwksUrl ?? server.jwksUrl;
    if (jwks !== undefined) this.replaceKeys(jwks);
    else if (needsNewKey({ clientSecret, jwksUrl, clientAuthMethod })) this.rotateKeys({ algorithm, keyId });
    const hasKeys = this.#keys.keys.length > 0 || jwksUrl !== undefined;
    const possible = METHODS.filter((method) =>
      method === 'private_key_jwt' ? hasKeys : clientSecret !== undefined,
    );
    this.clientAuthMethods = Object.freeze(
      clientAuthMethod === undefined ? possible : [clientAuthMethod].flat(),
    );
    this.scopes = Object.freeze((scope ?? 'system/*.cruds').split(' ').filter(Boolean));
    Object.freeze(this);
  }

  get clientSecret() {
    return this.#secret;
  }

  /** The private keys, where they were made here. */
  get jwks() {
    return this.#privateJwks;
  }

  /** What is registered of them. */
  get publicJwks() {
    return this.#keys;
  }

  /**
   * As any object, except that no getter is called, whatever the options say.
   *
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    return inspect(this, { ...options, customInspect: false, getters: false });
  }

  /** @param {import('./index.js').KeyRotation} [options] */
  rotateKeys(options = {}) {
    checkOptions('rotateKeys', options, NEW_KEY_OPTIONS);
    const made = generateJwks(options.algorithm ?? 'ES384', options.keyId);
    const old = options.keepOld === true ? this.#keys.keys : [];
    this.#keys = { keys: [...publicJwks(made).keys, ...old] };
    this.#privateJwks = made;
    return made;
  }

  /** @param {Jwks} jwks */
  replaceKeys(jwks) {
    // An undefined option is one not given; here nothing would be left.
    checkOptions('replaceKeys', { jwks: jwks ?? null }, { jwks: JWKS });
    this.#keys = publicJwks(jwks);
    this.#privateJwks = null;
  }

  /** @param {string} secret */
  replaceSecret(secret) {
    checkOptions('replaceSecret', { secret: secret ?? null }, { secret: TEXT });
    this.#secret = secret;
  }

  /** The keys to verify by; those of a URL are fetched each time, so that a new one counts at once. */
  async verificationKeys() {
    return this.#remoteUrl === null
      ? this.#keys
      : publicJwks(await fetchJwks(this.#remoteUrl, this.#fetching));
  }
}

class Clients {
  /** @type {Map<string, RegisteredClient>} */
  #byId = new Map();
  #server;

  /** @param {ClientServer} server */
  constructor(server) {
    this.#server = server;
  }

  /** @param {ClientRegistration} registration */
  register(registration) {
    checkOptions('registerClient', registration, CLIENT_OPTIONS);
    checkSense(registration);
    const { clientId = this.#freeId() } = registration;
    if (this.#byId.has(clientId))
      throw new TypeError(`registerClient: there is a client ${clientId} already`);
    const { jwksUrlOf, fetching } = this.#server;
    const client = new RegisteredClient(
      { ...registration, clientId },
      { jwksUrl: jwksUrlOf(clientId), fetching },
    );
    this.#byId.set(clientId, client);
    return client;
  }

  #freeId() {
    let number = this.#byId.size + 1;
    while (this.#byId.has(`client-${number}`)) number += 1;
    return `client-${number}`;
  }

  /** @param {string} clientId */
  find(clientId) {
    return this.#byId.get(clientId) ?? null;
  }

  /** Whose keys this server publishes there. @param {string} url */
  publishedAt(url) {
    return [...this.#byId.values()].find(({ jwksUrl }) => jwksUrl === url) ?? null;
  }

  ids() {
    return [...this.#byId.keys()];
  }

  /** Methods that at least one client is registered for; all of them while there is none. */
  methods() {
    const used = new Set([...this.#byId.values()].flatMap(({ clientAuthMethods }) => clientAuthMethods));
    return used.size === 0 ? [...METHODS] : METHODS.filter((method) => used.has(method));
  }
}

/**
 * What no client could authenticate by would fail in the test much later, and look like the client's fault.
 *
 * @param {ClientRegistration} registration
 */
function checkSense(registration) {
  const { clientSecret, jwks, jwksUrl, clientAuthMethod } = registration;
  const wrong = (/** @type {string} */ problem) => new TypeError(`registerClient: ${problem}`);
  if (jwks !== undefined && jwksUrl !== undefined) throw wrong('jwks and jwksUrl do not go together');
  const bySecret = [clientAuthMethod].flat().find((method) => method?.startsWith('client_secret_'));
  if (bySecret !== undefined && clientSecret === undefined) throw wrong(`${bySecret} takes a clientSecret`);
  const ofNewKey = /** @type {const} */ (['algorithm', 'keyId']).find(
    (name) => registration[name] !== undefined,
  );
  if (ofNewKey !== undefined && (jwks !== undefined || !needsNewKey(registration))) {
    throw wrong(`${ofNewKey} is of a key that is made here; this client has another proof`);
  }
}

/** @param {ClientRegistration} registration without a jwks */
function needsNewKey({ clientSecret, jwksUrl, clientAuthMethod }) {
  if (jwksUrl !== undefined) return false;
  return clientSecret === undefined || [clientAuthMethod].flat().includes('private_key_jwt');
}

module.exports = { Clients, MAC_ALGORITHMS, SIGNATURE_ALGORITHMS };
