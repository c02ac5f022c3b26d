import { existsSync } from 'node:fs';
import { readdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { installedRuntimes, runtimesFolder } from '../../scripts/runtimes.mjs';
import { runNode, runProgram } from '../support/child.mjs';
import { emptyApplication, npm, packedPlatform } from '../support/installed-application.mjs';
import { startPackageRegistry } from '../support/package-registry.mjs';

// As after a release: the package managers find all packages in a registry, and take the one for this platform.

const PACKAGE = '@org/smart-m2m';
const QUICK_START = 'Bearer from https:\n';
const PNPM = join(runtimesFolder, 'pnpm/bin/pnpm.cjs');
const YARN = join(runtimesFolder, '@yarnpkg/cli-dist/bin/yarn.js');

test('npm installs the package for this platform, and a lock file that is good for all', async (t) => {
  const { folder, registry } = await application(t);
  await succeed(t, npm(folder, ['install', PACKAGE]));
  t.deepEqual(registry.downloads.sort(), [PACKAGE, packedPlatform().name].sort());
  await getsToken(t, folder);

  const { packages } = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8'));
  t.is(Object.keys(packages).filter((path) => path.startsWith(`node_modules/${PACKAGE}-`)).length, 8);
});

test('without optional dependencies npm installs a package that says what it lacks', async (t) => {
  const { folder, registry } = await application(t);
  await succeed(t, npm(folder, ['install', '--omit=optional', PACKAGE]));
  t.deepEqual(registry.downloads, [PACKAGE]);
  const { code, stderr } = await runNode(join(folder, 'quick-start.cjs'));
  t.is(code, 1);
  t.regex(stderr, /ERR_NATIVE_ADDON/);
  t.true(stderr.includes(`${packedPlatform().name} is not installed beside ${PACKAGE}`), stderr);

  await succeed(t, npm(folder, ['install']));
  await getsToken(t, folder);
});

test('what the error says to add mends an installation without the package for the platform', async (t) => {
  const { folder } = await application(t);
  await succeed(t, npm(folder, ['install', '--omit=optional', PACKAGE]));
  const { stderr } = await runNode(join(folder, 'quick-start.cjs'));
  const [, advised] = /add what is missing: npm (install [^\n']*?[^.\n'])\.?(?:\n|')/.exec(stderr);
  await succeed(t, npm(folder, advised.split(' ')));
  await getsToken(t, folder);
});

test('pnpm links the package for this platform beside the main one', async (t) => {
  const { folder, registry } = await application(t);
  const args = ['add', PACKAGE, '--store-dir', join(folder, '.pnpm-store'), '--ignore-scripts'];
  await succeed(t, runNode(PNPM, { args, cwd: folder, env: ownHome(folder), timeoutMs: 120_000 }));
  t.deepEqual(registry.downloads.sort(), [PACKAGE, packedPlatform().name].sort());
  t.deepEqual(await readdir(join(folder, 'node_modules/@org')), ['smart-m2m']);
  t.regex(await realpath(join(folder, 'node_modules', PACKAGE)), /[\\/]\.pnpm[\\/]/);
  await getsToken(t, folder);
});

for (const linker of ['pnp', 'node-modules']) {
  test(`Yarn installs the package for this platform with its linker ${linker}`, async (t) => {
    const { folder, registry } = await application(t);
    await writeFile(
      join(folder, '.yarnrc.yml'),
      [
        `nodeLinker: ${linker}`,
        'pnpEnableEsmLoader: true',
        'enableTelemetry: false',
        'enableGlobalCache: false',
        'enableScripts: false',
        'unsafeHttpWhitelist: [127.0.0.1]',
        `npmScopes: { org: { npmRegistryServer: "${registry.url}" } }`,
      ].join('\n'),
    );
    await writeFile(join(folder, 'yarn.lock'), '');
    const env = {
      ...ownHome(folder),
      YARN_GLOBAL_FOLDER: join(folder, '.yarn-global'),
      YARN_ENABLE_IMMUTABLE_INSTALLS: '0',
    };
    const yarn = (args) => runNode(YARN, { args, cwd: folder, env, timeoutMs: 120_000 });
    await succeed(t, yarn(['add', PACKAGE]));
    t.deepEqual(registry.downloads.sort(), [PACKAGE, packedPlatform().name].sort());
    for (const program of ['quick-start.cjs', 'quick-start.mjs']) {
      const { stdout, stderr } = await yarn(['node', program]);
      t.is(stdout, QUICK_START, stderr);
    }
    t.is(existsSync(join(folder, 'node_modules')), linker === 'node-modules');
  });
}

for (const { command } of installedRuntimes().filter(({ name }) => name === 'Bun')) {
  test('Bun installs the package for this platform', async (t) => {
    const { folder, registry } = await application(t);
    const env = { ...process.env, ...ownHome(folder), BUN_INSTALL_CACHE_DIR: join(folder, '.bun-cache') };
    await succeed(t, runProgram(command, ['add', '--ignore-scripts', PACKAGE], { cwd: folder, env }));
    t.deepEqual(registry.downloads.sort(), [PACKAGE, packedPlatform().name].sort());
    await getsToken(t, folder);
    const { stdout, stderr } = await runProgram(command, ['quick-start.mjs'], { cwd: folder, env });
    t.is(stdout, QUICK_START, stderr);
  });
}

async function application(t) {
  const registry = await startPackageRegistry();
  t.teardown(() => registry.close());
  const { folder, remove } = await emptyApplication();
  t.teardown(remove);
  await writeFile(join(folder, '.npmrc'), `@org:registry=${registry.url}\n`);
  return { folder, registry };
}

/** Settings and stores of whoever runs the tests stay out of it. */
function ownHome(folder) {
  return { HOME: folder, USERPROFILE: folder, XDG_DATA_HOME: folder, XDG_CACHE_HOME: folder, CI: '1' };
}

async function getsToken(t, folder) {
  const { stdout, stderr } = await runNode(join(folder, 'quick-start.mjs'), { cwd: folder });
  t.is(stdout, QUICK_START, stderr);
}

async function succeed(t, running) {
  const { code, stdout, stderr } = await running;
  t.is(code, 0, stdout + stderr);
}
