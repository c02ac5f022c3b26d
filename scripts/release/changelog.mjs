import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { root } from '../prepare.mjs';

// CHANGELOG.md, in the form of Keep a Changelog. `node scripts/release/changelog.mjs 1.2.3` prints the notes of a
// release.

const HEADING = /^## \[(.+?)\](?: - (\d{4}-\d{2}-\d{2}))?$/gm;

/**
 * What the changelog says of a version, without its heading.
 *
 * @param {string} changelog
 * @param {string} version or `Unreleased`
 * @returns {string | null} null where it has no such section, or a release has no date
 */
export function releaseOf(changelog, version) {
  const headings = [...changelog.matchAll(HEADING)];
  const index = headings.findIndex(
    ([, name, date]) => name === version && (date !== undefined || name === 'Unreleased'),
  );
  if (index === -1) return null;
  const start = headings[index].index + headings[index][0].length;
  return changelog.slice(start, headings[index + 1]?.index).trim();
}

/**
 * Moves what stands under Unreleased into a section for a version.
 *
 * @param {string} changelog
 * @param {string} version
 * @param {Date} date
 * @returns {string}
 */
export function withRelease(changelog, version, date) {
  const changes = releaseOf(changelog, 'Unreleased');
  if (changes === null) throw new Error('CHANGELOG.md has no section [Unreleased].');
  if (changes === '')
    throw new Error('CHANGELOG.md has nothing under Unreleased: there is nothing to release.');
  if (changelog.includes(`## [${version}]`))
    throw new Error(`CHANGELOG.md has a section [${version}] already.`);
  const heading = `## [${version}] - ${date.toISOString().slice(0, 10)}`;
  return changelog.replace('## [Unreleased]\n', () => `## [Unreleased]\n\n${heading}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [version = 'Unreleased'] = process.argv.slice(2);
  const notes = releaseOf(readFileSync(join(root, 'CHANGELOG.md'), 'utf8'), version);
  if (notes === null) {
    console.error(`CHANGELOG.md has no section [${version}].`);
    process.exitCode = 1;
  } else {
    console.log(notes);
  }
}
