import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { packageBin } from '../../scripts/package-bin.mjs';
import { runtimesFolder } from '../../scripts/runtimes.mjs';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';
import { installedApplication } from '../support/installed-application.mjs';

// Test runners load modules in their own ways: in other realms, threads and processes, or through a transformer.

let application;

test.before(async () => {
  // Below runtimes/, where programs find the runners.
  application = await installedApplication({ below: join(runtimesFolder, '..') });
});
test.after.always(() => application?.remove());

const TOKEN = `
  const server = await startSmartServer();
  const { clientId, jwks } = server.registerClient();
  Keystores.register('runner', { jwks });
  const options = { ...server.clientOptions, clientId, keystore: 'runner', scope: 'system/*.read' };
  const header = await ClientAuthInterceptorFactory.create(options).getAuthorizationHeader();
  await server.close();`;
const IMPORTS = `
  import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
  import { startSmartServer } from '@org/smart-m2m/testing';`;

for (const pool of ['threads', 'forks']) {
  test(`vitest gets a token in its pool of ${pool}`, async (t) => {
    const root = await project(`vitest-${pool}`, {
      'token.test.ts': `${IMPORTS}
        import { expect, test } from 'vitest';
        test.each([1, 2])('a token, %s', async () => {${TOKEN}
          expect(header).toMatch(/^Bearer /);
        });`,
      'again.test.ts': `${IMPORTS}
        import { expect, test } from 'vitest';
        test('a token in another file', async () => {${TOKEN}
          expect(header).toMatch(/^Bearer /);
        });`,
    });
    const args = ['run', '--root', root, '--pool', pool, '--reporter', 'json'];
    const { stdout, stderr } = await runNode(packageBin(join(runtimesFolder, '..'), 'vitest'), {
      args,
      cwd: root,
      env: { NODE_ENV: undefined },
      timeoutMs: 120_000,
    });
    const { numPassedTests, numFailedTests } = JSON.parse(stdout || '{}');
    t.is(numPassedTests, 3, stderr);
    t.is(numFailedTests, 0);
  });
}

for (const workerThreads of [true, false]) {
  test(`ava gets a token in ${workerThreads ? 'worker threads' : 'processes'}`, async (t) => {
    const root = await project(`ava-${workerThreads}`, {
      'package.json': JSON.stringify({ name: 'ava-application', ava: { workerThreads } }),
      'token.test.mjs': `${IMPORTS}
        import test from 'ava';
        test('a token', async (t) => {${TOKEN}
          t.regex(header, /^Bearer /);
        });`,
    });
    const { code, stdout } = await runNode(packageBin(PACKAGE_ROOT, 'ava'), {
      cwd: root,
      args: ['--tap'],
      env: Object.fromEntries(
        Object.keys(process.env).flatMap((name) => (/^AVA|_AVA/.test(name) ? [[name, undefined]] : [])),
      ),
    });
    t.is(code, 0, stdout);
    t.regex(stdout, /^# pass 1$/m);
  });
}

test('jest gets a token in two files', async (t) => {
  const file = `
    const { ClientAuthInterceptorFactory, Keystores } = require('@org/smart-m2m');
    const { startSmartServer } = require('@org/smart-m2m/testing');
    test('a token', async () => {${TOKEN}
      expect(header).toMatch(/^Bearer /);
    });`;
  const { code, stderr } = await jest('jest', { 'token.test.js': file, 'again.test.js': file });
  t.is(code, 0, stderr);
  t.regex(stderr, /Tests: +2 passed, 2 total/);
});

test('jest goes on with the next file when a token request of the last one ends late', async (t) => {
  const connections = new Set();
  const silent = createServer((socket) => connections.add(socket.on('error', () => {})));
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  t.teardown(() => {
    silent.close();
    for (const socket of connections) socket.destroy();
  });
  const options = {
    clientId: 'late',
    clientSecret: 'secret',
    scope: null,
    tokenEndpoint: `http://127.0.0.1:${silent.address().port}/token`,
    http: { timeoutMs: 500, proxy: null },
    retry: { attempts: 1 },
  };
  // Each file runs after the end of the other one's request, whichever comes first.
  const file = `
    const { setTimeout: sleep } = require('node:timers/promises');
    const { ClientAuthInterceptorFactory } = require('@org/smart-m2m');
    test('what is not waited for', async () => {
      await sleep(1_000);
      const interceptor = ClientAuthInterceptorFactory.create(${JSON.stringify(options)});
      const signal = AbortSignal.timeout(50);
      await expect(interceptor.getAuthorizationHeader({ signal })).rejects.toThrow();
    });`;
  const { code, stderr } = await jest(
    'jest-late',
    { 'one.test.js': file, 'other.test.js': file },
    '--runInBand',
  );
  t.is(code, 0, stderr);
  t.regex(stderr, /Tests: +2 passed, 2 total/);
});

for (const [module, moduleResolution] of [
  ['node16', 'node16'],
  ['esnext', 'bundler'],
]) {
  test(`TypeScript finds the types by ${moduleResolution} resolution`, async (t) => {
    const root = await project(`typescript-${moduleResolution}`, {
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          module,
          moduleResolution,
          target: 'es2023',
          strict: true,
          noEmit: true,
          types: ['node'],
        },
        include: ['*.mts', ...(moduleResolution === 'node16' ? ['*.cts'] : [])],
      }),
      'module.mts': `${IMPORTS}
        import whole from '@org/smart-m2m';
        import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
        const interceptor = whole.ClientAuthInterceptorFactory.create({ clientId: 'a', scope: null });
        export const header: Promise<string> = interceptor.getAuthorizationHeader();
        export const all = [ClientAuthInterceptorFactory, Keystores, startSmartServer, FhirClientFactory];
        // @ts-expect-error no such option
        ClientAuthInterceptorFactory.create({ clientId: 'a', scope: null, retrys: {} });`,
      'script.cts': `
        import smartM2m = require('@org/smart-m2m');
        import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
        const interceptor = smartM2m.ClientAuthInterceptorFactory.create({ clientId: 'a', scope: null });
        export const header: Promise<string> = interceptor.getAuthorizationHeader();
        export const all = [FhirClientFactory];`,
    });
    const { code, stdout } = await runNode(packageBin(PACKAGE_ROOT, 'typescript', 'tsc'), {
      args: ['--project', root],
      cwd: root,
    });
    t.is(code, 0, stdout);
  });
}

async function jest(name, files, ...args) {
  const config = `module.exports = { testEnvironment: 'node', transform: {}, haste: {} };`;
  const root = await project(name, { ...files, 'jest.config.js': config });
  return runNode(packageBin(PACKAGE_ROOT, 'jest'), {
    args: [...args, '--rootDir', root, '--config', join(root, 'jest.config.js')],
    cwd: root,
    timeoutMs: 120_000,
  });
}

/** A folder of the application, so that it finds what is installed there. */
async function project(name, files) {
  const root = join(application.folder, name);
  await mkdir(root);
  for (const [path, text] of Object.entries(files)) await writeFile(join(root, path), text);
  return root;
}
