import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';

/** What a browser loads by itself, as against a link that somebody follows. */
const LOADED =
  /<(?:script|img|link|iframe|source|video|audio|object|embed)\b[^>]*?\s(?:src|href|data)="([^"]*)"/g;

/**
 * Everything in a built site that leads nowhere, or that a browser would fetch from elsewhere.
 *
 * @param {string} folder
 * @returns {Promise<string[]>} sentences; none if all is well
 */
export async function brokenLinks(folder) {
  const files = (await readdir(folder, { recursive: true })).map((name) => name.replaceAll('\\', '/'));
  const names = files.filter((name) => name.endsWith('.html'));
  const pages = new Map(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), 'utf8')])),
  );
  const problems = [];
  for (const [name, html] of pages) {
    for (const [, target] of html.matchAll(/<a\b[^>]*\shref="([^"]*)"/g)) {
      const problem = problemOf(name, target, pages);
      if (problem !== null) problems.push(`${name}: ${target} ${problem}`);
    }
    for (const [, target] of html.matchAll(LOADED)) {
      if (target.startsWith('data:')) continue;
      const isOwn = !/^(?:[a-z]+:|\/\/)/i.test(target);
      if (!isOwn) problems.push(`${name}: ${target} is loaded from elsewhere`);
      else if (!files.includes(posix.join(posix.dirname(name), target))) {
        problems.push(`${name}: ${target} is not there`);
      }
    }
  }
  return problems;
}

function problemOf(name, target, pages) {
  if (/^(?:https?|mailto):/.test(target)) return null;
  const [path, fragment] = target.split('#');
  const page = path === '' ? name : posix.join(posix.dirname(name), path);
  const html = pages.get(page);
  if (html === undefined) return 'leads to no page';
  if (fragment === undefined || html.includes(` id="${fragment}"`)) return null;
  return 'leads to no heading';
}
