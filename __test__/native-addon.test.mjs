import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { GLIBC_FLOOR } from '../scripts/platforms/targets.mjs';
import { glibcTooOld, notFound } from './support/addon-search.mjs';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { elfFile } from './support/elf.mjs';

const require = createRequire(import.meta.url);
const { libcOf, buildsFor } = require('../lib/addon.js');

const { name: PACKAGE, version } = require('../package.json');
const { platform, arch } = process;
const isLinux = platform === 'linux';
const [HERE] = buildsFor(platform, arch, isLinux ? libcOf() : null);
const FILE = `smart-m2m.${HERE}.node`;
const OTHER_ARCH = arch === 'x64' ? 'arm64' : 'x64';
const ELF_MACHINE = { x64: 62, arm64: 183 };

/** How the message for this machine begins, and how the usual one ends. */
const MISSING = `is missing: ${PACKAGE}-${HERE} is not installed beside ${PACKAGE}. `;
const ADD = `npm install --no-save --force ${PACKAGE}-${HERE}@${version}`;

test('without the package for its platform, require says which is missing, why, and what to do', async (t) => {
  const { loaded } = await install(t);
  const { code, name, message, cause, transient } = await loaded();
  t.is(code, 'ERR_NATIVE_ADDON');
  t.is(name, 'ClientAuthError');
  t.false(transient);
  t.true(message.includes(MISSING), message);
  t.regex(
    message,
    /npm leaves it out under --omit=optional, and also where package-lock\.json was written on an/,
  );
  t.true(message.includes('Delete node_modules and package-lock.json'), message);
  t.true(message.endsWith(`${ADD}.`), message);
  t.is(cause, 'MODULE_NOT_FOUND');
  t.true(message.length < 700);
});

test('the command line says the same, without a stack', async (t) => {
  const { module } = await install(t);
  const { code, stderr } = await runNode(join(module, 'lib/cli/bin.js'), { args: ['keygen'] });
  t.is(code, 1);
  t.true(stderr.startsWith('ERR_NATIVE_ADDON: '), stderr);
  t.true(stderr.replaceAll(/\s+/g, ' ').includes(MISSING), stderr);
  t.false(stderr.includes('    at '), stderr);
});

test('the test kit does without', async (t) => {
  const { application } = await install(t);
  const script = `import { startSmartServer } from '${PACKAGE}/testing'; await (await startSmartServer()).close();`;
  await writeFile(join(application, 'kit.mjs'), script);
  const { code, stderr } = await runNode(join(application, 'kit.mjs'));
  t.is(code, 0, stderr);
});

for (const [build, found] of [
  [platform === 'win32' ? 'darwin-arm64' : 'win32-x64-msvc', 'on another system and copied or mounted here'],
  [HERE.replace(arch, OTHER_ARCH), `by a Node.js for ${OTHER_ARCH}, and this one is for ${arch}`],
  ...(isLinux
    ? [[HERE.replace(/gnu$|musl$/, (l) => (l === 'gnu' ? 'musl' : 'gnu')), 'with the other libc']]
    : []),
]) {
  test(`where the package for ${build} was installed instead, the error says so`, async (t) => {
    const { platformPackage, loaded } = await install(t);
    await mkdir(platformPackage(build));
    const { message } = await loaded();
    t.true(message.includes(MISSING), message);
    t.true(message.includes(`There is ${PACKAGE}-${build} instead: node_modules was installed`), message);
    t.true(message.includes(found), message);
  });
}

test('an x64 Node on a Mac with Apple silicon is told about Rosetta', async (t) => {
  const { module, platformPackage } = await install(t);
  await mkdir(platformPackage('darwin-arm64'));
  const mac = { platform: 'darwin', arch: 'x64', libc: null, builds: ['darwin-x64'] };
  const { message } = notFound(mac, { root: module });
  t.true(message.startsWith('the native addon for darwin x64 is missing'), message);
  t.true(
    message.includes('by a Node.js for arm64, and this one is for x64, as one under Rosetta is.'),
    message,
  );
});

test('a system that nothing is built for is told what there are builds for', (t) => {
  const { code, message } = notFound({ platform: 'freebsd', libc: null, builds: [] });
  t.is(code, 'ERR_NATIVE_ADDON');
  t.regex(
    message,
    /has no build for freebsd on x64: there are builds for Linux \(glibc and musl\), macOS and Windows/,
  );
});

test('in a clone that has not been built, the error names the command that builds', (t) => {
  const { message } = notFound({}, { root: PACKAGE_ROOT });
  t.true(message.endsWith('is not installed, and this is a clone. Run npm run build.'), message);
});

test('inside a bundle the error says how to leave the package out of it', (t) => {
  const { message } = notFound({}, { isBundled: true });
  t.regex(
    message,
    /leave it external \(esbuild --external:, externals of webpack, serverExternalPackages of Next/,
  );
});

test('a platform package without its file, or with a damaged one, is told from one that is missing', async (t) => {
  const { platformPackage, loaded } = await install(t);
  await copyPlatformPackage(platformPackage(HERE));
  const start = `the package ${PACKAGE}-${HERE} is there and does not load on `;

  const without = await loaded();
  t.true(without.message.startsWith(start), without.message);
  t.true(without.message.includes('the file that its package.json names is not there. Delete node_modules'));

  await writeFile(join(platformPackage(HERE), FILE), 'version https://git-lfs.github.com/spec/v1\n');
  const damaged = await loaded();
  t.is(damaged.code, 'ERR_NATIVE_ADDON');
  t.true(damaged.message.startsWith(start), damaged.message);
  if (isLinux) t.true(damaged.message.includes('the file is damaged'), damaged.message);
  t.is(damaged.cause, 'ERR_DLOPEN_FAILED');
});

if (isLinux) {
  test('an addon for another architecture is told by its header', async (t) => {
    const { platformPackage, loaded } = await install(t);
    await copyPlatformPackage(platformPackage(HERE));
    await writeFile(join(platformPackage(HERE), FILE), elfFile({ machine: ELF_MACHINE[OTHER_ARCH] }));
    const { message } = await loaded();
    t.true(
      message.includes(`the file is for ${OTHER_ARCH}, and this Node.js is for ${arch}. Delete`),
      message,
    );
  });
}

test('an addon that was built for a newer glibc is told from the published one', (t) => {
  const error = glibcTooOld();
  const { message, cause } = notFound({ error }, { glibc: '2.31' });
  t.true(message.includes('needs glibc 2.34, and this system has 2.31'), message);
  t.true(message.includes(`The published packages need glibc ${GLIBC_FLOOR} or newer`), message);
  t.true(message.includes('run npm run build in a clone on a system as old as this one'), message);
  t.is(cause, error);
});

test('a process that may not load addons is told which flag forbids it', async (t) => {
  const { application, platformPackage, loaded } = await install(t);
  await copyPlatformPackage(platformPackage(HERE));
  await writeFile(join(platformPackage(HERE), FILE), '');
  const { message } = await loaded(['--no-addons']);
  t.true(message.includes('may not be loaded by this process: '), message);
  t.true(message.includes('need Node.js without --no-addons, --allow-addons besides --permission'), message);
  t.false(message.includes(application));
});

test('the libc is that of the loader which the executable names', async (t) => {
  const folder = await temporaryFolder(t);
  const executable = join(folder, 'node');
  for (const [interpreter, libc] of [
    ['/lib64/ld-linux-x86-64.so.2', 'glibc'],
    ['/nix/store/0000-glibc-2.40-66/lib/ld-linux-aarch64.so.1', 'glibc'],
    ['/lib/ld-musl-x86_64.so.1', 'musl'],
    ['/opt/ld-linux-musl/ld-musl-aarch64.so.1', 'musl'],
    ['/system/bin/linker64', null],
    [null, null],
  ]) {
    await writeFile(executable, elfFile({ interpreter }));
    t.is(libcOf(executable), libc, String(interpreter));
  }
});

test('the libc is that of the loader that was started with the executable', async (t) => {
  const folder = await temporaryFolder(t);
  for (const [name, libc] of [
    ['ld-musl-x86_64.so.1', 'musl'],
    ['libc.musl-aarch64.so.1', 'musl'],
    ['ld-linux-x86-64.so.2', 'glibc'],
    ['ld-2.31.so', 'glibc'],
  ]) {
    await writeFile(join(folder, name), elfFile({ interpreter: null }));
    t.is(libcOf(join(folder, name)), libc, name);
  }
});

test('an executable that cannot be read as ELF tells no libc', async (t) => {
  const folder = await temporaryFolder(t);
  const executable = join(folder, 'node');
  t.is(libcOf(executable), null);
  const whole = elfFile({ interpreter: '/lib/ld-musl-x86_64.so.1' });
  const farOff = Buffer.from(whole);
  farOff.writeBigUInt64LE(2n ** 63n, 32);
  for (const content of ['', '#!/bin/sh\n', whole.subarray(0, 70), whole.subarray(0, 125), farOff]) {
    await writeFile(executable, content);
    t.is(libcOf(executable), null);
  }
});

/** The package as npm installs it, without any package for a platform. */
async function install(t) {
  const application = await temporaryFolder(t);
  const scope = join(application, 'node_modules/@org');
  const module = join(scope, 'smart-m2m');
  await mkdir(module, { recursive: true });
  for (const file of ['index.js', 'index.mjs', 'package.json']) {
    await cp(join(PACKAGE_ROOT, file), join(module, file));
  }
  for (const file of await readdir(join(PACKAGE_ROOT, 'lib'))) {
    if (!file.endsWith('.node'))
      await cp(join(PACKAGE_ROOT, 'lib', file), join(module, 'lib', file), { recursive: true });
  }
  const script = join(application, 'load.cjs');
  await writeFile(
    script,
    `try { require('${PACKAGE}'); console.log('{}'); } catch (error) {
      const { code, name, message, transient, cause } = error;
      console.log(JSON.stringify({ code, name, message, transient, cause: cause?.code }));
    }`,
  );
  return {
    application,
    module,
    platformPackage: (build) => join(scope, `smart-m2m-${build}`),
    async loaded(nodeArgs = []) {
      const { stdout, stderr } = await runNode(script, { nodeArgs });
      t.is(stderr, '');
      return JSON.parse(stdout);
    },
  };
}

async function temporaryFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-addon-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Without the addon that a build for a release has left in it. */
function copyPlatformPackage(to) {
  const filter = (path) => !path.endsWith('.node');
  return cp(join(PACKAGE_ROOT, 'npm', HERE), to, { recursive: true, filter });
}
