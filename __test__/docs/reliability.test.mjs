import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { readTopics, withTables } from '../support/reliability-table.mjs';

const page = readFileSync(join(PACKAGE_ROOT, 'docs', 'reliability.md'), 'utf8');
const topics = await readTopics();

test('the tables of docs/reliability.md are those of the tests', (t) => {
  // If not: node scripts/reliability-table.mjs
  t.is(comparable(withTables(page, topics)), comparable(page));
});

test('at least 150 hostile inputs and 40 faults are tried, each under a name of its own', (t) => {
  const rowsOf = (kind) => topics.filter((topic) => topic.kind === kind).flatMap(({ rows }) => rows);
  t.true(rowsOf('input').length >= 150);
  t.true(rowsOf('fault').length >= 40);
  for (const { title, rows } of topics) {
    t.is(new Set(rows.map(({ name }) => name)).size, rows.length, title);
    t.true(
      rows.every(({ name, outcome }) => name !== '' && outcome !== ''),
      title,
    );
  }
});

/** Columns are as wide as their widest cell. */
function comparable(markdown) {
  return markdown.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
}
