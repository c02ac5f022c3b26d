import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root as repository } from '../prepare.mjs';
import { releaseOf } from './changelog.mjs';

// One version everywhere: `node scripts/release/versions.mjs [tag]` says where it is not.

/**
 * Everything that is not at the version of package.json, or of a tag, a sentence each.
 *
 * @param {{ root?: string, tag?: string }} [options] a tag is `v` and the version; with it the changelog has to have
 *   the version, with nothing left under Unreleased
 * @returns {string[]}
 */
export function versionProblems({ root = repository, tag } = {}) {
  const { version } = readJson(root, 'package.json');
  const problems = Object.entries(versionsIn(root))
    .filter(([, found]) => found !== version)
    .map(([place, found]) => `${place} is at ${found ?? 'no version'}, package.json at ${version}.`);
  if (tag === undefined) return problems;
  if (tag !== `v${version}`)
    problems.push(`The tag is ${tag}, and package.json at ${version}: it has to be v${version}.`);
  const changelog = readFileSync(join(root, 'CHANGELOG.md'), 'utf8');
  if (releaseOf(changelog, version) === null)
    problems.push(`CHANGELOG.md has no section [${version}] with a date.`);
  if (releaseOf(changelog, 'Unreleased') !== '') {
    problems.push('CHANGELOG.md has changes under Unreleased, which this release would not tell of.');
  }
  return problems;
}

/** @returns {Record<string, string | undefined>} */
function versionsIn(root) {
  const lock = readJson(root, 'package-lock.json');
  const crate = (name, file) =>
    new RegExp(`^name = "${name}"\nversion = "(.+)"$`, 'm').exec(readFileSync(join(root, file), 'utf8'))?.[1];
  const platforms = readdirSync(join(root, 'npm')).map((folder) => join('npm', folder, 'package.json'));
  return {
    'Cargo.toml': /^\[workspace\.package\]\nversion = "(.+)"$/m.exec(
      readFileSync(join(root, 'Cargo.toml'), 'utf8'),
    )?.[1],
    'smart-m2m in Cargo.lock': crate('smart-m2m', 'Cargo.lock'),
    'smart-m2m-core in Cargo.lock': crate('smart-m2m-core', 'Cargo.lock'),
    'smart-m2m-core in fuzz/Cargo.lock': crate('smart-m2m-core', 'fuzz/Cargo.lock'),
    'package-lock.json': lock.version,
    'the root of package-lock.json': lock.packages[''].version,
    ...Object.fromEntries(platforms.map((path) => [path, readJson(root, path).version])),
  };
}

function readJson(root, path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const problems = versionProblems({ tag: process.argv[2] });
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
}
