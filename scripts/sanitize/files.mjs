import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { root } from '../prepare.mjs';

const tests = join(root, '__test__');
/** They start nothing but Node.js, and are about threads, processes that end, and memory. */
const STARTING_NODE = ['process', 'cancellation', 'waiting-callers', 'key-rotation', 'hostile-keystores'];
/** About the package, its documents and other programs, not about what runs in the addon. */
const ELSEWHERE = /^(?:consumers|debian-servers|docs|installed|release)\//;
/** They measure memory, which a sanitizer holds back, or look for addons in other places. */
const UNFIT =
  /^(?:native-addon|soak|worker-churn|platform-\w+|package-contents|generated-documents|reliability\/(?:leaks|leaks-of-calls|canaries))\.test\.mjs$/;

/**
 * The test files that are run: by default those that start no other program, directly or through what they import.
 *
 * @param {boolean} all
 * @returns {string[]} paths from the root
 */
export function testFiles(all) {
  const names = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.mjs') && !ELSEWHERE.test(name) && !UNFIT.test(name))
    .sort();
  const wanted = names.filter(
    (name) =>
      all ||
      STARTING_NODE.includes(name.replace('.test.mjs', '')) ||
      !startsPrograms(join(tests, name), new Set()),
  );
  return wanted.map((name) => relative(root, join(tests, name)));
}

/**
 * @param {string} path
 * @param {Set<string>} seen
 * @returns {boolean}
 */
function startsPrograms(path, seen) {
  if (seen.has(path)) return false;
  seen.add(path);
  const text = readFileSync(path, 'utf8');
  if (text.includes("'node:child_process'")) return true;
  const imported = [...text.matchAll(/from '(\.[^']+\.m?js)'/g)].map(([, name]) =>
    resolve(dirname(path), name),
  );
  return imported.some((name) => startsPrograms(name, seen));
}
