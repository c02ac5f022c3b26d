'use strict';

const { Refusal, quoted } = require('../refusal.js');
const { permits } = require('../scopes.js');
const { outcome } = require('./operation-outcome.js');

/**
 * @typedef {import('../access-tokens.js').AccessToken} AccessToken
 * @typedef {InstanceType<typeof import('../authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {import('../exchange.js').Answer} Answer
 * @typedef {import('../exchange.js').Exchange} Exchange
 */

/** Of issues, by the error of RFC 6750 §3.1. */
const ISSUE_CODES = /** @type {Record<string, string>} */ ({
  '': 'login',
  invalid_token: 'login',
  insufficient_scope: 'forbidden',
});
const LETTERS = /** @type {Record<string, string>} */ ({
  c: 'create',
  r: 'read',
  u: 'update',
  d: 'delete',
  s: 'search',
});

/**
 * The living token that a request carries (RFC 6750 §2).
 *
 * @param {AuthorizationServer} server
 * @param {Exchange} exchange
 * @returns {AccessToken}
 */
function bearerTokenOf(server, { headers, url }) {
  const { checks, tokens } = server;
  const inUrl = url.searchParams.get('access_token');
  checks.require(
    'tokenInUrl',
    inUrl === null,
    () =>
      'the access token is in the URL, where logs and proxies see it; it belongs into the Authorization header',
  );
  const authorization = headers.authorization ?? (inUrl === null ? undefined : `Bearer ${inUrl}`);
  if (authorization === undefined) {
    // Without an error: RFC 6750 §3.1 has none for a request that does not try.
    const explanation = 'the request has no Authorization header';
    throw new Refusal({ rule: 'RFC 6750 §2.1', error: '', status: 401, explanation });
  }
  const value = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(authorization)?.[1];
  if (value === undefined) {
    throw invalidToken(problemOf(authorization));
  }
  const token = tokens.find(value);
  if (token === null) throw invalidToken('this server has not issued the access token');
  const lateMs = server.now().getTime() - token.endsAtMs;
  const name = `access token number ${token.number}, of ${quoted(token.clientId)},`;
  if (token.revoked) throw invalidToken(`${name} has been revoked`, token);
  if (lateMs >= 0) throw invalidToken(`${name} expired ${lateMs / 1000} s ago by the server's clock`, token);
  return token;
}

/** Schemes that a client may send by mistake. Of anything else the first word may be the token itself. */
const OTHER_SCHEME = /^(?:Basic|Digest|DPoP|Negotiate|Token)(?= )/i;

/** @param {string} authorization that is not one Bearer token */
function problemOf(authorization) {
  if (/^bearer(?: |$)/i.test(authorization))
    return 'the Authorization header has more or other than one Bearer token';
  const [scheme] = OTHER_SCHEME.exec(authorization) ?? [];
  return scheme === undefined
    ? 'the Authorization header does not begin with the scheme Bearer and a space'
    : `the Authorization header is of the scheme ${quoted(scheme)}, and has to be Bearer`;
}

/**
 * @param {AccessToken} token
 * @param {string} type
 * @param {string} letter of `cruds`
 */
function requireScope({ scopes }, type, letter) {
  if (permits(scopes, type, letter)) return;
  throw new Refusal({
    rule: 'RFC 6750 §3.1',
    error: 'insufficient_scope',
    status: 403,
    explanation: `to ${LETTERS[letter]} ${type} takes system/${type}.${letter}; the token has ${scopes.join(' ') || 'no scope'}`,
  });
}

/**
 * An OperationOutcome, with the challenge of RFC 6750 §3.
 *
 * @param {InstanceType<typeof Refusal>} refusal
 * @param {boolean} explain
 * @returns {Answer}
 */
function refused(refusal, explain) {
  const { status, error, headers, explanation, description } = refusal;
  const challenge = [
    'Bearer realm="fhir"',
    ...(error === '' ? [] : [`error="${error}"`]),
    ...(explain && error !== '' ? [`error_description="${description}"`] : []),
  ].join(', ');
  return {
    ...outcome(status, ISSUE_CODES[error] ?? 'invalid', explain ? explanation : 'The request was refused.', {
      ...headers,
      ...(status === 401 || status === 403 ? { 'www-authenticate': challenge } : {}),
    }),
    refusal,
  };
}

/**
 * @param {string} explanation
 * @param {AccessToken} [token]
 */
function invalidToken(explanation, token) {
  const refusal = new Refusal({ rule: 'RFC 6750 §3.1', error: 'invalid_token', status: 401, explanation });
  refusal.clientId = token?.clientId ?? null;
  refusal.tokenNumber = token?.number ?? null;
  return refusal;
}

module.exports = { bearerTokenOf, refused, requireScope };
