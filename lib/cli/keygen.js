'use strict';

const { closeSync, openSync, unlinkSync, writeFileSync } = require('node:fs');
const { Keystores } = require('../keystores.js');
const { printable } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

const FAILURE = 1;

/**
 * @typedef {import('./main.js').Io} Io
 */

const summary = 'make a key pair for private_key_jwt';

const usage = `Usage: smart-m2m keygen --out <file> [options]

Makes a key pair. The private JWKS goes into the file, readable by you alone; the public one, which the server
has to know, to stdout.

  --out <file>                 where the private key goes; a file that is there is not overwritten
  --algorithm <name>           RS384 (default), ES384, or another that the server takes
  --bits <number>              of an RSA key: 2048 (default), 3072, 4096 or 8192
  --kid <id>                   default: the key's RFC 7638 thumbprint

Example
  smart-m2m keygen --algorithm ES384 --out my-keystore.jwks > public.jwks
`;

const options = /** @type {const} */ ({
  out: { type: 'string' },
  algorithm: { type: 'string' },
  bits: { type: 'string' },
  kid: { type: 'string' },
});

/**
 * @param {{ values: any, io: Io }} invocation
 * @returns {Promise<number>}
 */
async function run({ values, io }) {
  const { out, algorithm, bits, kid: keyId } = values;
  if (out === undefined) throw new UsageError('--out: say which file the private key goes into');
  const modulusLength = bits === undefined ? undefined : Number(bits);
  const jwks = Keystores.generate({ algorithm, modulusLength, keyId });
  const text = `${JSON.stringify(jwks, null, 2)}\n`;
  const file = create(out);
  const problem = write(file, out, text);
  if (problem !== null) {
    io.stderr.write(`smart-m2m: --out: ${printable(problem)}\n`);
    return FAILURE;
  }
  const name = 'smart-m2m-new-key';
  Keystores.register(name, { jwks });
  io.stdout.write(`${JSON.stringify(Keystores.publicJwks(name), null, 2)}\n`);
  Keystores.unregister(name);
  io.stderr.write(`The private key is in ${out}. Register what stands above with the server.\n`);
  return 0;
}

/** @param {string} out */
function create(out) {
  try {
    return openSync(out, 'wx', 0o600);
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    throw new UsageError(
      code === 'EEXIST' ? `--out: ${out} is there already` : `--out: ${out} cannot be written (${code})`,
    );
  }
}

/**
 * All of it or nothing: half of a private key is of no use, and would be in the way of the next attempt.
 *
 * @param {number} file open, and closed afterwards
 * @param {string} out
 * @param {string} text
 * @returns {string | null} what went wrong
 */
function write(file, out, text) {
  try {
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    return null;
  } catch (error) {
    const { code } = /** @type {NodeJS.ErrnoException} */ (error);
    return `${out} cannot be written to its end (${code}): ${remove(out)}; make room and try again`;
  }
}

/** @param {string} out */
function remove(out) {
  try {
    unlinkSync(out);
    return 'it was removed again';
  } catch (error) {
    return `it is incomplete, and cannot be removed (${/** @type {NodeJS.ErrnoException} */ (error).code})`;
  }
}

module.exports = { options, run, summary, usage };
