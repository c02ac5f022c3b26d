import { join } from 'node:path';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';

const MINUTES = 1 / 3;

test('a short soak breaks no rule', async (t) => {
  t.timeout(240_000);
  const { code, signal, stdout, stderr } = await runNode(join(PACKAGE_ROOT, 'soak', 'main.mjs'), {
    args: ['--minutes', String(MINUTES), '--rate', '100'],
    timeoutMs: 230_000,
  });
  // What it prints names the violations and the seed.
  t.deepEqual({ code, signal }, { code: 0, signal: null }, `${stdout}${stderr}`);
});
