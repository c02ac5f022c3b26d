import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text } from './support/recording-server.mjs';
import { createInterceptor as create } from './support/token-endpoint.mjs';
import { startTokenWorker } from './support/workers.mjs';

// What a FHIR server refuses is replaced once; a server that refuses everything does not cost a request each time.

const PATIENT = json(200, { resourceType: 'Bundle' });

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: create(server) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('late 401s for one old token cost one request, however many come and wherever', async (t) => {
  const { server, interceptor } = t.context;
  const other = create(server);
  const old = await interceptor.getAuthorizationHeader();
  t.is(await other.getAuthorizationHeader(), old);
  const request = { url: server.patients, headers: { authorization: old } };
  t.true(interceptor.interceptResponse(request, { status: 401 }));
  t.false(other.interceptResponse(request, { status: 401 }));
  const current = await other.getAuthorizationHeader();
  for (let late = 0; late < 100; late += 1) {
    for (const one of [interceptor, other]) {
      t.false(one.interceptResponse(request, { status: 401 }));
      t.is(await one.getAuthorizationHeader(), current);
    }
  }
  t.is(server.tokenRequests().length, 2);
});

test('a token that one thread had refused is replaced for all of them', async (t) => {
  const { server, interceptor } = t.context;
  const worker = await startTokenWorker(server.options);
  t.teardown(worker.end);
  t.is(await worker.header(), 'Bearer token-1');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  t.true(interceptor.invalidate('Bearer token-1'));
  t.is(await worker.header(), 'Bearer token-2');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-2');
  t.is(server.tokenRequests().length, 2);
});

test('a FHIR server that refuses every token costs few requests, and has its answers when it is mended', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', text(401, ''));
  const began = performance.now();
  for (let call = 0; call < 200; call += 1) {
    const { status } = await interceptor.fetch(server.patients);
    t.is(status, 401);
  }
  const seconds = (performance.now() - began) / 1000;
  const requests = server.tokenRequests().length;
  // The first, its replacement, and one more when each hold-off is over: 1 s, then 2, 4, 8 and 10 s.
  t.true(requests <= 3 + Math.log2(seconds + 1), `${requests} token requests in ${seconds} s`);

  server.on('GET /fhir/Patient', PATIENT);
  for (let call = 0; call < 10; call += 1) t.is((await interceptor.fetch(server.patients)).status, 200);
  t.true(server.tokenRequests().length <= requests + 1);
});

test('callers at the same time get their 401s too, for few requests', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', text(401, ''));
  const responses = await Promise.all(Array.from({ length: 200 }, () => interceptor.fetch(server.patients)));
  t.deepEqual([...new Set(responses.map(({ status }) => status))], [401]);
  const requests = server.tokenRequests().length;
  t.true(requests <= 4, `${requests} token requests`);
});

test('a replacement that is refused as well stays for a second, the next one for two', async (t) => {
  const { interceptor } = t.context;
  const first = await interceptor.getAuthorizationHeader();
  t.true(interceptor.invalidate(first), 'the first one goes at once');
  for (const seconds of [1, 2]) {
    const requestedAt = performance.now();
    const replacement = await interceptor.getAuthorizationHeader();
    const receivedAt = performance.now();
    let droppedAt;
    await eventually(() => {
      const dropped = interceptor.invalidate(replacement);
      droppedAt = performance.now();
      return dropped;
    });
    const kept = (droppedAt - requestedAt) / 1000;
    t.true(kept > seconds - 0.001, `kept for ${kept} s`);
    t.true((droppedAt - receivedAt) / 1000 < seconds + 10, 'and not for ever');
  }
});

test('no hold-off is longer than renewal.failureCooldownSeconds', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 1 } });
  for (const round of [1, 2, 3, 4]) {
    const header = await interceptor.getAuthorizationHeader();
    if (round > 1) await sleep(1010);
    t.true(interceptor.invalidate(header), `in round ${round}`);
  }
});

test('after a token that was good for long the hold-off is a second again', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 2 } });
  // At once; after a second; after twice the longest hold-off; and after a second, not two.
  for (const good of [0, 1010, 4010, 1010]) {
    const header = await interceptor.getAuthorizationHeader();
    await sleep(good);
    t.true(interceptor.invalidate(header), header);
  }
});

test('invalidate() without a header drops a replacement too', async (t) => {
  const { interceptor } = t.context;
  t.true(interceptor.invalidate(await interceptor.getAuthorizationHeader()));
  const replacement = await interceptor.getAuthorizationHeader();
  t.true(interceptor.invalidate());
  t.not(await interceptor.getAuthorizationHeader(), replacement);
});
