'use strict';

const { AccessTokens } = require('./access-tokens.js');
const { Checks } = require('./checks.js');
const { authenticateClient } = require('./client-authentication.js');
const { Clients } = require('./clients.js');
const { DEFAULTS } = require('./settings.js');
const { Refusal, listed, quoted } = require('./refusal.js');
const { grant, problemOf } = require('./scopes.js');
const { UsedJtis } = require('./used-jtis.js');

/**
 * @typedef {import('./exchange.js').Answer} Answer
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {import('./settings.js').Settings} Settings
 */

const FORM = 'application/x-www-form-urlencoded';
const CREDENTIALS = ['client_id', 'client_secret', 'client_assertion', 'access_token'];
/** RFC 6749 §5.1; refusals are not to be kept either. */
const NO_STORE = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** Clients, their tokens, and the endpoint where they get them (RFC 6749 §4.4; SMART Backend Services). */
class AuthorizationServer {
  /** @type {Settings} */
  #settings = DEFAULTS;
  #checks = new Checks(true);

  /** @param {{ issuer: string } & import('./clients.js').ClientServer} server */
  constructor({ issuer, jwksUrlOf, fetching }) {
    this.issuer = issuer;
    this.tokenEndpoint = `${issuer}/token`;
    this.clients = new Clients({ jwksUrlOf, fetching });
    this.tokens = new AccessTokens();
    this.nowSeconds = () => this.now().getTime() / 1000;
    this.usedJtis = new UsedJtis(this.nowSeconds);
  }

  get settings() {
    return this.#settings;
  }

  set settings(settings) {
    this.#settings = settings;
    this.#checks = new Checks(settings.checks);
  }

  get checks() {
    return this.#checks;
  }

  /** By this server's own clock. */
  now() {
    return new Date(Date.now() + this.#settings.clockOffsetSeconds * 1000);
  }

  /** What an assertion's aud may be. */
  audiences() {
    const { audience, behindTlsProxy } = this.#settings;
    const meant = /** @type {string[]} */ ([audience].flat()).map((text) => {
      if (text === 'token_endpoint') return this.tokenEndpoint;
      return text === 'issuer' ? this.issuer : text;
    });
    return behindTlsProxy ? meant.map((text) => text.replace(/^https:/, 'http:')) : meant;
  }

  /**
   * @param {{ clientId: string, scopes: readonly string[], lifetimeSeconds?: number }} token
   */
  issueToken({ clientId, scopes, lifetimeSeconds = this.#settings.tokenLifetimeSeconds }) {
    return this.tokens.issue({ clientId, scopes, endsAtMs: this.now().getTime() + lifetimeSeconds * 1000 });
  }

  /**
   * @param {Exchange} exchange a request to the token endpoint
   * @returns {Promise<Answer>}
   */
  async answerTokenRequest(exchange) {
    try {
      checkRequest(this.#checks, exchange);
      const form = formOf(this.#checks, exchange.body);
      checkGrantType(this.#checks, form);
      const client = await authenticateClient(this, exchange, form);
      const scopes = grantedScopes(this, client, form.get('scope'));
      const token = this.issueToken({ clientId: client.clientId, scopes });
      return {
        status: 200,
        headers: NO_STORE,
        body: {
          access_token: token.value,
          token_type: 'bearer',
          expires_in: this.#settings.tokenLifetimeSeconds,
          scope: scopes.join(' '),
        },
        clientId: client.clientId,
        tokenNumber: token.number,
      };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return {
        status: error.status,
        headers: { ...NO_STORE, ...error.headers },
        body: {
          error: error.error,
          ...(this.#settings.explain ? { error_description: error.description } : {}),
        },
        refusal: error,
      };
    }
  }
}

/**
 * @param {InstanceType<typeof Checks>} checks
 * @param {Exchange} exchange
 */
function checkRequest(checks, { method, url, headers }) {
  checks.require(
    'method',
    method === 'POST',
    () => `the token endpoint was asked by ${method}, and takes POST only`,
  );
  const credential = CREDENTIALS.find((name) => url.searchParams.has(name));
  checks.require(
    'credentialsInUrl',
    credential === undefined,
    () => `${credential} is in the URL, where logs and proxies see it; credentials belong into the body`,
  );
  const type = headers['content-type'];
  checks.require(
    'contentType',
    type !== undefined && new RegExp(`^${FORM}(\\s*;\\s*charset="?utf-8"?)?$`, 'i').test(type),
    () => `the Content-Type is ${quoted(type)}, and has to be '${FORM}'`,
  );
}

/**
 * A parameter without a value counts as left out (RFC 6749 §3.2).
 *
 * @param {InstanceType<typeof Checks>} checks
 * @param {string} body
 */
function formOf(checks, body) {
  const pairs = [...new URLSearchParams(body)].filter(([, value]) => value !== '');
  const names = pairs.map(([name]) => name);
  // RFC 8707 §2 and RFC 8693 §2.1 let these two be repeated.
  const repeated = names.find(
    (name, index) => names.indexOf(name) !== index && name !== 'resource' && name !== 'audience',
  );
  checks.require(
    'repeatedParameters',
    repeated === undefined,
    () => `the parameter ${quoted(repeated)} is there more than once`,
  );
  return new URLSearchParams(pairs);
}

/**
 * @param {InstanceType<typeof Checks>} checks
 * @param {URLSearchParams} form
 */
function checkGrantType(checks, form) {
  const grantType = form.get('grant_type');
  checks.require(
    'grantType',
    grantType !== null,
    () => "the parameter grant_type is missing, and has to be 'client_credentials'",
    { error: 'invalid_request' },
  );
  checks.require(
    'grantType',
    grantType === 'client_credentials',
    () => `grant_type is ${quoted(grantType ?? undefined)}, and has to be 'client_credentials'`,
  );
}

/**
 * @param {AuthorizationServer} server
 * @param {import('./assertion-checks.js').Client} client
 * @param {string | null} scope
 */
function grantedScopes({ checks, settings }, client, scope) {
  try {
    checks.require('scope', scope !== null, () => 'the parameter scope is missing', {
      rule: 'SMART App Launch, Backend Services',
    });
    if (scope === null) return client.scopes;
    checks.require('scope', problemOf(scope) === null, () => String(problemOf(scope)));
    const asked = scope.split(' ').filter(Boolean);
    const granted = grant(asked, client.scopes);
    const beyond = asked.filter((name) => !granted.includes(name));
    if (granted.length > 0 && (beyond.length === 0 || settings.wideScopes === 'narrow')) return granted;
    throw new Refusal({
      rule: 'RFC 6749 §5.2',
      error: 'invalid_scope',
      explanation: `the client asks for ${listed(beyond)}, and is registered for ${listed(client.scopes)}`,
    });
  } catch (error) {
    if (error instanceof Refusal) error.clientId = client.clientId;
    throw error;
  }
}

module.exports = { AuthorizationServer };
