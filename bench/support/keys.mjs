import { generatePrivateKey } from '../../examples/embedded/private-keys.mjs';

const KINDS = {
  ES384: ['ec', { namedCurve: 'P-384' }, 'ES384'],
  'RSA-2048': ['rsa', { modulusLength: 2048 }, 'RS384'],
  'RSA-4096': ['rsa', { modulusLength: 4096 }, 'RS384'],
};

/**
 * A new key, in the forms that the clients take.
 *
 * @param {keyof typeof KINDS} kind
 */
export function generateKey(kind) {
  const [type, options, alg] = KINDS[kind];
  const privateKey = generatePrivateKey(type, options);
  return {
    alg,
    kid: kind,
    jwk: { ...privateKey.export({ format: 'jwk' }), kid: kind, alg },
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }),
  };
}
