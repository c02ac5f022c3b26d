import test from 'ava';
import { avaCounts, cargoCounts, jestCounts } from '../scripts/test-counts.mjs';

// What the last line of `npm test` says has to be true: these are lines as the runners print them.

test("cargo's result lines are added up, passed and failed ones", (t) => {
  const output = [
    'running 2 tests',
    'test keys::signs ... ok',
    'test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s',
    'test result: \u001B[31mFAILED\u001B[0m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out',
    'error: 1 target failed:',
  ].join('\n');
  t.deepEqual(cargoCounts(output), { passed: 15, failed: 2 });
});

test("ava's tests are counted one by one, also where its summary leaves out those that passed", (t) => {
  const output = [
    '  ✔ errors › one holds',
    '  \u001B[32m✔\u001B[39m errors › two holds (1.2s)',
    '  ✘ [fail]: hooks › three fails Test failed via `t.fail()`',
    '  ✘ __test__/hooks.test.mjs exited with a non-zero exit code: 1',
    '  ─',
    '',
    '  hooks › three fails',
    '',
    '  1 test failed',
    '  1 uncaught exception',
    '  2 unhandled rejections',
    '',
  ].join('\n');
  t.deepEqual(avaCounts(output), { passed: 2, failed: 4 });
});

test('the symbols of older Windows consoles count like the others', (t) => {
  t.deepEqual(avaCounts('  √ one holds\r\n  × [fail]: two fails\r\n'), { passed: 1, failed: 1 });
});

test("jest's tests are counted, not its suites", (t) => {
  const output = [
    'Test Suites: 1 failed, 1 passed, 2 total',
    'Tests:       1 failed, 6 passed, 7 total',
    'Snapshots:   0 total',
  ].join('\n');
  t.deepEqual(jestCounts(output), { passed: 6, failed: 1 });
  t.deepEqual(jestCounts('Tests:       4 passed, 4 total'), { passed: 4, failed: 0 });
});

test('a runner that printed no counts has none', (t) => {
  for (const counts of [avaCounts, cargoCounts, jestCounts]) {
    t.deepEqual(counts('error: could not compile\n'), { passed: 0, failed: 0 });
  }
});
