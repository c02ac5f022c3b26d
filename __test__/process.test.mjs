import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { ecJwks } from './support/keys.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

const PROLOGUE = `
  import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
  const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));`;

for (const [kind, script] of Object.entries({
  'after one token': `await interceptor.getAuthorizationHeader();`,
  'without ever having asked for one': ``,
  'after a failure': `
    await interceptor.getAuthorizationHeader({ fhirBaseUrl: 'https://localhost:1/fhir' }).catch(() => {});`,
  'with hooks registered': `
    interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => null });
    await interceptor.getAuthorizationHeader();`,
  'after close()': `await interceptor.getAuthorizationHeader(); interceptor.close();`,
  'after 100 tokens at once': `
    await Promise.all(Array.from({ length: 100 }, () => interceptor.getAuthorizationHeader()));`,
})) {
  test(`the process ends by itself ${kind}`, async (t) => {
    const server = await start(t);
    const result = await run(server, script);
    t.deepEqual(result, { code: 0, signal: null, stdout: 'end of script\n', stderr: '' });
  });
}

test('the process ends by itself while a renewal is on its way', async (t) => {
  const server = await start(t);
  server.on('POST /token', [
    tokenResponse({ expires_in: 2 }),
    { ...tokenResponse(), delayMs: 120_000 }, // longer than runNode's patience
  ]);
  const { stdout, signal, code } = await run(
    server,
    `
    await interceptor.getAuthorizationHeader();
    while (interceptor.stats().tokenRequests < 2) {
      await interceptor.getAuthorizationHeader();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }`,
    { renewal: { marginSeconds: 1 } },
  );
  t.deepEqual({ stdout, signal, code }, { stdout: 'end of script\n', signal: null, code: 0 });
});

test('the process ends by itself when nobody waits for a token any more', async (t) => {
  const server = await start(t);
  server.on('POST /token', { ...tokenResponse(), delayMs: 120_000 });
  const { stdout, signal, code } = await run(
    server,
    `
    const controller = new AbortController();
    const waiting = interceptor.getAuthorizationHeader({ signal: controller.signal });
    setTimeout(() => controller.abort(), 200);
    await waiting.catch(() => {});`,
  );
  t.deepEqual({ stdout, signal, code }, { stdout: 'end of script\n', signal: null, code: 0 });
});

test('the process stays while somebody waits for a token', async (t) => {
  const server = await start(t);
  server.on('POST /token', { ...tokenResponse(), delayMs: 500 });
  const script = `interceptor.getAuthorizationHeader().then((header) => console.log(header));`;
  const { stdout } = await run(server, script);
  t.is(stdout, 'end of script\nBearer test-token\n');
});

test('a worker can load, use and drop the package 100 times', async (t) => {
  t.timeout(120_000);
  const server = await start(t);
  const worker = await workerFile(t);
  const headers = new Set();
  for (let round = 0; round < 100; round += 1) {
    headers.add(await runWorker(worker, server.options));
  }
  t.true([...headers].every((header) => /^Bearer token-/.test(header)));
});

test('workers are loaded and dropped 100 times in a process whose main thread never loads the package', async (t) => {
  t.timeout(120_000);
  const server = await start(t);
  const worker = await workerFile(t);
  const script = `
    import { Worker } from 'node:worker_threads';
    import { once } from 'node:events';
    const [file, options] = process.argv.slice(1);
    for (let round = 0; round < 100; round += 1) {
      const worker = new Worker(file, { workerData: JSON.parse(options) });
      const exit = once(worker, 'exit');
      const [header] = await once(worker, 'message');
      if (!/^Bearer /.test(header)) throw new Error(header);
      if (round % 2 === 0) worker.terminate();
      await exit;
    }
    console.log('end of script');`;
  const { code, signal, stdout, stderr } = await runNode(script, {
    evaluate: true,
    args: [worker, JSON.stringify(server.options)],
    timeoutMs: 100_000,
  });
  t.deepEqual(
    { code, signal, stdout, stderr },
    { code: 0, signal: null, stdout: 'end of script\n', stderr: '' },
  );
});

test('8 workers and the main thread get a token each, and it is the same one', async (t) => {
  const server = await start(t);
  server.on('POST /token', { ...tokenResponse({ access_token: 'shared' }), delayMs: 300 });
  const worker = await workerFile(t);
  const interceptor = ClientAuthInterceptorFactory.create(server.options);
  const headers = await Promise.all([
    interceptor.getAuthorizationHeader(),
    ...Array.from({ length: 8 }, () => runWorker(worker, server.options)),
  ]);
  t.deepEqual([...new Set(headers)], ['Bearer shared']);
  t.is(server.tokenRequests().length, 1);
});

test('a keystore that one thread registered is there for the others', async (t) => {
  const server = await start(t);
  Keystores.register('of-the-main-thread', { jwks: ecJwks() });
  const { clientSecret, ...options } = server.options;
  const worker = await workerFile(t);
  t.regex(await runWorker(worker, { ...options, keystore: 'of-the-main-thread' }), /^Bearer /);
});

async function start(t) {
  const server = await startTokenEndpoint();
  t.teardown(server.close);
  return server;
}

function run(server, script, options = {}) {
  return runNode(`${PROLOGUE}\n${script}\nconsole.log('end of script');`, {
    evaluate: true,
    args: [JSON.stringify({ ...server.options, ...options })],
  });
}

/** A file, because a worker made from text has no place from which the package could be found. */
async function workerFile(t) {
  const directory = await mkdtemp(join(tmpdir(), 'smart-m2m-worker-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'worker.cjs');
  await writeFile(
    path,
    `const { parentPort, workerData } = require('node:worker_threads');
    const { ClientAuthInterceptorFactory } = require(${JSON.stringify(PACKAGE_ROOT)});
    ClientAuthInterceptorFactory.create(workerData)
      .getAuthorizationHeader()
      .then((header) => parentPort.postMessage(header), (error) => parentPort.postMessage(String(error)));`,
  );
  return path;
}

async function runWorker(file, options) {
  const worker = new Worker(file, { workerData: options });
  const header = new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  const exit = new Promise((resolve) => {
    worker.once('exit', resolve);
  });
  const result = await header;
  await exit;
  return result;
}
