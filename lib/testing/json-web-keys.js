'use strict';

const {
  constants,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  timingSafeEqual,
  verify,
} = require('node:crypto');

/**
 * @typedef {Record<string, any>} Jwk
 * @typedef {{ keys: Jwk[] }} Jwks
 */

const PUBLIC_MEMBERS = [
  'kty',
  'kid',
  'use',
  'key_ops',
  'alg',
  'n',
  'e',
  'crv',
  'x',
  'y',
  'x5c',
  'x5t',
  'x5t#S256',
];
/** In the order of RFC 7638 §3.2 and RFC 8037 §2. */
const THUMBPRINT_MEMBERS = /** @type {Record<string, string[]>} */ ({
  RSA: ['e', 'kty', 'n'],
  EC: ['crv', 'kty', 'x', 'y'],
  OKP: ['crv', 'kty', 'x'],
});

/**
 * JOSE names (RFC 7518 §3.1, RFC 8037 §3.1) and what they are in node:crypto.
 *
 * @type {Record<string, { kty: string, hash: string | null, crv?: string, options?: object }>}
 */
const SIGNATURES = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  RS384: { kty: 'RSA', hash: 'sha384' },
  RS512: { kty: 'RSA', hash: 'sha512' },
  PS256: pss('sha256', 32),
  PS384: pss('sha384', 48),
  PS512: pss('sha512', 64),
  ES256: ecdsa('sha256', 'P-256'),
  ES384: ecdsa('sha384', 'P-384'),
  ES512: ecdsa('sha512', 'P-521'),
  EdDSA: { kty: 'OKP', hash: null, crv: 'Ed25519' },
};
/** @type {Record<string, string>} */
const MACS = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };
/** @type {import('node:crypto').ED25519KeyPairOptions<'der', 'der'>} */
const ENCODED = {
  publicKeyEncoding: { type: 'spki', format: 'der' },
  privateKeyEncoding: { type: 'pkcs8', format: 'der' },
};
const SIGNATURE_ALGORITHMS = /** @type {readonly import('./index.js').SigningAlgorithm[]} */ (
  Object.freeze(Object.keys(SIGNATURES))
);
const MAC_ALGORITHMS = /** @type {readonly ('HS256' | 'HS384' | 'HS512')[]} */ (
  Object.freeze(Object.keys(MACS))
);

/**
 * @param {string} hash
 * @param {number} saltLength that of the hash (RFC 7518 §3.5)
 */
function pss(hash, saltLength) {
  return { kty: 'RSA', hash, options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength } };
}

/**
 * @param {string} hash
 * @param {string} crv
 */
function ecdsa(hash, crv) {
  // R and S side by side, not in DER (RFC 7518 §3.4).
  return { kty: 'EC', hash, crv, options: { dsaEncoding: /** @type {const} */ ('ieee-p1363') } };
}

/**
 * A private JWKS with one new key.
 *
 * @param {string} algorithm
 * @param {string} [keyId] default: the RFC 7638 thumbprint
 * @returns {Jwks}
 */
function generateJwks(algorithm, keyId) {
  const key = { ...newKey(algorithm).export({ format: 'jwk' }), alg: algorithm, use: 'sig' };
  return { keys: [{ ...key, kid: keyId ?? thumbprint(key) }] };
}

/** @param {string} algorithm */
function newKey(algorithm) {
  // Read from an encoding: Node 20 can hang where a KeyObject of generateKeyPairSync is exported as a JWK. Garbage
  // collection within that export may meet the generation, whose end waits for the lock that the export holds.
  return createPrivateKey({ key: newPkcs8(algorithm), format: 'der', type: 'pkcs8' });
}

/** @param {string} algorithm */
function newPkcs8(algorithm) {
  const { kty, crv = '' } = SIGNATURES[algorithm];
  if (kty === 'RSA') return generateKeyPairSync('rsa', { modulusLength: 2048, ...ENCODED }).privateKey;
  if (kty === 'OKP') return generateKeyPairSync('ed25519', ENCODED).privateKey;
  return generateKeyPairSync('ec', { namedCurve: crv, ...ENCODED }).privateKey;
}

/** @param {Jwk} jwk */
function thumbprint(jwk) {
  const members = THUMBPRINT_MEMBERS[jwk.kty].map((name) => [name, jwk[name]]);
  return createHash('sha256')
    .update(JSON.stringify(Object.fromEntries(members)))
    .digest('base64url');
}

/**
 * The public half of what may be a private set. Keys that are not asymmetric are left out; so is the second of a pair
 * that is listed as a private and a public entry.
 *
 * @param {Jwks} jwks
 * @returns {Jwks}
 */
function publicJwks({ keys }) {
  const found = new Map();
  for (const key of keys) {
    if (!Object.hasOwn(THUMBPRINT_MEMBERS, key.kty)) continue;
    const members = PUBLIC_MEMBERS.filter(
      (name) => key[name] !== undefined && !(name === 'key_ops' && key.d),
    );
    found.set(`${key.kid} ${key.n ?? key.x}`, Object.fromEntries(members.map((name) => [name, key[name]])));
  }
  return { keys: [...found.values()] };
}

/**
 * Whether this key can have made a signature of that algorithm, and is for it (RFC 7517 §4).
 *
 * @param {Jwk} key
 * @param {string} algorithm
 */
function fits(key, algorithm) {
  const { kty, crv } = SIGNATURES[algorithm] ?? {};
  return (
    key.kty === kty &&
    (crv === undefined || key.crv === crv) &&
    (key.alg === undefined || key.alg === algorithm) &&
    (key.use === undefined || key.use === 'sig') &&
    (key.key_ops === undefined || key.key_ops.includes('verify'))
  );
}

/**
 * @param {Jwk} key that fits
 * @param {string} algorithm
 * @param {{ signingInput: string, signature: Buffer }} jws
 */
function isSignedBy(key, algorithm, { signingInput, signature }) {
  const { hash, options } = SIGNATURES[algorithm];
  try {
    const publicKey = createPublicKey({ key, format: 'jwk' });
    return verify(hash, Buffer.from(signingInput), { key: publicKey, ...options }, signature);
  } catch {
    return false;
  }
}

/**
 * @param {string} secret
 * @param {string} algorithm
 * @param {{ signingInput: string, signature: Buffer }} jws
 */
function isSignedBySecret(secret, algorithm, { signingInput, signature }) {
  const expected = createHmac(MACS[algorithm], secret).update(signingInput).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}

module.exports = {
  MAC_ALGORITHMS,
  SIGNATURE_ALGORITHMS,
  fits,
  generateJwks,
  isSignedBy,
  isSignedBySecret,
  publicJwks,
};
