'use strict';

const { closeSync, existsSync, openSync, readdirSync, readSync } = require('node:fs');
const { basename, dirname, join } = require('node:path');
const { ClientAuthError } = require('./client-auth-error.js');

// Why there is no native addon, for whoever has to mend the installation. Loaded only then.

const MANIFEST = require('../package.json');

/** What the published builds need at least; as low as Node.js itself asks for, and lower (docs/platforms.md). */
const GLIBC_FLOOR = '2.17';
const ELF_MACHINES = new Map([
  [62, 'x64'],
  [183, 'arm64'],
]);

/**
 * @typedef {object} Attempt
 * @property {string} build
 * @property {string} place a package, or a file beside the loader, as `require` was given it
 * @property {NodeJS.ErrnoException} error
 *
 * @typedef {object} Search
 * @property {string} platform
 * @property {string} arch
 * @property {string | null} libc
 * @property {string[]} builds that may fit
 * @property {Attempt[]} attempts
 *
 * @typedef {object} Surroundings of this package
 * @property {string} root its folder
 * @property {boolean} isBundled whether a bundler has put it into a file of its own
 * @property {string | null} glibc version of this system's glibc
 */

/**
 * @param {Search} search
 * @param {Partial<Surroundings>} [surroundings]
 */
function addonError(search, surroundings = {}) {
  const around = {
    root: join(__dirname, '..'),
    isBundled: basename(__filename) !== 'addon-error.js',
    glibc: glibcVersion(),
    ...surroundings,
  };
  const attempt = tellingAttempt(search);
  const message = attempt === undefined ? unsupported(search) : explained(search, attempt, around);
  return new ClientAuthError(
    'ERR_NATIVE_ADDON',
    message,
    attempt === undefined ? {} : { cause: attempt.error },
  );
}

/**
 * A file that was there says more than one that was not, and a package more than a file.
 *
 * @param {Search} search
 */
function tellingAttempt({ attempts }) {
  return attempts.find((attempt) => !isMissing(attempt)) ?? attempts.find(({ place }) => !isFile(place));
}

/**
 * @param {Search} search
 * @param {Attempt} attempt
 * @param {Surroundings} around
 */
function explained(search, attempt, around) {
  const system = [search.platform, search.arch, search.libc].filter((part) => part !== null).join(' ');
  if (isMissing(attempt)) return missing(search, system, around);
  const { error, place } = attempt;
  const what = isFile(place) ? `the addon ${join(around.root, 'lib', place)}` : `the package ${place}`;
  const said = String(error?.message ?? error)
    .split('\n', 1)[0]
    .replace(/\.$/, '');
  if (error?.code === 'ERR_DLOPEN_DISABLED' || said.includes('--allow-ffi')) {
    return (
      `${what} may not be loaded by this process: ${said}. Native addons need Node.js without --no-addons, ` +
      '--allow-addons besides --permission, and --allow-ffi in Deno.'
    );
  }
  const needed = neededGlibc(error);
  if (needed !== null) {
    return (
      `${what} needs glibc ${needed}, and this system has ${around.glibc ?? 'an older one'}. The published ` +
      `packages need glibc ${GLIBC_FLOOR} or newer, so this one was built elsewhere: install ${MANIFEST.name} from ` +
      'the registry, or run npm run build in a clone on a system as old as this one.'
    );
  }
  return (
    `${what} is there and does not load on ${system}: ${unfit(error, place, search) ?? said}. ` +
    `${isFile(place) ? 'Run npm run build again.' : `${mendedBy(search)}.`}`
  );
}

/**
 * @param {Search} search
 * @param {string} system
 * @param {Surroundings} around
 */
function missing(search, system, { root, isBundled }) {
  const wanted = search.builds.map((build) => `${MANIFEST.name}-${build}`).join(' or ');
  const start = `the native addon for ${system} is missing: ${wanted} is not installed`;
  if (isBundled) {
    return (
      `${start} where the bundle is. A bundler has taken ${MANIFEST.name} into a file of its own: leave it external ` +
      '(esbuild --external:, externals of webpack, serverExternalPackages of Next.js) and install it beside the bundle.'
    );
  }
  if (existsSync(join(root, 'Cargo.toml'))) return `${start}, and this is a clone. Run npm run build.`;
  return `${start} beside ${MANIFEST.name}. ${whyMissing(search, root)} ${mendedBy(search)}.`;
}

/**
 * @param {Search} search
 * @param {string} root
 */
function whyMissing({ platform, arch, builds }, root) {
  const prefix = `${basename(root)}-`;
  const others = siblingsOf(root)
    .filter((name) => name.startsWith(prefix))
    .map((name) => name.slice(prefix.length))
    .filter((build) => /^(?:darwin|linux|win32)-/.test(build) && !builds.includes(build));
  if (others.length === 0) {
    return (
      'It is an optional dependency: npm leaves it out under --omit=optional, and also where package-lock.json ' +
      'was written on another platform (npm/cli#4828).'
    );
  }
  const [otherPlatform, otherArch] = others[0].split('-');
  const found = `There is ${others.map((build) => `${MANIFEST.name}-${build}`).join(', ')} instead: node_modules`;
  if (otherPlatform !== platform)
    return `${found} was installed on another system and copied or mounted here.`;
  if (otherArch !== arch) {
    const rosetta = platform === 'darwin' && arch === 'x64' ? ', as one under Rosetta is' : '';
    return `${found} was installed by a Node.js for ${otherArch}, and this one is for ${arch}${rosetta}.`;
  }
  return `${found} was installed on a system with the other libc, such as another stage of a container's build.`;
}

/** @param {Search} search */
function mendedBy({ builds }) {
  const { name, version } = MANIFEST;
  return (
    'Delete node_modules and package-lock.json and run npm install here, with the Node.js that runs the program; ' +
    `or add what is missing: npm install --no-save --force ${name}-${builds[0]}@${version}`
  );
}

/** @param {Search} search */
function unsupported({ platform, arch }) {
  return (
    `${MANIFEST.name} has no build for ${platform} on ${arch}: there are builds for Linux (glibc and musl), macOS ` +
    'and Windows, each on x64 and arm64. Run the program on one of these; on a Mac or on Windows that may take a ' +
    'Node.js for another architecture.'
  );
}

/**
 * What it is instead of an addon for this process, as far as that can be told.
 *
 * @param {NodeJS.ErrnoException} error
 * @param {string} place
 * @param {Search} search
 */
function unfit(error, place, { platform, arch }) {
  if (error?.code === 'MODULE_NOT_FOUND') return 'the file that its package.json names is not there';
  if (platform !== 'linux') return null;
  let head;
  try {
    head = headOf(require.resolve(place));
  } catch {
    return null;
  }
  if (head.toString('latin1', 0, 4) !== '\x7fELF')
    return 'the file is damaged, it does not begin as an addon does';
  const machine = ELF_MACHINES.get(head.readUInt16LE(18)) ?? 'another architecture';
  if (machine !== arch) return `the file is for ${machine}, and this Node.js is for ${arch}`;
  return /truncated|too short|past end|no loadable|Exec format/i.test(error.message)
    ? 'the file is damaged'
    : null;
}

/** @param {string} path */
function headOf(path) {
  const head = Buffer.alloc(20);
  const file = openSync(path, 'r');
  try {
    readSync(file, head, 0, head.length, 0);
    return head;
  } finally {
    closeSync(file);
  }
}

/**
 * A package without the file that it names is not missing but damaged.
 *
 * @param {Attempt} attempt
 */
function isMissing({ error }) {
  return /^(?:ERR_)?MODULE_NOT_FOUND$/.test(error?.code ?? '') && !/valid "main" entry/.test(error.message);
}

/** @param {string} place */
function isFile(place) {
  return place.startsWith('.');
}

/** @param {NodeJS.ErrnoException} error */
function neededGlibc(error) {
  return /version [`']GLIBC_([\d.]+)' not found/.exec(String(error?.message))?.[1] ?? null;
}

/** @returns {string | null} */
function glibcVersion() {
  const { report } = /** @type {{ report: any }} */ (process);
  const { excludeNetwork } = report ?? {};
  try {
    // It looks names up otherwise, which may take seconds.
    report.excludeNetwork = true;
    return report.getReport().header.glibcVersionRuntime ?? null;
  } catch {
    return null;
  } finally {
    if (report !== undefined) report.excludeNetwork = excludeNetwork;
  }
}

/** @param {string} root */
function siblingsOf(root) {
  try {
    return readdirSync(dirname(root));
  } catch {
    return [];
  }
}

module.exports = { GLIBC_FLOOR, addonError };
