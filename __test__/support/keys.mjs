import { createPrivateKey, randomUUID } from 'node:crypto';
import { generatePrivateKey } from '../../examples/embedded/private-keys.mjs';

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' };
const PUBLIC_MEMBERS = ['kty', 'kid', 'alg', 'use', 'n', 'e', 'crv', 'x', 'y'];

/**
 * Key material made when a test runs.
 *
 * @typedef {{ keys: Record<string, string>[] }} Jwks
 */

/**
 * A private JWKS with one RSA key.
 *
 * @param {{ alg?: string, kid?: string, bits?: number }} [options] `alg`: RS256 … PS512
 * @returns {Jwks}
 */
export function rsaJwks({ alg = 'RS384', kid = randomUUID(), bits = 2048 } = {}) {
  return jwksOf(generatePrivateKey('rsa', { modulusLength: bits }), { alg, kid });
}

/**
 * A private JWKS with one key on the curve that `alg` belongs to.
 *
 * @param {{ alg?: 'ES256' | 'ES384' | 'ES512', kid?: string }} [options]
 * @returns {Jwks}
 */
export function ecJwks({ alg = 'ES384', kid = randomUUID() } = {}) {
  return jwksOf(generatePrivateKey('ec', { namedCurve: CURVES[alg] }), { alg, kid });
}

/**
 * A private JWKS with one Ed25519 key.
 *
 * @param {{ kid?: string }} [options]
 * @returns {Jwks}
 */
export function edJwks({ kid = randomUUID() } = {}) {
  return jwksOf(generatePrivateKey('ed25519'), { alg: 'EdDSA', kid });
}

/**
 * What a server gets to see of it. A key that is listed as a verifying and a signing entry comes out once.
 *
 * @param {Jwks} jwks
 * @returns {Jwks}
 */
export function publicJwks({ keys }) {
  const seen = new Map();
  for (const key of keys) {
    const members = PUBLIC_MEMBERS.filter((name) => key[name] !== undefined);
    const publicKey = Object.fromEntries(members.map((name) => [name, key[name]]));
    seen.set(JSON.stringify([key.kid, key.n ?? key.x]), publicKey);
  }
  return { keys: [...seen.values()] };
}

/**
 * The first private key as node:crypto has it.
 *
 * @param {Jwks} jwks
 */
export function privateKeyOf({ keys }) {
  return createPrivateKey({ key: keys.find((key) => key.d), format: 'jwk' });
}

/**
 * `PRIVATE KEY`, whatever the key's type.
 *
 * @param {Jwks} jwks
 */
export function pkcs8Pem(jwks) {
  return privateKeyOf(jwks).export({ type: 'pkcs8', format: 'pem' });
}

/**
 * `RSA PRIVATE KEY`.
 *
 * @param {Jwks} jwks
 */
export function pkcs1Pem(jwks) {
  return privateKeyOf(jwks).export({ type: 'pkcs1', format: 'pem' });
}

/**
 * `EC PRIVATE KEY`.
 *
 * @param {Jwks} jwks
 */
export function sec1Pem(jwks) {
  return privateKeyOf(jwks).export({ type: 'sec1', format: 'pem' });
}

function jwksOf(privateKey, { alg, kid }) {
  return { keys: [{ ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' }] };
}
