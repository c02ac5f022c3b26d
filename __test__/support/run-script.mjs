import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runNode } from './child.mjs';

/** Its command line begins with the command's name. */
export const COMMAND = fileURLToPath(new URL('../../lib/cli/bin.js', import.meta.url));

/**
 * A folder for one test with these files in it.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Record<string, string>} files
 */
export async function folderWith(t, files) {
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-run-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

/**
 * `smart-m2m run` in a process of its own.
 *
 * @param {string[]} args
 * @param {Parameters<typeof runNode>[1]} [options]
 */
export function runCommand(args, options = {}) {
  return runNode(COMMAND, { ...options, args: ['run', ...args] });
}

/** Without the line ends of a terminal's width. @param {string} text */
export function onOneLine(text) {
  return text.replaceAll(/\s+/g, ' ');
}

/**
 * Runs a script that is given as text.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {string} text
 * @param {string[]} [args]
 * @param {Parameters<typeof runNode>[1] & { name?: string }} [options]
 */
export async function runScriptText(t, text, args = [], { name = 'script.js', ...options } = {}) {
  const path = join(await folderWith(t, { [name]: text }), name);
  return { path, ...(await runCommand([path, ...args], options)) };
}

/**
 * What a script needs to reach a store.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Awaited<ReturnType<typeof import('./fhir-store.mjs').startFhirStore>>} store
 */
export async function accessTo(t, store) {
  const folder = await folderWith(t, { 'ca.pem': store.caPem });
  return {
    FHIR_BASE_URL: store.base,
    TOKEN_ENDPOINT: `${store.origin}/token`,
    CLIENT_ID: 'my-client-id',
    CLIENT_SECRET: 'test-secret',
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    NO_PROXY: 'localhost',
    no_proxy: 'localhost',
  };
}
