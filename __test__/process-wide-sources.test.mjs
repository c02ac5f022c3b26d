import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { eventually } from './support/eventually.mjs';
import { ecJwks } from './support/keys.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { startTokenWorker } from './support/workers.mjs';

// A token belongs to the process: to all its threads, for as long as somebody has an interceptor for it.

const WORKERS = 8;

const KEYSTORE = 'process-wide-sources';
const JWKS = ecJwks();
Keystores.register(KEYSTORE, { jwks: JWKS });

const CREDENTIALS = {
  'a client secret': {},
  'a private key': { clientSecret: undefined, keystore: KEYSTORE },
};

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

for (const [kind, credentials] of Object.entries(CREDENTIALS)) {
  test(`${WORKERS} workers that start together cause one token request, with ${kind}`, async (t) => {
    const { server } = t.context;
    const workers = await startWorkers(t, { ...server.options, ...credentials });
    const gate = server.holdTokens(server.issue());
    const waiting = Promise.all(workers.map((worker) => worker.header()));
    for (const worker of workers) await eventually(() => waitsForToken(worker));
    gate.open();
    t.deepEqual(new Set(await waiting), new Set(['Bearer token-1']));
    t.is(server.tokenRequests().length, 1);
  });

  test(`so they do where the main thread never loads the package, with ${kind}`, async (t) => {
    const { server } = t.context;
    const script = `
      import { startTokenWorker } from './__test__/support/workers.mjs';
      const options = JSON.parse(process.argv[1]);
      const workers = await Promise.all(Array.from({ length: ${WORKERS} }, () => startTokenWorker(options)));
      console.log([...new Set(await Promise.all(workers.map((worker) => worker.header())))].join());
      await Promise.all(workers.map((worker) => worker.end()));`;
    const result = await runNode(script, {
      evaluate: true,
      args: [JSON.stringify({ ...server.options, ...credentials })],
      env: { SMART_M2M_KEYSTORE_DIR: await keystoreFolder(t) },
    });
    t.deepEqual(result, { code: 0, signal: null, stdout: 'Bearer token-1\n', stderr: '' });
    t.is(server.tokenRequests().length, 1);
  });
}

test('a token that a worker requested serves the other threads when that worker has ended', async (t) => {
  const { server } = t.context;
  const [first, second] = await startWorkers(t, server.options, 2);
  t.is(await first.header(), 'Bearer token-1');
  t.is(await second.header(), 'Bearer token-1');
  await first.end();
  t.is(await second.header(), 'Bearer token-1');
  const [third] = await startWorkers(t, server.options, 1);
  await second.header();
  t.is(await third.header(), 'Bearer token-1');
  t.is(await ClientAuthInterceptorFactory.create(server.options).getAuthorizationHeader(), 'Bearer token-1');
  t.is(server.tokenRequests().length, 1);
});

test('a request that a worker started serves those who joined it when that worker has ended', async (t) => {
  const { server } = t.context;
  const [first, second] = await startWorkers(t, server.options, 2);
  const gate = server.holdTokens();
  first.header().catch(() => {});
  await gate.reached();
  const waiting = second.header();
  await eventually(() => waitsForToken(second));
  await first.end();
  gate.open();
  t.is(await waiting, 'Bearer held');
  t.is(server.tokenRequests().length, 1);
});

test('a token that an ended worker requested is renewed for those who use it', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 4 }), server.issue()]);
  const [first, second] = await startWorkers(t, server.options, 2);
  await first.header();
  await second.header();
  await first.end();
  await eventually(() => server.tokenRequests().length === 2);
  await eventually(async () => (await second.header()) === 'Bearer token-2');
  t.is(server.tokenRequests().length, 2);
});

test('a token ends with the last worker that had an interceptor for it', async (t) => {
  const { server } = t.context;
  for (const header of ['Bearer token-1', 'Bearer token-2']) {
    const [worker] = await startWorkers(t, server.options, 1);
    t.is(await worker.header(), header);
    await worker.end();
  }
});

test('a token ends with the last interceptor of its identity that is closed', async (t) => {
  const { server } = t.context;
  const create = () => ClientAuthInterceptorFactory.create(server.options);
  const [first, second] = [create(), create()];
  for (const interceptor of [first, second]) {
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  }
  first.close();
  const third = create();
  t.is(await third.getAuthorizationHeader(), 'Bearer token-1');
  second.close();
  third.close();
  t.is(await create().getAuthorizationHeader(), 'Bearer token-2');
});

test('a token ends with interceptors that nobody holds, closed or not', async (t) => {
  const { server } = t.context;
  const lost = await useAndLose(server.options);
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc');
  await eventually(() => {
    collectGarbage();
    return lost.deref() === undefined;
  });
  // The native part goes in a turn of the event loop after its object.
  await eventually(async () => {
    const interceptor = ClientAuthInterceptorFactory.create(server.options);
    const header = await interceptor.getAuthorizationHeader();
    interceptor.close();
    return header !== 'Bearer token-1';
  });
  t.pass();
});

async function useAndLose(options) {
  const interceptor = ClientAuthInterceptorFactory.create(options);
  await interceptor.getAuthorizationHeader();
  return new WeakRef(interceptor);
}

async function startWorkers(t, options, count = WORKERS) {
  const workers = await Promise.all(Array.from({ length: count }, () => startTokenWorker(options)));
  t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
  return workers;
}

async function waitsForToken(worker) {
  return (await worker.stats()).tokenRequests === 1;
}

async function keystoreFolder(t) {
  const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-keystore-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, `${KEYSTORE}.jwks`), JSON.stringify(JWKS));
  return folder;
}
