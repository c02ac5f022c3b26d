import { APPLE_FRAMEWORKS } from './apple-stubs.mjs';
import { GLIBC_FLOOR, MACOS_FLOOR } from './targets.mjs';

// What every addon has to pass before it may be published.

const ENTRY = 'napi_register_module_v1';
const ARCHITECTURES = { x64: 'x86_64', arm64: 'aarch64' };
/** By system: what is there on every one that Node.js runs on. */
const LIBRARIES = {
  gnu: /^(?:lib(?:c|m)\.so\.6|lib(?:pthread|dl)\.so\.[02]|librt\.so\.1|ld-linux-(?:x86-64\.so\.2|aarch64\.so\.1))$/,
  musl: /^libc\.so$/,
  win32:
    /^(?:api-ms-win-(?:crt|core)-[\w-]+|kernel32|ntdll|advapi32|bcrypt(?:primitives)?|crypt32|ncrypt|secur32|userenv|ws2_32)\.dll$/i,
  darwin: /^\/usr\/lib\/lib(?:System\.B|iconv\.2|charset\.1|objc\.A)\.dylib$/,
};

/**
 * @typedef {object} Gate
 * @property {string} name
 * @property {boolean} ok
 * @property {string} found in words
 */

/**
 * @param {import('./targets.mjs').Target} target
 * @param {import('./binaries/facts.mjs').Facts} facts
 * @param {Buffer} file the addon
 * @param {readonly string[]} buildPaths folders that it must not name
 * @returns {Gate[]}
 */
export function gatesOf(target, facts, file, buildPaths) {
  const gates = [
    gate('architecture', facts.architecture === ARCHITECTURES[target.cpu], facts.architecture ?? 'none'),
    gate('entry', facts.exports.includes(ENTRY), exportsInWords(facts.exports)),
    libraries(target, facts),
    paths(file, buildPaths),
  ];
  if (target.libc === 'gnu') gates.push(glibc(facts));
  if (target.os === 'darwin') gates.push(...macos(target, facts));
  return gates;
}

function gate(name, ok, found) {
  return { name, ok, found };
}

function exportsInWords(exports) {
  return exports.includes(ENTRY) ? `exports ${ENTRY}` : `exports ${exports.length} names and not ${ENTRY}`;
}

function libraries({ os, libc }, { libraries: names }) {
  const isAllowed = (name) =>
    LIBRARIES[libc ?? os].test(name) || (os === 'darwin' && APPLE_FRAMEWORKS.includes(name));
  const others = names.filter((name) => !isAllowed(name));
  return gate(
    'libraries',
    others.length === 0,
    others.length === 0 ? names.join(' ') : `also ${others.join(' ')}`,
  );
}

function paths(file, buildPaths) {
  const named = buildPaths.filter((path) => file.includes(path));
  return gate(
    'build paths',
    named.length === 0,
    named.length === 0 ? 'none' : `names ${named.length} of them`,
  );
}

function glibc({ glibcVersions = [] }) {
  const highest = glibcVersions.toSorted(compareVersions).at(-1);
  // A private symbol has no number, and is of one build of glibc only.
  const ok = glibcVersions.every((version) => compareVersions(version, GLIBC_FLOOR) <= 0);
  return gate(
    'glibc',
    highest !== undefined && ok,
    highest === undefined ? 'no version' : `needs ${highest}`,
  );
}

function macos({ addon, cpu }, facts) {
  const unbound = facts.unboundSymbols ?? [];
  const problem = facts.signatureProblem ?? null;
  const gates = [
    gate('oldest macOS', facts.oldestMacos === MACOS_FLOOR, facts.oldestMacos ?? 'none named'),
    gate('install name', facts.installName === `@rpath/${addon}`, facts.installName ?? 'none'),
    gate('bound symbols', unbound.length === 0, unbound.length === 0 ? 'all' : `${unbound.length} unbound`),
  ];
  // On Intel macOS takes code without a signature.
  if (cpu === 'arm64') gates.push(gate('signature', problem === null, problem ?? 'ad hoc, every page right'));
  return gates;
}

/** @param {string} one @param {string} other */
function compareVersions(one, other) {
  return one.localeCompare(other, 'en', { numeric: true });
}
