/**
 * A file to make, and what a keystore of it is.
 *
 * @typedef {object} Row
 * @property {string} file
 * @property {'jwks' | 'pem' | 'der' | 'pkcs12' | 'jks'} format `KeystoreInfo.format`
 * @property {string} producer
 * @property {string} command what makes it, run in a folder with the files of `key`
 * @property {string} [prepare] command that has to come first
 * @property {string} content
 * @property {string} [key] kind of the key in key.pem; without one the command makes a key of its own
 * @property {string} [undo] command that turns the file back into PEM, where no tool reads it as it is
 * @property {string} [passphrase]
 * @property {string} [keyPassphrase]
 * @property {string} [alias]
 * @property {string} [keyId]
 * @property {string} [algorithm]
 * @property {number} [certificates]
 * @property {string} [code] of the refusal, instead of `algorithm` and `certificates`
 * @property {string} [family] name of its encryption: the file is also tried with a wrong passphrase and none
 */

export const PASSPHRASE = 'kitten-42';
export const KEY_PASSPHRASE = 'puppy-2023';
export const WRONG_PASSPHRASE = 'wrong-guess';

export const OPENSSL = 'OpenSSL 3.0';
export const OPENSSL_AS_1_1 = 'OpenSSL 3.0, as OpenSSL 1.1 wrote it';
export const OPENSSL_AS_WINDOWS =
  'OpenSSL 3.0, as Windows PowerShell (New-SelfSignedCertificate, Export-PfxCertificate) writes it';
export const KEYTOOL = 'keytool (JDK 17)';
export const JOSE = 'jose';
export const NODE = 'Node.js crypto';

export const UNUSABLE_KEY = 'ERR_KEYSTORE_UNUSABLE_KEY';
export const UNSUPPORTED = 'ERR_KEYSTORE_UNSUPPORTED';
export const WITH_PASSPHRASE = 'ERR_KEYSTORE_PASSPHRASE';

/** What signs where neither the key nor anybody else says otherwise. */
const ALGORITHMS = { rsa: 'RS384', p256: 'ES256', p384: 'ES384', p521: 'ES512', ed25519: 'EdDSA' };

export const NAMES = {
  rsa1024: 'RSA-1024',
  rsa2048: 'RSA-2048',
  rsa3072: 'RSA-3072',
  rsa4096: 'RSA-4096',
  rsa8192: 'RSA-8192',
  p224: 'P-224',
  p256: 'P-256',
  p384: 'P-384',
  p521: 'P-521',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
  x25519: 'X25519',
  secp256k1: 'secp256k1',
  dsa: 'DSA-2048',
};

/** @type {(kind: string) => string} */
export function algorithmOf(kind) {
  return ALGORITHMS[kind.startsWith('rsa') ? 'rsa' : kind];
}
