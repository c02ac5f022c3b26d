'use strict';

const {
  MAC_ALGORITHMS,
  SIGNATURE_ALGORITHMS,
  fits,
  isSignedBy,
  isSignedBySecret,
} = require('./json-web-keys.js');
const { Refusal, listed, quoted } = require('./refusal.js');

/**
 * @typedef {InstanceType<typeof import('./authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {InstanceType<typeof import('./checks.js').Checks>} Checks
 * @typedef {import('./compact-jws.js').CompactJws} CompactJws
 * @typedef {import('./json-web-keys.js').Jwk} Jwk
 * @typedef {NonNullable<ReturnType<AuthorizationServer['clients']['find']>>} Client
 */

/** SMART App Launch: exp is no more than five minutes ahead. */
const LONGEST_LIFETIME_SECONDS = 300;
/** What a jti may be long; Epic's limit is 151. */
const LONGEST_JTI = 151;

/**
 * The JOSE header, and which of the client's keys it names.
 *
 * @param {AuthorizationServer} server
 * @param {Client} client
 * @param {CompactJws} jws
 */
function checkHeader({ checks, settings }, client, { header }) {
  const { alg, typ, jku, crit } = header;
  if (![...SIGNATURE_ALGORITHMS, ...MAC_ALGORITHMS].includes(alg)) {
    throw new Refusal({
      rule: 'RFC 7518 §3.1',
      error: 'invalid_client',
      status: 401,
      explanation: `the assertion's alg is ${quoted(alg)}, which no assertion can be verified by`,
    });
  }
  checks.require(
    'algorithm',
    settings.algorithms.includes(alg),
    () =>
      `the assertion's alg is ${quoted(alg)}; token_endpoint_auth_signing_alg_values_supported lists ` +
      listed(settings.algorithms),
  );
  const types = [settings.typ].flat();
  checks.require(
    'typ',
    types.includes(typ ?? null),
    () =>
      `the assertion's typ is ${quoted(typ)}, and has to be ${types.map((type) => quoted(type ?? undefined)).join(' or ')}`,
  );
  checks.require(
    'jwksUrl',
    jku === undefined || jku === client.jwksUrl,
    () => `the assertion's jku is ${quoted(jku)}, and the client has registered ${quoted(client.jwksUrl)}`,
  );
  checks.require(
    'critical',
    crit === undefined,
    () => 'the assertion has a crit header, and this server understands no extensions',
  );
}

/**
 * @param {AuthorizationServer} server
 * @param {Client} client
 * @param {CompactJws} jws
 */
async function checkSignature(server, client, jws) {
  const { alg } = jws.header;
  if (MAC_ALGORITHMS.includes(alg)) {
    const { clientSecret } = client;
    server.checks.require(
      'signature',
      clientSecret !== null && isSignedBySecret(clientSecret, alg, jws),
      () => "the assertion's HMAC was not made with the client's secret",
    );
    return;
  }
  const keys = await keysFor(server.checks, client, jws.header);
  server.checks.require(
    'signature',
    keys.some((key) => isSignedBy(key, alg, jws)),
    () =>
      keys.length === 1
        ? `the assertion's signature was not made with the registered key ${quoted(keys[0].kid)}`
        : `the assertion's signature was made with none of the ${keys.length} registered keys for ${alg}`,
  );
}

/**
 * @param {Checks} checks
 * @param {Client} client
 * @param {Readonly<Record<string, any>>} header
 * @returns {Promise<Jwk[]>}
 */
async function keysFor(checks, client, { alg, kid }) {
  const { keys } = await client.verificationKeys().catch((error) => {
    throw new Refusal({
      rule: 'RFC 7591 §2',
      error: 'invalid_client',
      status: 401,
      explanation: `the client's keys cannot be fetched from ${client.jwksUrl}: ${error.message}`,
    });
  });
  // Never undefined against undefined: SMART wants a kid in the assertion and in the key.
  const named = kid === undefined ? [] : keys.filter((key) => key.kid === kid);
  checks.require('keyId', named.length > 0, () =>
    kid === undefined
      ? 'the assertion has no kid'
      : `the assertion's kid is ${quoted(kid)}, and the client has registered ${keyIdsOf(keys)}`,
  );
  const candidates = (named.length > 0 ? named : keys).filter((key) => fits(key, alg));
  checks.require('signature', candidates.length > 0, () => {
    const [{ kty, crv, alg: own } = {}] = named;
    return `the assertion is signed ${alg}, and the registered key is ${[kty, crv, own].filter(Boolean).join(' ') || 'none'}`;
  });
  return candidates;
}

/** @param {readonly Jwk[]} keys */
function keyIdsOf(keys) {
  if (keys.length === 0) return 'none';
  return keys.map(({ kid }) => (kid === undefined ? 'a key without a kid' : quoted(kid))).join(', ');
}

/**
 * @param {AuthorizationServer} server
 * @param {Readonly<Record<string, any>>} claims
 * @param {string | null} clientId the parameter
 */
function checkClaims(server, claims, clientId) {
  const { checks } = server;
  const { iss, sub, aud } = claims;
  checks.require(
    'issuer',
    typeof iss === 'string' && iss === sub,
    () => `iss is ${quoted(iss)} and sub is ${quoted(sub)}; both have to be the client's id`,
  );
  checks.require(
    'clientId',
    clientId === null || clientId === sub,
    () => `the parameter client_id is ${quoted(clientId)}, and the assertion's sub is ${quoted(sub)}`,
  );
  const audiences = server.audiences();
  checks.require('audience', typeof aud === 'string' && audiences.includes(aud), () => {
    if (Array.isArray(aud)) return 'aud is a list, and this server takes a single text only';
    return `aud is ${quoted(aud)}, and has to be ${audiences.map(quoted).join(' or ')}, byte for byte`;
  });
  checkTimes(server, claims);
}

/**
 * @param {AuthorizationServer} server
 * @param {Readonly<Record<string, any>>} claims
 */
function checkTimes({ checks, settings, nowSeconds }, { exp, iat, nbf }) {
  const now = nowSeconds();
  const leeway = settings.leewaySeconds;
  const clock = `by the server's clock, which says ${new Date(now * 1000).toISOString()}`;
  checks.require(
    'expiry',
    Number.isInteger(exp),
    () => `exp is ${quoted(exp)}, and has to be whole seconds since 1970`,
  );
  checks.require('expiry', !(exp <= now - leeway), () => `exp passed ${span(now - exp)} ago ${clock}`);
  checks.require('expiry', !(exp > now + LONGEST_LIFETIME_SECONDS + leeway), () =>
    exp > 1e11
      ? `exp is ${exp}, which looks like milliseconds, and has to be seconds`
      : `exp is ${span(exp - now)} ahead ${clock}; ${LONGEST_LIFETIME_SECONDS} s is the longest`,
  );
  for (const [check, name, value] of /** @type {const} */ ([
    ['issuedAt', 'iat', iat],
    ['notBefore', 'nbf', nbf],
  ])) {
    if (value === undefined) continue;
    checks.require(
      check,
      typeof value === 'number',
      () => `${name} is ${quoted(value)}, and has to be a number`,
    );
    checks.require(check, !(value > now + leeway), () => `${name} is ${span(value - now)} ahead ${clock}`);
  }
}

/**
 * Of an assertion that is good in every other way: only then is its jti used up.
 *
 * @param {AuthorizationServer} server
 * @param {Readonly<Record<string, any>>} claims
 */
function checkReplay({ checks, settings, usedJtis }, { sub, jti, exp }) {
  checks.require(
    'jti',
    typeof jti === 'string' && jti !== '' && jti.length <= LONGEST_JTI,
    () => `jti is ${quoted(jti)}, and has to be a text of 1 to ${LONGEST_JTI} characters`,
  );
  const isNew = usedJtis.use(`${sub} ${jti}`, exp, settings.leewaySeconds);
  checks.require(
    'jti',
    isNew,
    () => `jti ${quoted(jti)} has been used before; an assertion is good for one request`,
  );
}

/** @param {number} seconds */
function span(seconds) {
  const whole = Math.round(seconds);
  return whole < 120 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

module.exports = { checkClaims, checkHeader, checkReplay, checkSignature };
