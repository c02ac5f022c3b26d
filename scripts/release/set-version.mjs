import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root as repository } from '../prepare.mjs';
import { withRelease } from './changelog.mjs';
import { versionProblems } from './versions.mjs';

// Prepares a release: `npm run release:version -- 1.2.3` writes the version everywhere and gives the changelog's
// Unreleased section its heading. What is committed and tagged after that is what the workflow publishes.

/** The part of SemVer that versions here have: no build metadata, which npm ignores. */
export const VERSION = /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-[0-9a-z]+(?:\.[0-9a-z]+)*)?$/;

/**
 * @param {string} version
 * @param {{ root?: string, date?: Date }} [options]
 */
export function setVersion(version, { root = repository, date = new Date() } = {}) {
  if (!VERSION.test(version)) throw new Error(`${version} is no version like 1.2.3 or 1.2.3-rc.1.`);
  const change = (path, edit) => {
    const file = join(root, path);
    writeFileSync(file, edit(readFileSync(file, 'utf8')));
  };
  // First, as it is what can be wrong.
  change('CHANGELOG.md', (text) => withRelease(text, version, date));
  for (const folder of ['.', ...readdirSync(join(root, 'npm')).map((name) => join('npm', name))]) {
    change(join(folder, 'package.json'), (text) =>
      text.replace(/^( {2}"version": ").+(",)$/m, `$1${version}$2`),
    );
  }
  change('package-lock.json', (text) => {
    const lock = JSON.parse(text);
    lock.version = version;
    lock.packages[''].version = version;
    return `${JSON.stringify(lock, null, 2)}\n`;
  });
  change('Cargo.toml', (text) =>
    text.replace(/^(\[workspace\.package\]\nversion = ").+(")$/m, `$1${version}$2`),
  );
  for (const lock of ['Cargo.lock', join('fuzz', 'Cargo.lock')]) {
    change(lock, (text) =>
      text.replace(/^(name = "smart-m2m(?:-core)?"\nversion = ").+(")$/gm, `$1${version}$2`),
    );
  }
  const problems = versionProblems({ root, tag: `v${version}` });
  if (problems.length > 0) throw new Error(problems.join('\n'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [version = ''] = process.argv.slice(2);
  try {
    setVersion(version);
    console.log(`Everything is at ${version}. Commit it, then tag the commit v${version} and push the tag.`);
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
