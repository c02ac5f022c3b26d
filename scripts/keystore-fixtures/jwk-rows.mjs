import { algorithmOf, JOSE, NAMES, NODE } from './row.mjs';

const HL7 = 'HL7, SMART App Launch 2.2.0';

/** JWK and JWKS with keys that sign; the commands are JavaScript. @type {import('./row.mjs').Row[]} */
export const JWK_ROWS = [
  jose('jose-rsa.jwk', 'rsa2048', 'RS384', ''),
  jose('jose-ps256.jwk', 'rsa3072', 'PS256', ', modulusLength: 3072', "alg: 'PS256'", { algorithm: 'PS256' }),
  jose('jose-p256.jwk', 'p256', 'ES256', ''),
  jose('jose-p384.jwk', 'p384', 'ES384', ''),
  jose('jose-p521.jwk', 'p521', 'ES512', ''),
  jose('jose-ed25519.jwk', 'ed25519', 'EdDSA', ''),
  row({
    file: 'node.jwk',
    producer: NODE,
    command: "crypto.generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' })",
    content: 'JWK without kid and alg, Ed25519',
    algorithm: algorithmOf('ed25519'),
  }),
  ...['mkjwk.jwk', 'mkjwk-set.jwks'].map((file) => {
    const isSet = file.endsWith('jwks');
    const members = "use: 'sig', alg: 'RS256', kid: 'mkjwk-key'";
    const key = keyOf('RS256', '', members);
    return row({
      file,
      producer: 'jose, in the form of mkjwk.org',
      command: isSet ? `({ keys: [${key}] })` : key,
      content: `${isSet ? 'JWKS' : 'JWK'} with use, alg and kid, RSA-2048`,
      keyId: 'mkjwk-key',
      algorithm: 'RS256',
    });
  }),
  ...[
    ['JWKS text, two keys, the first one signs; RSA-2048', undefined],
    ['JWKS text, the second of two keys by its kid; RSA-2048', 'smile-2'],
  ].map(([content, keyId]) =>
    row({
      file: 'smile.jwks',
      producer: "Node.js crypto, in the form of Smile's documentation",
      command:
        "JSON.stringify({ keys: ['smile-1', 'smile-2'].map((kid) => ({ ...crypto.generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' }), use: 'sig', kid })) }, null, 2)",
      content,
      keyId,
      algorithm: 'RS384',
    }),
  ),
  row({
    file: 'bom.jwks',
    producer: JOSE,
    command: `'\\uFEFF' + JSON.stringify({ keys: [${keyOf('ES384', '', "kid: 'after-a-mark'")}] })`,
    content: 'JWKS, UTF-8 with byte order mark, P-384',
    algorithm: 'ES384',
  }),
  ...['RS384', 'ES384'].map((algorithm) =>
    row({
      file: `../smart-app-launch/${algorithm}.private.json`,
      producer: HL7,
      command: `input/images/${algorithm}.private.json`,
      content: `JWKS with one kid for the public and the private entry, ${algorithm === 'RS384' ? 'RSA-2048' : 'P-384'}`,
      algorithm,
    }),
  ),
];

function jose(file, kind, alg, options, members = '', more = {}) {
  const content = `JWK${members && ' with alg'}, ${NAMES[kind]}`;
  return row({
    file,
    producer: JOSE,
    command: keyOf(alg, options, members),
    content,
    algorithm: algorithmOf(kind),
    ...more,
  });
}

function keyOf(alg, options, members) {
  const key = `await jose.exportJWK((await jose.generateKeyPair('${alg}', { extractable: true${options} })).privateKey)`;
  return members ? `({ ...(${key}), ${members} })` : key;
}

function row(each) {
  return { format: 'jwks', certificates: 0, ...each };
}
