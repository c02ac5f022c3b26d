import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from './support/child.mjs';
import { readTopics } from './support/reliability-table.mjs';

// Each row of a table in docs/servers.md that has a column "Test" is a claim, and the test of that title proves it.

const COLUMNS = ['Server or behaviour', 'Settings', 'Result', 'Test'];
const TITLE =
  /\btest(?:\.(?:serial|only))?\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\$]|\\.)*)`)/g;

const rows = matrixRows(readFileSync(join(PACKAGE_ROOT, 'docs', 'servers.md'), 'utf8'));
const titles = titlesOf(join(PACKAGE_ROOT, '__test__'));
for (const { rows: tried } of await readTopics()) {
  for (const { name, outcome } of tried) titles.add(`${name}: ${outcome}`);
}

test('every row of the matrix in docs/servers.md names a test that there is', (t) => {
  t.true(rows.length > 0);
  const unknown = rows.filter(({ test }) => !titles.has(test));
  t.deepEqual(unknown, []);
});

test('every row of the matrix says of which server, with what result', (t) => {
  for (const row of rows) {
    t.true(row.server !== '' && row.result !== '', JSON.stringify(row));
  }
});

/** Of all tables with a column "Test", which are of one form. */
function matrixRows(markdown) {
  const found = [];
  let columns = null;
  for (const line of markdown.split('\n')) {
    const cells = cellsOf(line);
    if (cells === null) {
      columns = null;
    } else if (columns === null) {
      columns = cells;
      if (columns.includes('Test') && columns.join() !== COLUMNS.join()) {
        throw new Error(`the columns of the matrix are ${COLUMNS.join(', ')}, not ${columns.join(', ')}`);
      }
    } else if (columns.includes('Test') && !cells.every((cell) => /^:?-+:?$/.test(cell))) {
      const [server, settings, result, test] = cells;
      found.push({ server, settings, result, test });
    }
  }
  return found;
}

/** null where the line is none of a table. */
function cellsOf(line) {
  const row = /^\|(.*)\|\s*$/.exec(line);
  if (row === null) return null;
  return row[1].split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll('\\|', '|'));
}

function titlesOf(folder) {
  const found = new Set();
  for (const path of readdirSync(folder, { recursive: true })) {
    if (!path.endsWith('.test.mjs')) continue;
    for (const [, ...literals] of readFileSync(join(folder, path), 'utf8').matchAll(TITLE)) {
      found.add(literals.find((literal) => literal !== undefined).replace(/\\(.)/g, '$1'));
    }
  }
  return found;
}
