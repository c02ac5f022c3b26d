'use strict';

const { setMaxListeners } = require('node:events');
const { AuthorizationServer } = require('./authorization-server.js');
const { readExchange } = require('./exchange.js');
const { Faults, alter, answerOf, endpointsOf, standsIn } = require('./faults.js');
const { FhirEndpoint } = require('./fhir/fhir-endpoint.js');
const { generateJwks, publicJwks } = require('./json-web-keys.js');
const { TEXT, checkOptions } = require('./options.js');
const { RequestLog, RequestRecord } = require('./request-log.js');
const { routeOf } = require('./routes.js');
const { send } = require('./sending.js');
const { changed } = require('./settings.js');

/**
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {import('./listener.js').Listener} Listener
 * @typedef {import('./routes.js').Route} Route
 * @typedef {import('./settings.js').Settings} Settings
 * @typedef {{ main: Listener, downloads: Listener }} Listeners
 */

const FHIR_PATH = '/fhir';
const ISSUER_PATH = '/auth';

/** @type {import('./options.js').OptionTable} */
const TOKEN_OPTIONS = {
  clientId: TEXT,
  scope: [(value) => typeof value === 'string', 'a text'],
  lifetimeSeconds: [Number.isFinite, 'a number of seconds'],
};

class SmartServer {
  #authorization;
  #fhir;
  #faults = new Faults();
  #log = new RequestLog();
  #closing = new AbortController();
  #listeners;
  /** @type {Settings} */
  #settings;
  /** @type {unknown} */
  #serverKeys;

  /**
   * @param {object} parts
   * @param {Listeners} parts.listeners
   * @param {string | null} parts.ca
   * @param {Settings} parts.settings
   * @param {readonly any[]} parts.resources
   */
  constructor({ listeners, ca, settings, resources }) {
    const { origin } = listeners.main;
    // One of each answer that waits; a number above ten is no leak.
    setMaxListeners(0, this.#closing.signal);
    this.#listeners = listeners;
    this.origin = origin;
    this.downloadOrigin = listeners.downloads.origin;
    this.fhirBaseUrl = origin + FHIR_PATH;
    this.issuer = origin + ISSUER_PATH;
    this.ca = ca;
    this.#authorization = new AuthorizationServer({
      issuer: this.issuer,
      jwksUrlOf: (clientId) => `${origin}/clients/${encodeURIComponent(clientId)}/jwks.json`,
      fetching: { ca, signal: this.#closing.signal },
    });
    this.#settings = settings;
    this.#authorization.settings = settings;
    this.tokenEndpoint = this.#authorization.tokenEndpoint;
    this.clientOptions = Object.freeze({
      fhirBaseUrl: this.fhirBaseUrl,
      http: Object.freeze({ proxy: null, ...(ca === null ? {} : { ca }) }),
    });
    this.#fhir = new FhirEndpoint(
      this.#authorization,
      { fhirBaseUrl: this.fhirBaseUrl, downloadOrigin: this.downloadOrigin },
      resources,
    );
    Object.freeze(this);
  }

  get requests() {
    return this.#log.all();
  }

  get resources() {
    return this.#fhir.resources();
  }

  /** @param {string} endpoint */
  requestsTo(endpoint) {
    const endpoints = endpointsOf(endpoint);
    return this.requests.filter((record) => endpoints.includes(record.endpoint));
  }

  /** @param {import('./index.js').ClientRegistration} [registration] */
  registerClient(registration = {}) {
    return this.#authorization.clients.register(registration);
  }

  /**
   * @param {string} endpoint
   * @param {import('./index.js').Fault} fault
   */
  fail(endpoint, fault) {
    return this.#faults.add(endpoint, fault);
  }

  /** @param {import('./index.js').SmartServerSettings} settings */
  configure(settings) {
    this.#authorization.settings = changed('configure', this.#authorization.settings, settings);
  }

  /** @param {{ clientId?: string, scope?: string, lifetimeSeconds?: number }} [options] */
  issueToken(options = {}) {
    checkOptions('issueToken', options, TOKEN_OPTIONS);
    const { clientId = 'test', scope = 'system/*.cruds', lifetimeSeconds } = options;
    const scopes = scope.split(' ').filter(Boolean);
    return this.#authorization.issueToken({ clientId, scopes, lifetimeSeconds }).value;
  }

  /** @param {{ clientId?: string, token?: string }} [which] */
  revokeTokens(which = {}) {
    checkOptions('revokeTokens', which, { clientId: TEXT, token: TEXT });
    const { clientId, token } = which;
    return this.#authorization.tokens.revoke(
      (issued) =>
        (clientId === undefined || issued.clientId === clientId) &&
        (token === undefined || issued.value === token),
    );
  }

  assertNoRefusals() {
    const refused = this.requests.filter(({ explanation }) => explanation !== null);
    if (refused.length === 0) return;
    const lines = refused.map(
      ({ method, url, status, explanation }) => `  ${method} ${url} ${status}: ${explanation}`,
    );
    const error = new Error(
      `the server has refused ${refused.length} of ${this.requests.length} requests:\n${lines.join('\n')}`,
    );
    Error.captureStackTrace?.(error, this.assertNoRefusals);
    throw error;
  }

  reset() {
    this.#log.clear();
    this.#faults.clear();
    this.#authorization.usedJtis.clear();
    this.#authorization.settings = this.#settings;
    this.#fhir.reset();
  }

  async close() {
    this.#closing.abort();
    await Promise.all(Object.values(this.#listeners).map((listener) => listener.close()));
  }

  /** Node before 20.4 lacks the symbol: there this is a method named 'undefined', which nobody calls. */
  [Symbol.asyncDispose]() {
    return this.close();
  }

  /**
   * @param {keyof Listeners} where
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async serve(where, request, response) {
    try {
      await this.#answer(this.#listeners[where], request, response);
    } catch (error) {
      // Whoever went away needs no answer. Anything else is a defect of this server, and should be seen.
      if (!request.complete || response.headersSent) response.destroy();
      else response.writeHead(500).end(`test server: ${/** @type {Error} */ (error).stack}\n`);
    }
  }

  /**
   * @param {Listener} listener
   * @param {import('node:http').IncomingMessage} request
   * @param {import('node:http').ServerResponse} response
   */
  async #answer(listener, request, response) {
    const exchange = await readExchange(request, listener.origin, () => this.#authorization.now());
    const { endpoint, answer: answerIt } = this.#routeOf(exchange, listener);
    const fault = this.#faults.take(endpoint);
    const answer = fault && standsIn(fault) ? answerOf(fault) : alter(fault ?? {}, await answerIt());
    const status = fault?.reset ? null : answer.status;
    // Before it is sent: whoever has the answer finds the record.
    this.#log.add(new RequestRecord(exchange, endpoint, answer, { fault: fault !== null, status }));
    await send(response, answer, {
      now: () => this.#authorization.now(),
      signal: this.#closing.signal,
      delivery: fault ?? {},
      reset: () => listener.resetConnection(request),
    });
  }

  /**
   * @param {Exchange} exchange
   * @param {Listener} listener
   * @returns {Route}
   */
  #routeOf(exchange, listener) {
    if (listener === this.#listeners.downloads) {
      return { endpoint: 'download', answer: () => this.#fhir.download(exchange) };
    }
    const [authorization, fhir] = [this.#authorization, this.#fhir];
    return routeOf(exchange, { authorization, fhir, serverKeys: () => this.#publicKeys() });
  }

  /** Nothing here is signed with it; clients that read the metadata expect a key set. */
  #publicKeys() {
    this.#serverKeys ??= publicJwks(generateJwks('ES256'));
    return this.#serverKeys;
  }
}

module.exports = { SmartServer };
