import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as imported from '@org/smart-m2m/testing';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';

test("the test kit works under Node's own test runner", async (t) => {
  const script = join(PACKAGE_ROOT, '__test__/consumers/node-test/test-kit.test.mjs');
  const { code, signal, stdout } = await runNode(script, { nodeArgs: ['--test', '--test-reporter=tap'] });
  t.is(signal, null);
  t.is(code, 0, stdout);
  t.regex(stdout, /^# pass 2$/m);
});

test('the test kit is the same whether it is imported or required', (t) => {
  const required = createRequire(import.meta.url)('@org/smart-m2m/testing');
  const { default: all, ...named } = imported;
  t.deepEqual({ ...named }, { ...required });
  t.is(all, required);
});

test('the test kit starts without the addon', async (t) => {
  const script = `
    import { startSmartServer } from '@org/smart-m2m/testing';
    const server = await startSmartServer();
    await server.close();
    const addons = process.report.getReport().sharedObjects.filter((path) => path.endsWith('.node'));
    console.log(addons.length);
  `;
  const { stdout, stderr } = await runNode(script, { evaluate: true });
  t.deepEqual([stdout, stderr], ['0\n', '']);
});
