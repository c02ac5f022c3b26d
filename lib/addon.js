'use strict';

// In place of the loader that napi generates: that one inspects the system on every start, which takes longer
// than everything that it loads.

const { closeSync, existsSync, openSync, readSync } = require('node:fs');
const { basename } = require('node:path');

const PACKAGE = '@org/smart-m2m';
const BINARY = 'smart-m2m';

/**
 * What follows the platform in the names of its builds, the likeliest first; by libc where there are two.
 *
 * @type {Readonly<Record<string, Readonly<Record<string, string>>>>}
 */
const BUILDS = { darwin: { '': '' }, linux: { glibc: '-gnu', musl: '-musl' }, win32: { '': '-msvc' } };
const ARCHITECTURES = ['x64', 'arm64'];

/**
 * Where musl is the system's libc, its loader is here; it may be here on others too.
 *
 * @type {Readonly<Record<string, string>>}
 */
const MUSL_LOADERS = { x64: '/lib/ld-musl-x86_64.so.1', arm64: '/lib/ld-musl-aarch64.so.1' };

const PT_INTERP = 3;

/**
 * Names of the builds that may be the one for this process, as in `npm/`: one, or both of Linux where nothing
 * tells the libc.
 *
 * @param {string} platform
 * @param {string} arch
 * @param {string | null} libc
 * @returns {string[]}
 */
function buildsFor(platform, arch, libc) {
  const builds = Object.hasOwn(BUILDS, platform) ? BUILDS[platform] : {};
  if (!ARCHITECTURES.includes(arch)) return [];
  const suffixes = libc !== null && Object.hasOwn(builds, libc) ? [builds[libc]] : Object.values(builds);
  return suffixes.map((suffix) => `${platform}-${arch}${suffix}`);
}

/**
 * The libc that this process runs on: the executable names its dynamic loader. Not `process.report`, which takes
 * longer than everything else at start, and no child process.
 *
 * @param {string} [executable]
 * @returns {'glibc' | 'musl' | null} null where nothing tells
 */
function libcOf(executable = process.execPath) {
  // Started by its loader, the executable is that loader.
  const loader = interpreterOf(executable) ?? executable;
  const name = basename(loader);
  if (/^ld-musl-|^libc\.musl-|^libc\.so$/.test(name)) return 'musl';
  return /^ld-linux|^ld-2\.|^ld\.so/.test(name) ? 'glibc' : null;
}

/**
 * Path of the dynamic loader in the header of a 64-bit little-endian ELF file.
 *
 * @param {string} path
 * @returns {string | null}
 */
function interpreterOf(path) {
  const head = Buffer.alloc(4096);
  let file;
  try {
    file = openSync(path, 'r');
    const length = readSync(file, head, 0, head.length, 0);
    if (length < 64 || head.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return null;
    const size = head.readUInt16LE(54);
    const first = Number(head.readBigUInt64LE(32));
    for (let at = first; at < first + size * head.readUInt16LE(56); at += size) {
      if (head.readUInt32LE(at) !== PT_INTERP) continue;
      const start = Number(head.readBigUInt64LE(at + 8));
      const end = start + Number(head.readBigUInt64LE(at + 32));
      return end <= length ? head.toString('latin1', start, end).replace(/\0.*$/s, '') : null;
    }
    return null;
  } catch {
    // Not readable, or a header beyond what was read: somebody else has to tell.
    return null;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** @returns {typeof import('./native.js')} */
function loadAddon() {
  const { platform, arch } = process;
  /** @type {import('./addon-error.js').Attempt[]} */
  const attempts = [];
  // To read the executable takes as long as a tenth of all the rest: only where musl may be the libc.
  const likely = existsSync(MUSL_LOADERS[arch] ?? '') ? [] : buildsFor(platform, arch, 'glibc');
  const addon = firstThatLoads(likely, attempts);
  if (addon !== null) return addon;
  const libc = platform === 'linux' ? libcOf() : null;
  const builds = buildsFor(platform, arch, libc);
  const other = firstThatLoads(
    builds.filter((build) => !likely.includes(build)),
    attempts,
  );
  if (other !== null) return other;
  const { addonError } = require('./addon-error.js');
  const own = attempts.filter(({ build }) => builds.includes(build));
  throw addonError({ platform, arch, libc, builds, attempts: own });
}

/**
 * @param {readonly string[]} builds
 * @param {import('./addon-error.js').Attempt[]} attempts to be added to
 * @returns {typeof import('./native.js') | null}
 */
function firstThatLoads(builds, attempts) {
  for (const build of builds) {
    // What was installed first: a file that is not there is an error with a stack to make, and only a clone has one.
    for (const place of [`${PACKAGE}-${build}`, `./${BINARY}.${build}.node`]) {
      try {
        return require(place);
      } catch (error) {
        attempts.push({ build, place, error: /** @type {NodeJS.ErrnoException} */ (error) });
      }
    }
  }
  return null;
}

module.exports = { addon: loadAddon(), buildsFor, libcOf };
