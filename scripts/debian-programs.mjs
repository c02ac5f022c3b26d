import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

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
  const archives = join(folder, 'cache', 'archives');
  const settings = join(folder, 'apt.conf');
  for (const part of [archives, join(folder, 'lists')]) mkdirSync(join(part, 'partial'), { recursive: true });
  writeFileSync(settings, aptSettings());
  const apt = (...args) =>
    run('timeout', ['--kill-after=10s', '300s', 'apt-get', '-qq', `--config-file=${settings}`, ...args]);
  const install = ['install', '--download-only', '--reinstall', '--no-install-recommends', '--yes'];
  const { ok } = (await apt('update')).ok ? await apt(...install, ...names) : { ok: false };
  if (!ok) return false;
  const part = `${unpacked}.part`;
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    if (!(await run('dpkg', ['--extract', join(archives, file), part])).ok) return false;
  }
  renameSync(part, unpacked);
  for (const name of ['cache', 'lists']) rmSync(join(folder, name), { recursive: true, force: true });
  return true;
}

/** The system's sources, with lists and archives of our own, and without the hooks that act on the system. */
function aptSettings() {
  return `
    Dir::State::Lists "${join(folder, 'lists')}/";
    Dir::Cache "${join(folder, 'cache')}/";
    Dir::Log "${folder}";
    APT::Sandbox::User "";
    Acquire::Languages "none";
    Acquire::Retries "2";
    Acquire::http::Timeout "20";
    Acquire::https::Timeout "20";
    Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
    Debug::NoLocking "true";
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;
    #clear DPkg::Pre-Install-Pkgs;
    #clear DPkg::Post-Invoke;
  `;
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
