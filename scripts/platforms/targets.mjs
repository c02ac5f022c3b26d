import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../prepare.mjs';

// What is built: every target of package.json, and what follows from its name.

/** The oldest glibc that an addon for it may need. Node.js itself needs 2.28. */
export const GLIBC_FLOOR = '2.17';
/** The oldest macOS that an addon for it may need. */
export const MACOS_FLOOR = '11.0';

const OPERATING_SYSTEMS = { linux: 'linux', darwin: 'darwin', windows: 'win32' };
const ARCHITECTURES = { x86_64: 'x64', aarch64: 'arm64' };

/**
 * @typedef {object} Target
 * @property {string} triple as in package.json
 * @property {string} platform as in the names of packages and files
 * @property {'linux' | 'darwin' | 'win32'} os
 * @property {'x64' | 'arm64'} cpu
 * @property {'gnu' | 'musl' | undefined} libc
 * @property {string} addon the file's name
 * @property {string} rustTarget what rustc is asked for
 * @property {string} zigTarget the same with the oldest glibc, as cargo-zigbuild takes it
 * @property {boolean} buildsStd whether Rust's standard library is compiled as well: Debian has none for it
 * @property {string} library what cargo makes
 */

const { napi } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

/** @type {readonly Target[]} */
export const TARGETS = napi.targets.map(targetOf);

/**
 * @param {readonly string[]} names of platforms or triples; none for all
 * @returns {Target[]}
 */
export function chooseTargets(names) {
  const unknown = names.filter((name) => !TARGETS.some((target) => isNamed(target, name)));
  if (unknown.length > 0) {
    const known = TARGETS.map(({ platform }) => platform).join(', ');
    throw new Error(`There is no target ${unknown.join(', ')}: the targets are ${known}.`);
  }
  return TARGETS.filter((target) => names.length === 0 || names.some((name) => isNamed(target, name)));
}

function isNamed({ platform, triple }, name) {
  return name === platform || name === triple;
}

/** @param {string} triple */
export function targetOf(triple) {
  const [architecture, , system, environment] = triple.split('-');
  const os = OPERATING_SYSTEMS[system];
  const cpu = ARCHITECTURES[architecture];
  const platform = [os, cpu, environment].filter((part) => part !== undefined).join('-');
  // Node-API is plain C: a DLL of LLVM's MinGW loads in a Node.js that Microsoft's compiler has built, and
  // nothing of Microsoft's is needed to make it.
  const rustTarget = triple.replace(/-windows-msvc$/, '-windows-gnullvm');
  const isGlibc = os === 'linux' && environment === 'gnu';
  return {
    triple,
    platform,
    os,
    cpu,
    libc: os === 'linux' ? environment : undefined,
    addon: `${napi.binaryName}.${platform}.node`,
    rustTarget,
    zigTarget: isGlibc ? `${rustTarget}.${GLIBC_FLOOR}` : rustTarget,
    buildsStd: !isGlibc,
    library: { linux: 'libsmart_m2m.so', darwin: 'libsmart_m2m.dylib', win32: 'smart_m2m.dll' }[os],
  };
}
