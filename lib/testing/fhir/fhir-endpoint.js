'use strict';

const { Refusal, quoted } = require('../refusal.js');
const { bearerTokenOf, refused, requireScope } = require('./bearer-token.js');
const { BulkExport } = require('./bulk-export.js');
const { capabilityStatement } = require('./capability-statement.js');
const { interact } = require('./interactions.js');
const { outcome } = require('./operation-outcome.js');
const { ResourceStore } = require('./resource-store.js');
const { processBundle } = require('./transaction.js');

/**
 * @typedef {import('../access-tokens.js').AccessToken} AccessToken
 * @typedef {InstanceType<typeof import('../authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {import('../exchange.js').Answer} Answer
 * @typedef {import('../exchange.js').Exchange} Exchange
 */

const JSON_TYPE = /^(application\/(fhir\+)?json|text\/json)\s*(;|$)/i;
const FORM_TYPE = /^application\/x-www-form-urlencoded\s*(;|$)/i;

/** A FHIR R4 endpoint that is read and written with the authorization server's tokens. */
class FhirEndpoint {
  #server;
  #resources;
  #exports;
  /** @type {InstanceType<typeof ResourceStore>} */
  #store;

  /**
   * @param {AuthorizationServer} server
   * @param {{ fhirBaseUrl: string, downloadOrigin: string }} urls
   * @param {readonly import('./resource-store.js').Resource[]} resources that it starts with
   */
  constructor(server, urls, resources) {
    this.baseUrl = urls.fhirBaseUrl;
    this.#server = server;
    this.#resources = structuredClone(resources);
    this.#exports = new BulkExport(server, urls);
    this.#store = this.#filled();
  }

  reset() {
    this.#store = this.#filled();
    this.#exports.clear();
  }

  /** As they are now. */
  resources() {
    return structuredClone([...this.#store.everything()]);
  }

  /** `metadata`, which needs no token. */
  capabilities() {
    const { tokenEndpoint, settings } = this.#server;
    const { token_endpoint: announced } = { token_endpoint: tokenEndpoint, ...settings.metadata };
    return capabilityStatement({ baseUrl: this.baseUrl, tokenEndpoint: announced, types: this.#store.types });
  }

  /**
   * @param {Exchange} exchange
   * @param {readonly string[]} path below the base
   * @returns {Answer}
   */
  answer(exchange, path) {
    return this.#authorized(exchange, (token) => {
      if (path[0] === 'bulk-status') return this.#exports.status(exchange.method, path[1]);
      if (path.at(-1) === '$export') return this.#exports.start(exchange, path, token, this.#store);
      return this.#interaction(exchange, path, token);
    });
  }

  /**
   * @param {Exchange} exchange to the origin that files are downloaded from
   * @returns {Answer}
   */
  download(exchange) {
    const { checks, settings } = this.#server;
    if (settings.exportRequiresAccessToken) {
      return this.#authorized(exchange, () => this.#exports.download(exchange));
    }
    try {
      checks.require(
        'tokenToOtherOrigin',
        exchange.headers.authorization === undefined,
        () =>
          'the request for a file carries an Authorization header, although requiresAccessToken is false: ' +
          "the token has left the FHIR server's origin",
      );
      return this.#exports.download(exchange);
    } catch (error) {
      if (error instanceof Refusal) return refused(error, settings.explain);
      throw error;
    }
  }

  /**
   * @param {Exchange} exchange
   * @param {(token: AccessToken) => Answer} answer
   * @returns {Answer}
   */
  #authorized(exchange, answer) {
    /** @type {{ clientId?: string, tokenNumber?: number }} */
    let whose = {};
    try {
      const token = bearerTokenOf(this.#server, exchange);
      whose = { clientId: token.clientId, tokenNumber: token.number };
      return { ...answer(token), ...whose };
    } catch (error) {
      if (error instanceof Refusal) return { ...refused(error, this.#server.settings.explain), ...whose };
      throw error;
    }
  }

  /**
   * @param {Exchange} exchange
   * @param {readonly string[]} path
   * @param {AccessToken} token
   * @returns {Answer}
   */
  #interaction({ method, url, headers, body }, path, token) {
    const isSearch = method === 'POST' && path.at(-1) === '_search';
    const hasResource = !isSearch && (method === 'POST' || method === 'PUT');
    if (isSearch) requireType(headers, FORM_TYPE, 'application/x-www-form-urlencoded');
    if (hasResource) requireType(headers, JSON_TYPE, 'application/fhir+json');
    const resource = hasResource ? parsed(body) : undefined;
    if (hasResource && resource === undefined) return outcome(400, 'structure', 'The body is not JSON.');

    const fhir = {
      baseUrl: this.baseUrl,
      pageSize: this.#server.settings.pageSize,
      store: this.#store,
      authorize: (/** @type {string} */ type, /** @type {string} */ letter) =>
        requireScope(token, type, letter),
    };
    if (path.length === 0) {
      if (method === 'POST') return processBundle(resource, fhir);
      return outcome(405, 'not-supported', `${method} is not supported at the base.`, { allow: 'POST' });
    }
    const query = new URLSearchParams([...url.searchParams, ...new URLSearchParams(isSearch ? body : '')]);
    const { 'if-match': ifMatch, 'if-none-exist': ifNoneExist, prefer = '' } = headers;
    return interact({ method, path, query, resource, ifMatch, ifNoneExist, prefer }, fhir);
  }

  #filled() {
    return new ResourceStore(this.#resources, () => this.#server.now());
  }
}

/**
 * @param {Readonly<Record<string, string>>} headers
 * @param {RegExp} type
 * @param {string} expected
 */
function requireType(headers, type, expected) {
  const given = headers['content-type'];
  if (given !== undefined && type.test(given)) return;
  throw new Refusal({
    rule: 'FHIR R4, RESTful API, Content Types',
    error: 'not-supported',
    status: 415,
    explanation: `the Content-Type is ${quoted(given)}, and has to be '${expected}'`,
  });
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

module.exports = { FhirEndpoint };
