import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../prepare.mjs';

// Which crates are in the addon. By `cargo tree`: what `cargo metadata` resolves, and the tools that read it, also has
// crates of features that nobody switched on (ring and quinn, by way of reqwest and rustls).

/**
 * The crates whose code is in the addon for a platform, this package's own among them.
 *
 * @param {string} triple
 * @returns {Set<string>} as `name@version`
 */
export function linkedCrates(triple) {
  return cratesOf(triple, 'normal,no-proc-macro');
}

/**
 * Those, and the ones that run while it is compiled.
 *
 * @param {string} triple
 * @returns {Set<string>} as `name@version`
 */
export function compiledCrates(triple) {
  return cratesOf(triple, 'normal,build');
}

/** Cargo takes a moment for each, and there are eight platforms. @type {Map<string, Set<string>>} */
const known = new Map();

function cratesOf(triple, edges) {
  const key = `${triple} ${edges}`;
  const crates = known.get(key) ?? readCrates(triple, edges);
  known.set(key, crates);
  return crates;
}

function readCrates(triple, edges) {
  const args = ['tree', '--locked', '--package', 'smart-m2m', '--edges', edges, '--target', triple];
  const lines = cargo([...args, '--prefix', 'none', '--format', '{p}']).split('\n');
  const named = lines.map((line) => /^(\S+) v(\S+)/.exec(line)).filter((match) => match !== null);
  return new Set(named.map(([, name, version]) => `${name}@${version}`));
}

/**
 * @typedef {object} CrateFacts
 * @property {string} name
 * @property {string} version
 * @property {string | null} license an SPDX expression
 * @property {string | null} description
 * @property {string | null} repository
 * @property {string | null} checksum SHA-256 of what the registry holds; null for this package's own
 * @property {string[]} dependencies as `name@version`
 */

/** @returns {Map<string, CrateFacts>} of everything in Cargo.lock, by `name@version` */
export function crateFacts() {
  const { packages, resolve } = JSON.parse(cargo(['metadata', '--locked', '--format-version', '1']));
  const checksums = lockedChecksums();
  const keys = new Map(packages.map(({ id, name, version }) => [id, `${name}@${version}`]));
  const edges = new Map(resolve.nodes.map(({ id, dependencies }) => [id, dependencies]));
  return new Map(
    packages.map(({ id, name, version, license, description, repository }) => [
      keys.get(id),
      {
        name,
        version,
        // Of old crates: what the slash means has been written OR since.
        license: license?.replaceAll('/', ' OR ') ?? null,
        description: description?.trim() ?? null,
        repository,
        checksum: checksums.get(keys.get(id)) ?? null,
        dependencies: edges.get(id).map((dependency) => keys.get(dependency)),
      },
    ]),
  );
}

/** @returns {Map<string, string>} SHA-256 by `name@version` */
export function lockedChecksums() {
  const lock = readFileSync(join(root, 'Cargo.lock'), 'utf8');
  const entries = lock.matchAll(/^name = "(.+)"\nversion = "(.+)"\n(?:source = .*\nchecksum = "(.+)"\n)?/gm);
  return new Map([...entries].map(([, name, version, checksum]) => [`${name}@${version}`, checksum]));
}

function cargo(args) {
  const { status, stdout, stderr } = spawnSync('cargo', args, {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 256 * 2 ** 20,
  });
  if (status !== 0) throw new Error(`cargo ${args.join(' ')} failed:\n${stderr}`);
  return stdout;
}
