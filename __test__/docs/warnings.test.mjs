import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { comparable, quotationsIn } from '../support/docs/error-pages.mjs';
import { ErrorScenarios } from '../support/docs/error-scenarios.mjs';
import { collectWarningMessages } from '../support/docs/warning-scenarios.mjs';

const page = await readFile(join(PACKAGE_ROOT, 'docs/warnings.md'), 'utf8');
const described = [...page.matchAll(/^### (\w+)$/gm)].map(([, code]) => code);

test('docs/warnings.md and the README have the same codes', async (t) => {
  const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');
  const table = readme.slice(readme.indexOf('The warnings are:'));
  const codes = [...table.matchAll(/^\| `([A-Z_]+)` /gm)].map(([, code]) => code);
  t.deepEqual([...described].sort(), codes.sort());
});

// When a message has changed: node scripts/docs-quotations.mjs
test('what docs/warnings.md quotes is what the package says', async (t) => {
  const scenarios = await ErrorScenarios.start();
  t.teardown(() => scenarios.close());
  const messages = await collectWarningMessages(scenarios);
  for (const code of described) {
    const quoted = quotationsIn(page, `### ${code}`).map(({ text }) => comparable(text));
    t.deepEqual(quoted, Object.hasOwn(messages, code) ? [comparable(messages[code])] : [], code);
  }
});
