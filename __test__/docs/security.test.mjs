import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';

test('each promise of docs/security.md names a test that there is', async (t) => {
  const page = await readFile(join(PACKAGE_ROOT, 'docs/security.md'), 'utf8');
  const [, table] = /^\| Attack .*\n\|.*\n((?:\|.*\n)+)/m.exec(page);
  const titles = table
    .trim()
    .split('\n')
    .map((row) => row.split('|').at(3).trim());
  t.true(titles.length > 10);

  const folder = join(PACKAGE_ROOT, '__test__');
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith('.test.mjs'));
  const tests = (await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')))).join('\n');
  for (const title of titles) {
    t.true(
      [`'${title}'`, `"${title}"`].some((literal) => tests.includes(`test(${literal}`)),
      title,
    );
  }
});
