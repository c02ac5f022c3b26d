'use strict';

const { timingSafeEqual, createHash } = require('node:crypto');
const { checkClaims, checkHeader, checkReplay, checkSignature } = require('./assertion-checks.js');
const { readCompactJws } = require('./compact-jws.js');
const { MAC_ALGORITHMS } = require('./json-web-keys.js');
const { Refusal, listed, quoted } = require('./refusal.js');

/**
 * @typedef {InstanceType<typeof import('./authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {import('./assertion-checks.js').Client} Client
 */

const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const WRONG_SECRET = 'the secret in the Authorization header is not the one that the client has registered';
const WRONG_ENCODING = {
  rfc6749:
    'the secret in the Authorization header is raw, and id and secret have to be form-encoded before Base64',
  raw: 'the secret in the Authorization header is percent-encoded, and this server takes it raw',
};

/**
 * Who asks, by the one proof that the request has (RFC 6749 §2.3).
 *
 * @param {AuthorizationServer} server
 * @param {Exchange} exchange
 * @param {URLSearchParams} form
 * @returns {Promise<Client>}
 */
async function authenticateClient(server, exchange, form) {
  const ways = [
    ...(form.has('client_assertion') || form.has('client_assertion_type') ? ['a client assertion'] : []),
    ...Array(exchange.countOf('authorization')).fill('an Authorization header'),
    ...(form.has('client_secret') ? ['client_secret in the form'] : []),
  ];
  server.checks.require(
    'oneAuthentication',
    ways.length <= 1,
    () => `the client authenticates by ${ways.join(' and by ')}; one method at a time is allowed`,
  );
  const [way] = ways;
  try {
    if (way === 'a client assertion') return await byAssertion(server, form);
    if (way === 'an Authorization header') return byBasic(server, exchange, form);
    if (way !== undefined) return bySecretInForm(server, form);
    throw invalidClient('RFC 6749 §2.3', 'the request has no client authentication at all');
  } catch (error) {
    throw way === 'an Authorization header' && error instanceof Refusal ? challenged(error) : error;
  }
}

/**
 * @param {AuthorizationServer} server
 * @param {URLSearchParams} form
 */
async function byAssertion(server, form) {
  const type = form.get('client_assertion_type');
  server.checks.require('assertionType', type === JWT_BEARER, () =>
    type === null
      ? `client_assertion_type is missing, and has to be '${JWT_BEARER}'`
      : `client_assertion_type is ${quoted(type)}, and has to be '${JWT_BEARER}'`,
  );
  const text = form.get('client_assertion');
  const jws = text === null ? 'it is missing' : readCompactJws(text);
  if (typeof jws === 'string')
    throw invalidClient('RFC 7523 §3', `the client assertion cannot be read: ${jws}`);
  const { sub, iss } = jws.claims;
  const client = clientOf(server, sub ?? iss, "the assertion's sub");
  const method = MAC_ALGORITHMS.includes(jws.header.alg) ? 'client_secret_jwt' : 'private_key_jwt';
  return about(client, async () => {
    checkHeader(server, client, jws);
    checkMethod(server, client, method);
    checkClaims(server, jws.claims, form.get('client_id'));
    await checkSignature(server, client, jws);
    checkReplay(server, jws.claims);
    return client;
  });
}

/**
 * @param {AuthorizationServer} server
 * @param {Exchange} exchange
 * @param {URLSearchParams} form
 */
function byBasic(server, { headers }, form) {
  const value = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(headers.authorization)?.[1];
  const pair = value === undefined ? '' : Buffer.from(value, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 0) {
    throw invalidClient('RFC 7617 §2', 'the Authorization header is not Basic with the Base64 of id:secret');
  }
  const raw = { id: pair.slice(0, colon), secret: pair.slice(colon + 1) };
  const decoded = { id: formDecoded(raw.id), secret: formDecoded(raw.secret) };
  const { basicEncoding } = server.settings;
  const readings = basicEncoding === 'raw' ? [raw] : basicEncoding === 'rfc6749' ? [decoded] : [decoded, raw];
  const known = readings.find(({ id }) => id !== null && server.clients.find(id) !== null);
  const client = clientOf(server, (known ?? readings[0]).id, 'the user name of HTTP Basic');
  return about(client, () => {
    checkMethod(server, client, 'client_secret_basic');
    const clientId = form.get('client_id');
    server.checks.require(
      'clientId',
      clientId === null || clientId === client.clientId,
      () =>
        `the parameter client_id is ${quoted(clientId)}, and HTTP Basic is for ${quoted(client.clientId)}`,
    );
    if (readings.some(({ id, secret }) => id === client.clientId && isSecretOf(client, secret)))
      return client;
    const isOtherWay =
      basicEncoding !== 'either' && [decoded, raw].some(({ secret }) => isSecretOf(client, secret));
    throw invalidClient('RFC 6749 §2.3.1', isOtherWay ? WRONG_ENCODING[basicEncoding] : WRONG_SECRET);
  });
}

/**
 * @param {AuthorizationServer} server
 * @param {URLSearchParams} form
 */
function bySecretInForm(server, form) {
  const client = clientOf(server, form.get('client_id'), 'the parameter client_id');
  return about(client, () => {
    checkMethod(server, client, 'client_secret_post');
    if (isSecretOf(client, form.get('client_secret'))) return client;
    throw invalidClient('RFC 6749 §2.3.1', 'client_secret is not the one that the client has registered');
  });
}

/**
 * @param {AuthorizationServer} server
 * @param {unknown} id
 * @param {string} where
 */
function clientOf(server, id, where) {
  const client = typeof id === 'string' ? server.clients.find(id) : null;
  if (client !== null) return client;
  throw invalidClient(
    'RFC 6749 §5.2',
    `no client ${quoted(id ?? undefined)} is registered (${where}); registered are ${listed(server.clients.ids())}`,
  );
}

/**
 * @param {AuthorizationServer} server
 * @param {Client} client
 * @param {import('./index.js').ClientAuthMethod} method
 */
function checkMethod({ checks }, { clientAuthMethods }, method) {
  checks.require(
    'clientAuthMethod',
    clientAuthMethods.includes(method),
    () =>
      `the client authenticates by ${method}, and is registered for ${clientAuthMethods.join(', ') || 'no method'}`,
  );
}

/**
 * Names the client in whatever refusal comes.
 *
 * @template T
 * @param {Client} client
 * @param {() => T} check
 * @returns {T}
 */
function about(client, check) {
  const name = (/** @type {unknown} */ error) => {
    if (error instanceof Refusal) error.clientId = client.clientId;
    throw error;
  };
  try {
    const result = check();
    return result instanceof Promise ? /** @type {T} */ (result.catch(name)) : result;
  } catch (error) {
    return name(error);
  }
}

/**
 * RFC 6749 §5.2: 401 and a challenge of the scheme that the client used.
 *
 * @param {InstanceType<typeof Refusal>} refusal
 */
function challenged(refusal) {
  if (refusal.error === 'invalid_client') {
    refusal.status = 401;
    refusal.headers = { 'www-authenticate': 'Basic realm="token endpoint", charset="UTF-8"' };
  }
  return refusal;
}

/**
 * @param {string} rule
 * @param {string} explanation
 */
function invalidClient(rule, explanation) {
  return new Refusal({ rule, error: 'invalid_client', status: 401, explanation });
}

/** @param {string} text */
function formDecoded(text) {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return null;
  }
}

/**
 * @param {Client} client
 * @param {string | null} secret
 */
function isSecretOf({ clientSecret }, secret) {
  if (clientSecret === null || secret === null) return false;
  const [own, given] = [clientSecret, secret].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(own, given);
}

module.exports = { authenticateClient };
