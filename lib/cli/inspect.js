'use strict';

const { Keystores } = require('../keystores.js');
const { registerKey } = require('./client-options.js');
const { jsonDocument, printable } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 */

const summary = 'tell what is in a key file';

const usage = `Usage: smart-m2m inspect <file> [options]

Tells what is in a key file: its format, which key would sign, with which algorithm and key id, and which public
keys belong to it. Nothing private is printed.

  --json                       as JSON
  --alias <name>               which key of a PKCS#12 or Java keystore to look at
  --passphrase-file <file>     opens the file, or                        SMART_M2M_PASSPHRASE
`;

const options = /** @type {const} */ ({
  json: { type: 'boolean' },
  alias: { type: 'string' },
  'passphrase-file': { type: 'string' },
});

const KEYSTORE = 'smart-m2m-inspected';

/**
 * @param {{ values: any, positionals: string[], io: Io }} invocation
 * @returns {Promise<number>}
 */
async function run({ values, positionals, io }) {
  const [path, ...rest] = positionals;
  if (path === undefined || rest.length > 0) throw new UsageError('expected one key file');
  const { format, keyId, algorithm, certificates } = await registerKey(KEYSTORE, path, values, io);
  const { keys } = Keystores.publicJwks(KEYSTORE);
  const found = { path, format, keyId, algorithm, certificates, publicKeys: keys.map(describe) };
  io.stdout.write(values.json ? jsonDocument(found) : printable(inWords(found)));
  return 0;
}

/** @param {object} jwk */
function describe(jwk) {
  const { kid, kty, crv, n, alg } = /** @type {Record<string, string | undefined>} */ (jwk);
  const bits = n === undefined ? undefined : Buffer.from(n, 'base64url').length * 8;
  return {
    kid,
    type: kty,
    ...(crv && { curve: crv }),
    ...(bits && { bits }),
    ...(alg && { algorithm: alg }),
  };
}

/** @param {{ path: string, format: string, keyId: string, algorithm: string, certificates: number, publicKeys: ReturnType<typeof describe>[] }} found */
function inWords({ path, format, keyId, algorithm, certificates, publicKeys }) {
  const keys = publicKeys.map(({ kid, type, curve, bits, algorithm: alg }) => {
    const kind = [type, curve, bits && `${bits} bits`, alg].filter(Boolean).join(', ');
    return `  ${kid}  ${kind}`;
  });
  return `${path}
format        ${format}
signs with    ${algorithm}, kid ${keyId}
certificates  ${certificates}
public keys
${keys.join('\n')}
`;
}

module.exports = { allowPositionals: true, options, run, summary, usage };
