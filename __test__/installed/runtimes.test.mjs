import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { installedRuntimes } from '../../scripts/runtimes.mjs';
import { runProgram } from '../support/child.mjs';
import { bareEnvironment, installedApplication, packedPlatform } from '../support/installed-application.mjs';

// The packages as they would be published, installed in an empty folder and used by each runtime, with nothing on the
// PATH: no Rust, no compiler, no other Node.

const QUICK_START = 'Bearer from https:';

let application;

test.before(async () => {
  application = await installedApplication();
});
test.after.always(() => application?.remove());

test('an installation is the main package and the one for the platform, and nothing else', async (t) => {
  const modules = join(application.folder, 'node_modules');
  t.deepEqual(
    (await readdir(modules)).filter((name) => !name.startsWith('.')),
    ['@org'],
  );
  t.deepEqual(
    (await readdir(join(modules, '@org'))).sort(),
    ['smart-m2m', packedPlatform().name.replace('@org/', '')].sort(),
  );
});

test('the installed package names the package of each platform, at its own version', async (t) => {
  const path = join(application.folder, 'node_modules/@org/smart-m2m/package.json');
  const { version, optionalDependencies, scripts } = JSON.parse(await readFile(path, 'utf8'));
  t.is(Object.keys(optionalDependencies).length, 8);
  for (const each of Object.values(optionalDependencies)) t.is(each, version);
  t.is(scripts, undefined);
});

for (const { name, command, args } of installedRuntimes()) {
  const run = async (t, program) => {
    const { code, stdout, stderr } = await runProgram(command, [...args, program], {
      cwd: application.folder,
      env: bareEnvironment(application.folder, { DENO_DIR: join(application.folder, '.deno') }),
    });
    t.is(code, 0, stderr);
    return stdout;
  };

  test(`${name}: an ES module gets a token over TLS`, async (t) => {
    t.is(await run(t, 'quick-start.mjs'), `${QUICK_START}\n`);
  });

  test(`${name}: a CommonJS module gets a token over TLS`, async (t) => {
    t.is(await run(t, 'quick-start.cjs'), `${QUICK_START}\n`);
  });

  test(`${name}: a worker thread gets a token after its parent`, async (t) => {
    t.is(await run(t, 'worker.mjs'), `${QUICK_START} in a worker\n`);
  });

  test(`${name}: a child process and a worker of a cluster get tokens of their own`, async (t) => {
    t.is(
      await run(t, 'processes.mjs'),
      `${QUICK_START} in a child process\n${QUICK_START} in a worker of a cluster\n`,
    );
  });
}
