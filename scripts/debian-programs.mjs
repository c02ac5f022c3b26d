import { accessSync, constants, realpathSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { aptGet, privateApt, unpackArchives } from './debian-packages.mjs';

// The programs of Debian that tests use: servers, and what the documentation runs. They are taken from the system where it has them, else
// fetched as packages and unpacked under target/: nothing is installed, and root is not needed.

/** Set by CI, where missing programs are a failure. */
export const areDebianProgramsRequired = process.env.DEBIAN_SERVERS_REQUIRED === '1';

/** Each is in the Debian package of that name. */
const PROGRAMS = {
  nginx: 'sbin/nginx',
  openssl: 'bin/openssl',
  glewlwyd: 'bin/glewlwyd',
  sqlite3: 'bin/sqlite3',
  libfaketime: 'lib/{triplet}/faketime/libfaketimeMT.so.1',
};
const TRIPLETS = { x64: 'x86_64-linux-gnu', arm64: 'aarch64-linux-gnu' };
const TRIPLET = process.platform === 'linux' ? TRIPLETS[process.arch] : undefined;

const folder = fileURLToPath(new URL('../target/debian-programs/', import.meta.url));
const unpacked = join(folder, 'root');

/**
 * Where they are.
 *
 * @returns {{ paths: Record<keyof typeof PROGRAMS, string>, env: Record<string, string> } | { missing: string[] }}
 *   `env`: what programs that were fetched need to find their libraries
 */
export function findDebianPrograms() {
  const names = Object.keys(PROGRAMS);
  const paths = Object.fromEntries(names.map((name) => [name, find(name)]));
  const missing = names.filter((name) => paths[name] === undefined);
  if (missing.length > 0) return { missing };
  const areFetched = Object.values(paths).some((path) => path.startsWith(unpacked));
  const libraries = ['usr/lib', 'lib'].map((name) => join(unpacked, name, TRIPLET));
  return { paths, env: areFetched ? { LD_LIBRARY_PATH: libraries.join(delimiter) } : {} };
}

/**
 * Fetches those that the system does not have.
 *
 * @returns {Promise<string | null>} why they are not all there, in words
 */
export async function prepareDebianPrograms() {
  if (findDebianPrograms().missing === undefined) return null;
  // What an earlier run fetched may be of other versions.
  rmSync(folder, { recursive: true, force: true });
  const { missing } = findDebianPrograms();
  const subject = `not on this system: ${missing.join(', ')}`;
  if (TRIPLET === undefined || !isOnPath('apt-get') || !isOnPath('dpkg')) {
    return `${subject}, which there is no apt-get to fetch with`;
  }
  console.log(`Fetching ${missing.join(', ')} from Debian …`);
  if (!(await fetchPackages(missing))) return `${subject}, which could not be fetched from Debian`;
  const { missing: left } = findDebianPrograms();
  return left === undefined ? null : `not in the packages of those names: ${left.join(', ')}`;
}

/** @param {string[]} names */
async function fetchPackages(names) {
  const apt = privateApt(folder);
  const install = ['install', '--download-only', '--reinstall', '--no-install-recommends', '--yes'];
  const fetched = (await aptGet(apt, ['update'])) && (await aptGet(apt, [...install, ...names]));
  const part = `${unpacked}.part`;
  if (!fetched || !(await unpackArchives(apt, part))) return false;
  renameSync(part, unpacked);
  return true;
}

/** Of the system beside the folders of PATH, which need not name sbin. */
function find(name) {
  if (TRIPLET === undefined) return undefined;
  const path = PROGRAMS[name].replace('{triplet}', TRIPLET);
  const ofSystem = pathFolders().map((part) => join(dirname(part), path));
  const found = ofSystem.find(canBeUsed);
  // Other files of the package are found from there: not by way of /bin, where that is a link to /usr/bin.
  if (found !== undefined) return realpathSync(found);
  const fetched = join(unpacked, 'usr', path);
  return canBeUsed(fetched) ? fetched : undefined;
}

function isOnPath(command) {
  return pathFolders().some((part) => canBeUsed(join(part, command)));
}

function pathFolders() {
  return (process.env.PATH ?? '').split(delimiter).filter((part) => part !== '');
}

function canBeUsed(path) {
  try {
    accessSync(path, path.includes('.so.') ? constants.R_OK : constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problem = await prepareDebianPrograms();
  console.log(problem ?? findDebianPrograms().paths);
  if (problem !== null) process.exitCode = 1;
}
