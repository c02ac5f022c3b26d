import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { prepareDependencies, root } from './prepare.mjs';

// The runtimes, package managers, bundlers and test runners that the published package is tried with.

/** Set by CI, where missing ones are a failure. */
export const areRuntimesRequired = process.env.RUNTIMES_REQUIRED === '1';

const folder = join(root, 'runtimes');

/** Where their programs are. */
export const runtimesFolder = join(folder, 'node_modules');

/** By name, with the arguments that come before a program. Other systems than Linux on x64 have their own Node only. */
const RUNTIMES = [
  ['Node 20', 'node20/bin/node'],
  ['Node 22', 'node22/bin/node'],
  ['Node 24', 'node24/bin/node'],
  ['Node 26', 'node26/bin/node'],
  ['Bun', '@oven/bun-linux-x64/bin/bun'],
  ['Deno', '@deno/linux-x64-glibc/deno', 'run', '--allow-all'],
];

/**
 * Those that are here, and always the Node that runs this.
 *
 * @returns {{ name: string, command: string, args: string[] }[]}
 */
export function installedRuntimes() {
  const installed = RUNTIMES.map(([name, path, ...args]) => ({
    name,
    command: join(runtimesFolder, path),
    args,
  })).filter(({ command }) => existsSync(command));
  const own = { name: `the Node of the tests`, command: process.execPath, args: [] };
  return [own, ...installed];
}

/**
 * A Node with which tests go on that this one is too old for: the newest versions of some libraries refuse it.
 *
 * @returns {string | null} its path; null where it is not here, or this one is as new
 */
export function newerNode() {
  const path = join(runtimesFolder, 'node24/bin/node');
  return Number(process.versions.node.split('.')[0]) < 24 && existsSync(path) ? path : null;
}

/** @returns {Promise<boolean>} whether they are there */
export function prepareRuntimes() {
  return prepareDependencies(
    folder,
    'runtimes, package managers and bundlers that the package is tried with',
  );
}
