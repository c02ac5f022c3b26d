import { createPrivateKey, generateKeyPairSync } from 'node:crypto';

/**
 * A new private key. It is read from an encoding because of Node.js 20, which can hang where a key is exported as a JWK
 * as generateKeyPairSync returned it: garbage collection in that export may come to the generation, whose end waits for
 * a lock that the export holds.
 *
 * @param {'rsa' | 'ec' | 'ed25519'} type
 * @param {{ modulusLength?: number, namedCurve?: string }} [options] those of `generateKeyPairSync`
 */
export function generatePrivateKey(type, options) {
  const { privateKey } = generateKeyPairSync(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return createPrivateKey(privateKey);
}
