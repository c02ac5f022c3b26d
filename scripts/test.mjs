import { join } from 'node:path';
import { areDebianProgramsRequired, prepareDebianPrograms } from './debian-programs.mjs';
import { lint } from './lint-steps.mjs';
import { packageBin } from './package-bin.mjs';
import { packPackages } from './packages.mjs';
import { prepareAddon, prepareTools, root } from './prepare.mjs';
import { run } from './run.mjs';
import { areRuntimesRequired, newerNode, prepareRuntimes } from './runtimes.mjs';
import { avaResults, cargoResults, jestResults } from './test-results.mjs';

// Everything that is checked, one after the other, also after a failure. What failed is told once more at the end, and
// the last line counts it.

const node = process.execPath;
const consumers = join('__test__', 'consumers');
/** Their newest versions are tried where Node is new enough for them. */
const NEWEST_LIBRARIES = ['__test__/adapters/{undici,undici-composition,got,got-hooks,medplum}.test.mjs'];

if (!(await prepareTools())) process.exit(1);
const hasAddon = await prepareAddon();

const results = [];
if (!hasAddon) results.push({ name: 'addon', passed: 0, failed: 1 });
results.push(...(await lint()));
await test('cargo test', 'cargo', ['test', '--workspace', '--no-fail-fast'], cargoResults);
if (hasAddon) {
  packPackages(root, join(root, 'target', 'packages'));
  await test('ava', node, [packageBin(root, 'ava'), ...(await avaFiles())], avaResults);
  const newer = newerNode();
  if (newer !== null) {
    await test('ava, Node 24', newer, [packageBin(root, 'ava'), ...NEWEST_LIBRARIES], avaResults);
  }
  await test(
    'jest',
    node,
    [packageBin(root, 'jest'), '--config', join(consumers, 'jest', 'jest.config.js')],
    jestResults,
  );
  await test('ESM consumer', node, [join(consumers, 'esm', 'consumer.mjs')]);
}
for (const project of [
  'tsconfig.json',
  'tsconfig.dom.json',
  'adapters/tsconfig.json',
  'adapters/tsconfig.bundler.json',
]) {
  const path = join(consumers, 'typescript', project);
  await test(`TypeScript consumer (${project})`, node, [
    packageBin(root, 'typescript', 'tsc'),
    '--project',
    path,
  ]);
}

const passed = results.reduce((total, result) => total + result.passed, 0);
const failed = results.reduce((total, result) => total + result.failed, 0);
for (const { name, failed, failures } of results) {
  if (failed > 0 && failures) console.log(`\n> ${name}: what failed\n\n${failures}`);
}
console.log();
for (const result of results) console.log(`${result.name}: ${result.passed} passed, ${result.failed} failed`);
if (failed > 0) process.exitCode = 1;
console.log(`\n${passed} passed, ${failed} failed`);

/** All of them, or those that the programs at hand suffice for. */
async function avaFiles() {
  const without = [];
  const leaveOut = (folder, name, problem, isRequired) => {
    if (isRequired) {
      console.error(`\n${problem}.`);
      results.push({ name, passed: 0, failed: 1 });
    } else {
      console.log(`\n${problem}. The tests in ${folder} are left to CI.`);
    }
    without.push(`!${folder}/**`);
  };
  const problem = await prepareDebianPrograms();
  if (problem !== null) {
    leaveOut('__test__/debian-servers', "Debian's servers", problem, areDebianProgramsRequired);
  }
  if (!(await prepareRuntimes())) {
    leaveOut('__test__/installed', 'runtimes', 'the runtimes are not there', areRuntimesRequired);
  }
  return without.length === 0 ? [] : ['__test__/**/*.test.mjs', ...without];
}

/** Without a reader of its results a step counts as one test. */
async function test(name, command, args, readResults) {
  console.log(`\n> ${name}`);
  const { ok, output } = await run(command, args, { cwd: root, keepOutput: readResults !== undefined });
  const { passed, failed, failures } = readResults?.(output) ?? { passed: ok ? 1 : 0, failed: 0 };
  // A runner that fails without a failed test could not run at all.
  results.push({ name, passed, failed: ok ? failed : Math.max(failed, 1), failures });
}
