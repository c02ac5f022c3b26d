import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { packageBin } from '../../scripts/package-bin.mjs';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';

// Every block of docs/testing.md, and the README's, as it stands, in a project that has the package installed.

const FINISHED = 'the example has run to its end';
const require = createRequire(import.meta.url);
/** What a block without imports stands on: the page says so by using these names. */
const PRELUDE = `
import assert from 'node:assert/strict';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { startSmartServer } from '@org/smart-m2m/testing';
const outer = await startSmartServer({ tls: false });
try {
  const server = outer;
  const client = server.registerClient();
  Keystores.register('guide', { jwks: client.jwks });
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.clientOptions, clientId: client.clientId, keystore: 'guide', scope: 'system/*.cruds',
  });
  {
`;
const EPILOGUE = `
  }
} finally {
  await outer.close();
}
`;

const guide = await readFile(join(PACKAGE_ROOT, 'docs/testing.md'), 'utf8');
const readme = await readFile(join(PACKAGE_ROOT, 'README.md'), 'utf8');
const blocks = blocksOf(guide);

for (const { heading, language, code } of blocks) {
  test(`the example of docs/testing.md under "${heading}" runs as it stands`, async (t) => {
    t.is(language, 'js');
    await runsToItsEnd(t, code);
  });
}

test("the README's example of the test kit runs as it stands", async (t) => {
  const [{ code }, ...others] = blocksOf(readme).filter(({ heading }) => heading === 'Testing');
  t.deepEqual(others, []);
  await runsToItsEnd(t, code);
});

test('docs/testing.md has an example for each of the runners, and for most of its tasks', (t) => {
  t.true(blocks.length >= 12);
  for (const runner of ["from 'node:test'", 'beforeAll', "from 'ava'"]) {
    t.is(blocks.filter(({ code }) => code.includes(runner)).length, 1, runner);
  }
});

test('docs/testing.md names every check, with its rule', (t) => {
  const { CHECK_NAMES, CHECKS } = require('../../lib/testing/checks.js');
  const rows = [...guide.matchAll(/^\| `(\w+)` +\| .+? \| (.+?) +\|$/gm)].map(([, name, rule]) => [
    name,
    rule,
  ]);
  t.deepEqual(
    rows,
    CHECK_NAMES.map((name) => [name, CHECKS[name].rule.replace('SMART App Launch', 'SMART')]),
  );
});

function blocksOf(text) {
  return text.split(/^## /m).flatMap((section) => {
    const [heading] = section.split('\n', 1);
    return [...section.matchAll(/^```(\w*)$\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
      heading,
      language,
      code,
    }));
  });
}

async function runsToItsEnd(t, block) {
  const { code, stdout, stderr } = await run(await installedProject(t), block);
  t.is(code, 0, stdout + stderr);
  t.regex(stdout + stderr, new RegExp(`^# pass 1$|Tests: +1 passed|1 test passed|^${FINISHED}$`, 'm'));
}

async function run(project, code) {
  if (code.includes("from 'node:test'")) {
    const script = join(project, 'example.test.mjs');
    await writeFile(script, code);
    return runNode(script, { nodeArgs: ['--test', '--test-reporter=tap'] });
  }
  if (code.includes('beforeAll')) {
    await writeFile(join(project, 'example.test.js'), code);
    await writeFile(
      join(project, 'jest.config.js'),
      "module.exports = { testEnvironment: 'node', transform: {} };",
    );
    return runNode(packageBin(PACKAGE_ROOT, 'jest'), {
      args: ['--rootDir', project, '--config', join(project, 'jest.config.js')],
    });
  }
  if (code.includes("from 'ava'")) {
    await writeFile(join(project, 'example.test.mjs'), code);
    await symlink(
      join(PACKAGE_ROOT, 'node_modules', 'ava'),
      join(project, 'node_modules', 'ava'),
      'junction',
    );
    return runNode(packageBin(PACKAGE_ROOT, 'ava'), { cwd: project, env: { CI: 'true' } });
  }
  const script = join(project, 'example.mjs');
  const whole = /^import\s/m.test(code) ? code : PRELUDE + code + EPILOGUE;
  await writeFile(script, `${whole}\nconsole.log(${JSON.stringify(FINISHED)});\n`);
  return runNode(script);
}

/** As npm would leave it: the package under node_modules. */
async function installedProject(t) {
  const project = await mkdtemp(join(tmpdir(), 'smart-m2m-testing-'));
  t.teardown(() => rm(project, { recursive: true, force: true }));
  await mkdir(join(project, 'node_modules', '@org'), { recursive: true });
  await symlink(PACKAGE_ROOT, join(project, 'node_modules', '@org', 'smart-m2m'), 'junction');
  await writeFile(join(project, 'package.json'), '{ "private": true }\n');
  return project;
}
