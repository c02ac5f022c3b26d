import { statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { addonIsStale, buildAddon } from './addon.mjs';
import { npmCommand } from './npm-command.mjs';
import { run } from './run.mjs';
import { missingTools } from './toolchain.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Brings a clone to where its commands can run: checks the machine's tools and installs the dependencies.
 * What fails is said on stderr.
 *
 * @returns {Promise<boolean>}
 */
export async function prepareTools() {
  const missing = missingTools(root);
  for (const problem of missing) console.error(problem);
  if (missing.length > 0) return false;
  return prepareDependencies(root, 'development dependencies');
}

/**
 * Installs what a folder's lock file names, unless it is there.
 *
 * @param {string} folder
 * @param {string} what in words
 * @returns {Promise<boolean>}
 */
export async function prepareDependencies(folder, what) {
  if (dependenciesAreCurrent(folder)) return true;
  console.log(`Installing the ${what} …`);
  const options = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const installed = await npm(folder, 'ci', ...options);
  if (!installed) console.error(`The ${what} could not be installed.`);
  return installed;
}

/**
 * Builds the addon if it is missing or older than its sources.
 *
 * @returns {Promise<boolean>}
 */
export async function prepareAddon() {
  if (!addonIsStale(root)) return true;
  console.log('Building the addon; the first time takes some minutes …');
  const built = await buildAddon(root);
  if (!built) console.error('The addon could not be built.');
  return built;
}

function dependenciesAreCurrent(folder) {
  // npm writes this file last: without it an installation was interrupted.
  const installed = statSync(join(folder, 'node_modules', '.package-lock.json'), { throwIfNoEntry: false });
  return installed !== undefined && installed.mtimeMs >= statSync(join(folder, 'package-lock.json')).mtimeMs;
}

async function npm(cwd, ...args) {
  const [command, ...all] = npmCommand(args);
  const { ok } = await run(command, all, { cwd });
  return ok;
}
