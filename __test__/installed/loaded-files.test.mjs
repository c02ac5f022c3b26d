import { readdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import test from 'ava';
import { runProgram } from '../support/child.mjs';
import { installedApplication, packedPlatform } from '../support/installed-application.mjs';

// The published package has in two files what a clone has in many (scripts/join-modules.mjs).

let application;

test.beforeEach(async (t) => {
  application = await installedApplication();
  t.context.root = join(application.folder, 'node_modules/@org/smart-m2m');
});
test.afterEach.always(() => application?.remove());

const evaluate = (script) =>
  runProgram(process.execPath, ['--eval', script], { cwd: application.folder, env: process.env });

test.serial('require loads two files of the package and the addon, and create() one more', async (t) => {
  const { code, stdout, stderr } = await evaluate(`
    const loaded = () => Object.keys(require.cache);
    const { ClientAuthInterceptorFactory } = require('@org/smart-m2m');
    const atOnce = loaded();
    const client = { clientId: 'client', clientSecret: 'secret', scope: null };
    ClientAuthInterceptorFactory.create({ tokenEndpoint: 'https://localhost/token', ...client }).close();
    const atCreate = loaded().filter((path) => !atOnce.includes(path));
    console.log(JSON.stringify({ atOnce, atCreate }));`);
  t.is(code, 0, stderr);
  const { name, manifest } = packedPlatform();
  const { root } = t.context;
  t.deepEqual(JSON.parse(stdout), {
    atOnce: [
      join(root, 'index.js'),
      join(root, 'lib/loaded-at-once.js'),
      join(application.folder, 'node_modules', name, manifest.main),
    ],
    atCreate: [join(root, 'lib/loaded-at-create.js')],
  });
});

test.serial('import, keys and parameters load nothing that create() would not', async (t) => {
  const { code, stdout, stderr } = await evaluate(`
    import('@org/smart-m2m').then(({ BasicNameValuePair, Keystores }) => {
      Keystores.register('keys', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
      new BasicNameValuePair('resource', 'https://localhost/fhir');
      console.log(JSON.stringify(Object.keys(require.cache)));
    });`);
  t.is(code, 0, stderr);
  const files = JSON.parse(stdout).map((path) => path.slice(t.context.root.length + 1));
  t.deepEqual(
    files.filter((file) => file.startsWith('lib/')),
    ['lib/loaded-at-once.js', 'lib/loaded-at-create.js'],
  );
});

test.serial('every module finds those that it requires', async (t) => {
  const lib = join(t.context.root, 'lib');
  const names = (await readdir(lib, { recursive: true })).filter((name) => name.endsWith('.js'));
  const paths = [join(t.context.root, 'index.js'), ...names.map((name) => join(lib, name))];
  let found = 0;
  for (const path of paths) {
    const required = (await readFile(path, 'utf8')).matchAll(/\brequire\('(\.[^']+)'\)/g);
    for (const [, specifier] of required) {
      t.notThrows(() => createRequire(path).resolve(specifier), `${path}: ${specifier}`);
      found += 1;
    }
  }
  t.true(found > paths.length);
});

test.serial('its modules are loaded once, whoever requires them', async (t) => {
  const { code, stdout, stderr } = await evaluate(`
    const { ClientAuthError, ClientAuthInterceptor } = require('@org/smart-m2m');
    const joined = (name) => require(${JSON.stringify(join(t.context.root, 'lib'))} + name);
    console.log(
      joined('/loaded-at-once.js')['client-auth-error.js'].ClientAuthError === ClientAuthError,
      joined('/loaded-at-create.js')['client-auth-interceptor.js'].ClientAuthInterceptor === ClientAuthInterceptor,
    );`);
  t.is(code, 0, stderr);
  t.is(stdout, 'true true\n');
});

test.serial('without the addon each require says so', async (t) => {
  await rm(join(application.folder, 'node_modules', packedPlatform().name), { recursive: true });
  const { code, stdout, stderr } = await evaluate(`
    for (let times = 0; times < 2; times += 1) {
      try {
        require('@org/smart-m2m');
      } catch (error) {
        console.log(error.code);
      }
    }`);
  t.is(code, 0, stderr);
  t.is(stdout, 'ERR_NATIVE_ADDON\nERR_NATIVE_ADDON\n');
});
