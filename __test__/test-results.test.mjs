import test from 'ava';
import { avaResults, cargoResults, jestResults } from '../scripts/test-results.mjs';

// What the last lines of `npm test` say has to be true: these are lines as the runners print them.

test("cargo's result lines are added up, and what failed is told from each of its test binaries", (t) => {
  const output = [
    'running 2 tests',
    'test keys::signs ... ok',
    'test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.10s',
    'test url::joins ... FAILED',
    '',
    'failures:',
    '',
    '---- url::joins stdout ----',
    "thread 'url::joins' panicked at src/url.rs:1:1:",
    '',
    '',
    'failures:',
    '    url::joins',
    '',
    'test result: \u001B[31mFAILED\u001B[0m. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out',
    'error: 1 target failed:',
  ].join('\n');
  t.deepEqual(cargoResults(output), {
    passed: 15,
    failed: 2,
    failures: "---- url::joins stdout ----\nthread 'url::joins' panicked at src/url.rs:1:1:",
  });
});

test("ava's tests are counted one by one, also where its summary leaves out those that passed", (t) => {
  const crossed = [
    '  ✘ [fail]: hooks › three fails Test failed via `t.fail()`',
    '  ✘ __test__/hooks.test.mjs exited with a non-zero exit code: 1',
  ];
  const summary = [
    '  hooks › three fails',
    '',
    '  1 test failed',
    '  1 uncaught exception',
    '  2 unhandled rejections',
  ];
  const output = [
    '  ✔ errors › one holds',
    '  \u001B[32m✔\u001B[39m errors › two holds (1.2s)',
    ...crossed,
    '  ─',
    '',
    ...summary,
    '',
  ].join('\n');
  t.deepEqual(avaResults(output), {
    passed: 2,
    failed: 4,
    failures: [...crossed, '', ...summary].join('\n'),
  });
});

test('the symbols of older Windows consoles count like the others', (t) => {
  t.deepEqual(avaResults('  √ one holds\r\n  × [fail]: two fails\r\n'), {
    passed: 1,
    failed: 1,
    failures: '  × [fail]: two fails\n',
  });
});

test("jest's tests are counted, not its suites", (t) => {
  const output = [
    'FAIL __test__/tokens.test.js',
    '  ● a token › is there',
    '',
    '    expect(received).toBe(expected)',
    '',
    'Test Suites: 1 failed, 1 passed, 2 total',
    'Tests:       1 failed, 6 passed, 7 total',
    'Snapshots:   0 total',
  ].join('\n');
  t.deepEqual(jestResults(output), {
    passed: 6,
    failed: 1,
    failures: '  ● a token › is there\n\n    expect(received).toBe(expected)',
  });
  t.deepEqual(jestResults('Tests:       4 passed, 4 total'), { passed: 4, failed: 0, failures: '' });
});

test('of tests that passed nothing is told again', (t) => {
  t.is(avaResults('  ✔ errors › one holds\n  ─\n\n  1 test passed\n').failures, '');
});

test('a runner that printed no results has none', (t) => {
  for (const results of [avaResults, cargoResults, jestResults]) {
    t.deepEqual(results('error: could not compile\n'), { passed: 0, failed: 0, failures: '' });
  }
});
