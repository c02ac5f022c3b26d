import { join } from 'node:path';
import { PACKAGE_ROOT, runNode } from './child.mjs';

export const BIN = join(PACKAGE_ROOT, 'lib', 'cli', 'bin.js');

/** What a user's own environment would say to it. */
const NAMES = ['CLIENT_ID', 'KEY', 'CLIENT_SECRET', 'PASSPHRASE', 'SCOPE', 'FHIR_BASE_URL', 'KEYSTORE_DIR'];
const EMPTY = Object.fromEntries(NAMES.map((name) => [`SMART_M2M_${name}`, undefined]));
const NO_PROXY = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);

/**
 * Runs the command `smart-m2m` to its end, without a terminal.
 *
 * @param {string[]} args
 * @param {Record<string, string | undefined>} [env]
 */
export function smartM2m(args, env = {}) {
  return runNode(BIN, {
    args,
    env: { ...EMPTY, ...NO_PROXY, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
  });
}
