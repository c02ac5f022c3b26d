import { mkdtempSync, rmSync } from 'node:fs';
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCommand } from '../../scripts/npm-command.mjs';
import { packagesAreStale, packagesIn, packPackages } from '../../scripts/packages.mjs';
import { PACKAGE_ROOT, runProgram } from './child.mjs';

const SHARED = join(PACKAGE_ROOT, 'target', 'packages');
const PROGRAMS = fileURLToPath(new URL('../installed/programs/', import.meta.url));

let packages;

/**
 * The tarballs as they would be published. `npm test` makes them once; where they are not current, each process makes
 * its own, so that none replaces what another one reads.
 *
 * @returns {import('../../scripts/packages.mjs').Packages}
 */
export function packedPackages() {
  if (packages !== undefined) return packages;
  if (!packagesAreStale(PACKAGE_ROOT, SHARED)) {
    packages = packagesIn(SHARED);
    return packages;
  }
  const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-packages-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  packages = packPackages(PACKAGE_ROOT, join(folder, 'packages'));
  return packages;
}

/** The package for the platform at hand, which is the one that has been built. */
export function packedPlatform() {
  const { os, cpu } = { os: process.platform, cpu: process.arch };
  return packedPackages().platforms.find(({ manifest }) => manifest.os[0] === os && manifest.cpu[0] === cpu);
}

/**
 * An environment without Rust, a compiler, or the settings that a run of npm hands on.
 *
 * @param {string} home
 * @param {Record<string, string>} [more]
 */
export function bareEnvironment(home, more = {}) {
  const kept = ['SystemRoot', 'TEMP', 'TMPDIR'].flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]]],
  );
  return { ...Object.fromEntries(kept), HOME: home, USERPROFILE: home, PATH: '', ...more };
}

/**
 * A folder of its own with an empty application and the programs in `installed/programs/`.
 *
 * @param {object} [options]
 * @param {string} [options.below] folder to make it in
 */
export async function emptyApplication({ below = tmpdir() } = {}) {
  const folder = await mkdtemp(join(below, '.application-'));
  await writeFile(
    join(folder, 'package.json'),
    '{ "name": "application", "version": "1.0.0", "private": true }\n',
  );
  await cp(PROGRAMS, folder, { recursive: true });
  return { folder, remove: () => rm(folder, { recursive: true, force: true, maxRetries: 3 }) };
}

/**
 * The same, with the package installed from its tarballs. Nothing is asked for outside, and no script runs.
 *
 * @param {Parameters<typeof emptyApplication>[0]} [options]
 */
export async function installedApplication(options) {
  const application = await emptyApplication(options);
  const files = [packedPackages().main.file, packedPlatform().file];
  const { code, stdout, stderr } = await npm(application.folder, ['install', '--offline', ...files]);
  if (code !== 0) throw new Error(`npm install: ${stdout}${stderr}`);
  return application;
}

/**
 * @param {string} folder of the application
 * @param {string[]} args
 */
export function npm(folder, args) {
  const [command, ...all] = npmCommand([...args, '--ignore-scripts', '--no-audit', '--no-fund']);
  const cache = join(folder, '.npm-cache');
  const env = { ...process.env, npm_config_cache: cache, npm_config_update_notifier: 'false' };
  return runProgram(command, all, { cwd: folder, env });
}
