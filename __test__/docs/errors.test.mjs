import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import {
  collectQuotations,
  comparable,
  PAGES,
  quotationsIn,
  SECTIONS,
} from '../support/docs/error-pages.mjs';

const REQUIRED = ['Messages', 'Causes and cures', 'Options', 'What the doctor shows'];

const types = await readFile(join(PACKAGE_ROOT, 'index.d.ts'), 'utf8');
const [, union] = /^export type ClientAuthErrorCode =([^;]*);/m.exec(types);
const codes = [...union.matchAll(/'(ERR_\w+)'/g)].map(([, code]) => code);
const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');

let pages;
let quotations;

test.before(async () => {
  const names = (await readdir(PAGES)).filter((name) => name.startsWith('ERR_'));
  pages = new Map(
    await Promise.all(
      names.map(async (name) => [name.replace(/\.md$/, ''), await readFile(join(PAGES, name), 'utf8')]),
    ),
  );
  quotations = await collectQuotations();
});

test('every error code has a page, and no page is about a code that there is not', async (t) => {
  t.deepEqual([...pages.keys()].sort(), [...codes].sort());
  const list = await readFile(join(PAGES, 'README.md'), 'utf8');
  const listed = [...list.matchAll(/\[`(ERR_\w+)`\]\((ERR_\w+)\.md\)/g)];
  t.deepEqual(listed.map(([, code]) => code).sort(), [...codes].sort());
  for (const [, code, target] of listed) t.is(target, code);
});

test('each page says what was said, why, what to do, and what the doctor shows', (t) => {
  for (const [code, markdown] of pages) {
    t.true(markdown.startsWith(`# ${code}\n`), code);
    const headings = [...markdown.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    t.deepEqual(headings, REQUIRED, code);
  }
});

test('whether an error is transient is said alike on its page and in the README', (t) => {
  for (const [code, markdown] of pages) {
    const row = readme.split('\n').find((line) => line.startsWith(`| \`${code}\``));
    t.truthy(row, `${code} is not in the README`);
    const isTransient = /^\*\*Transient\*\*: (yes|no|sometimes)/m.exec(markdown)?.[1];
    t.truthy(isTransient, `${code} does not say whether it is transient`);
    const cell = row.split('|').at(4)?.trim();
    if (cell === 'yes' || cell === 'no') t.is(isTransient, cell, code);
  }
});

// When a message has changed: node scripts/docs-quotations.mjs
for (const section of SECTIONS) {
  test(`what the pages quote under "${section}" is what the package says`, (t) => {
    for (const [code, markdown] of pages) {
      const quoted = quotationsIn(markdown, `## ${section}`).map(({ text }) => comparable(text));
      t.deepEqual(quoted, (quotations[code]?.[section] ?? []).map(comparable), code);
    }
  });
}

test('every code that a program can bring about is quoted, all but that of a defect of the package', (t) => {
  const missing = codes.filter((code) => (quotations[code]?.Messages ?? []).length === 0);
  t.deepEqual(missing, ['ERR_INTERNAL']);
});
