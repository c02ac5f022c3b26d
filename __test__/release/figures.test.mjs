import { readFileSync } from 'node:fs';
import test from 'ava';
import { withFigures } from '../../scripts/figures.mjs';

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

test('new figures replace the old ones, and nothing else', (t) => {
  const before = 'A\n\n<!-- figures: by a script -->\n\nold\n\n<!-- end of figures -->\n\nB\n';
  const table = '| Figure | Measured |\n| ------ | -------- |\n| size   | $1 MiB   |';
  const after = `A\n\n<!-- figures: by a script -->\n\n${table}\n\n<!-- end of figures -->\n\nB\n`;
  t.is(withFigures(before, [['size', '$1 MiB']]), after);
  t.is(withFigures(after, [['size', '$1 MiB']]), after);
});

test('figures without a place are refused', (t) => {
  t.throws(() => withFigures('A\n', []), { message: /no marks/ });
});

test('the README has its place for them, and tells of no dependency while there is none', (t) => {
  const { dependencies = {} } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  );
  t.deepEqual(Object.keys(dependencies), []);
  t.regex(
    readme,
    /<!-- figures: [^\n]+ -->\n[\s\S]*\| dependencies, install scripts +\| 0, 0 +\|[\s\S]*<!-- end of figures -->/,
  );
});
