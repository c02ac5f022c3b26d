import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { readTopics } from '../support/reliability-table.mjs';

const DOCS = join(PACKAGE_ROOT, 'docs');

test('each promise of docs/security.md links to a test that there is', async (t) => {
  const page = await readFile(join(DOCS, 'security.md'), 'utf8');
  const [, table] = /^\| Attacker .*Test *\|\n\|.*\n((?:\|.*\n)+)/m.exec(page);
  const links = table
    .trim()
    .split('\n')
    .map((row) => /\[(.*)\]\((.*)\) *\|$/.exec(row).slice(1));
  t.true(links.length > 20);
  const topics = await readTopics();
  for (const [title, path] of links) {
    const source = await readFile(join(DOCS, path), 'utf8');
    const rows = topics.find(({ testFile }) => path.endsWith(`/reliability/${testFile}`))?.rows ?? [];
    const isThere =
      [`test('${title}'`, `test("${title}"`].some((start) => source.includes(start)) ||
      rows.some(({ name, outcome }) => `${name}: ${outcome}` === title);
    t.true(isThere, `${title} in ${path}`);
  }
});

test('each attacker that is considered has promises, and each of them is one of those', async (t) => {
  const page = await readFile(join(DOCS, 'security.md'), 'utf8');
  const firstCells = (heading) =>
    page
      .split(`\n${heading}\n`)[1]
      .split('\n#')[0]
      .split('\n')
      .filter((line) => line.startsWith('| '))
      .slice(2)
      .map((line) => line.split('|').map((cell) => cell.trim()));
  const considered = firstCells('### Attackers').filter(([, , , isConsidered]) => isConsidered === 'yes');
  const promised = firstCells('### Promises').map(([, attacker]) => attacker);
  t.deepEqual(new Set(promised), new Set(considered.map(([, attacker]) => attacker)));
});
