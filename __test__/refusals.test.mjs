import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { atOnce } from './support/at-once.mjs';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text, tokenResponse } from './support/recording-server.mjs';
import { createInterceptor as create } from './support/token-endpoint.mjs';
import { startTokenWorker } from './support/workers.mjs';

// A refusal that waiting does not mend answers for the server for a while; what can pass does not.

const INVALID_CLIENT = json(401, { error: 'invalid_client' });
const CALLERS = 1000;

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  server.on('POST /token', INVALID_CLIENT);
  t.context = { server };
});

test.afterEach.always(({ context }) => context.server?.close());

test(`${CALLERS} callers at the same time, and ${CALLERS} in a row, cost a refusing server a handful`, async (t) => {
  const { server } = t.context;
  const interceptor = create(server);
  const call = () => interceptor.getAuthorizationHeader().catch((error) => error);
  const errors = await Promise.all(Array.from({ length: CALLERS }, call));
  t.is(server.tokenRequests().length, 1);
  for (let caller = 0; caller < CALLERS; caller += 1) errors.push(await call());
  t.deepEqual([...new Set(errors.map(({ code }) => code))], ['ERR_TOKEN_REJECTED']);
  t.is(new Set(errors).size, 2 * CALLERS, 'an error of their own each');
  const requests = server.tokenRequests().length;
  t.true(requests <= 4, `${requests} token requests`);
  t.is(interceptor.stats().lastErrorCode, 'ERR_TOKEN_REJECTED');
});

test('the first call after the time is over asks again', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 1 } });
  for (const requests of [1, 2, 3]) {
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
    t.is(server.tokenRequests().length, requests);
    await sleep(1010);
  }
  server.on('POST /token', server.issue());
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  t.is(server.tokenRequests().length, 4);
});

test('a refusal stands for a second, then for twice as long, up to renewal.failureCooldownSeconds', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 2 } });
  await eventually(async () => {
    await t.throwsAsync(interceptor.getAuthorizationHeader());
    return server.tokenRequests().length === 4;
  });
  const times = server.tokenRequests().map(({ at }) => at.getTime());
  const gaps = times.slice(1).map((time, index) => (time - times[index]) / 1000);
  for (const [index, stands] of [1, 2, 2].entries()) t.true(gaps[index] > stands - 0.05, gaps.join());
});

test('with renewal.failureCooldownSeconds 0 nothing is remembered', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 0 } });
  for (const requests of [1, 2, 3]) {
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.notRegex(error.message, /remembered/);
    t.is(server.tokenRequests().length, requests);
  }
});

const FINAL = {
  invalid_client: INVALID_CLIENT,
  'invalid_scope under 200': json(200, { error: 'invalid_scope' }),
  'a 404': { status: 404 },
  'an HTML page': text(200, '<!doctype html><title>Log in</title>'),
  'a redirect': { status: 302, headers: { location: 'https://elsewhere.invalid/' } },
  'a token of another type': tokenResponse({ token_type: 'mac' }),
};
for (const [kind, reply] of Object.entries(FINAL)) {
  test(`${kind} is remembered, and the message says so`, async (t) => {
    const { server } = t.context;
    server.on('POST /token', reply);
    const interceptor = create(server, { tokenEndpoint: server.url('/token') });
    const told = await t.throwsAsync(interceptor.getAuthorizationHeader());
    const remembered = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.is(server.tokenRequests().length, 1);
    t.notRegex(told.message, /remembered/);
    t.regex(remembered.message, /remembered.*renewal\.failureCooldownSeconds/);
    t.true(remembered.message.startsWith(told.message));
    t.deepEqual(fieldsOf(remembered), fieldsOf(told));
    t.false(told.transient);
  });
}

const PASSING = {
  ...Object.fromEntries([408, 425, 429, 500, 502, 503, 504].map((status) => [status, text(status, 'no')])),
  'an answer that takes too long': { delayMs: 60_000 },
};
for (const [kind, reply] of Object.entries(PASSING)) {
  test(`${kind} is not remembered`, async (t) => {
    const { server } = t.context;
    server.on('POST /token', reply);
    // Long enough for discovery and handshakes beside the other tests.
    const http = { ...server.options.http, ...(reply.delayMs && { timeoutMs: 2000 }) };
    const interceptor = create(server, { http, retry: { attempts: 1 } });
    for (const requests of [1, 2, 3]) {
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
      t.true(error.transient, error.message);
      t.notRegex(error.message, /remembered/);
      t.is(server.tokenRequests().length, requests);
    }
    server.on('POST /token', server.issue());
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  });
}

test('a connection that is dropped is not remembered either', async (t) => {
  const { server } = t.context;
  server.on('POST /token', { destroy: true });
  const interceptor = create(server, { retry: { attempts: 1 } });
  for (let call = 0; call < 3; call += 1) {
    const before = server.tokenRequests().length;
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.like(error, { code: 'ERR_NETWORK', transient: true });
    t.notRegex(error.message, /remembered/);
    t.true(server.tokenRequests().length > before);
  }
});

test('the first 404 of a discovered token endpoint is not told from memory, and counts once', async (t) => {
  const { server } = t.context;
  server.on('POST /token', { status: 404 });
  const interceptor = create(server);
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.notRegex(error.message, /remembered/);
  t.is(interceptor.stats().failures, 1);
});

test('a discovery document that is missing is not asked for by every caller', async (t) => {
  const { server } = t.context;
  server.on('GET /fhir/.well-known/smart-configuration', { status: 404 });
  const interceptor = create(server);
  for (let caller = 0; caller < CALLERS; caller += 1) {
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
  }
  const { length } = server.requestsTo('/fhir/.well-known/smart-configuration');
  t.true(length <= 10, `${length} discovery requests`);
});

test('the first refusal stands for a second, whatever has passed before it', async (t) => {
  const { server } = t.context;
  const outage = Array.from({ length: 5 }, () => text(503, 'down'));
  server.on('POST /token', [...outage, INVALID_CLIENT, server.issue()]);
  const interceptor = create(server, { retry: { attempts: 1 } });
  for (const _ of outage) await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SERVER' });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  await sleep(1010);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
});

test('Retry-After is kept to between calls as well, up to renewal.failureCooldownSeconds', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [text(503, 'later', { 'retry-after': '3600' }), server.issue()]);
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 1 } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SERVER' });
  const remembered = await t.throwsAsync(interceptor.getAuthorizationHeader(), { message: /remembered/ });
  t.like(remembered, { code: 'ERR_SERVER', transient: true, retryAfterMs: 3_600_000 });
  t.is(server.tokenRequests().length, 1);
  await sleep(1010);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
});

test('a refusal answers for the server in all threads, and for nobody else', async (t) => {
  const { server } = t.context;
  const options = { ...server.options, renewal: { failureCooldownSeconds: 60 } };
  const worker = await startTokenWorker(options);
  t.teardown(worker.end);
  const interceptors = [create(server, options), create(server, options)];
  // Who has asked before keeps what the server has said; each keeps it for all of them.
  await Promise.all(
    [worker.header(), ...interceptors.map((interceptor) => interceptor.getAuthorizationHeader())].map(
      (call) => t.throwsAsync(call, { code: 'ERR_TOKEN_REJECTED' }),
    ),
  );
  const asked = server.tokenRequests().length;
  for (const call of [worker.header(), interceptors[0].getAuthorizationHeader()]) {
    await t.throwsAsync(call, { message: /remembered/ });
  }
  t.is(server.tokenRequests().length, asked);

  await t.throwsAsync(create(server, { clientId: 'another' }).getAuthorizationHeader());
  t.is(server.tokenRequests().length, asked + 1);
});

test('invalidate() forgets a refusal, and invalidate(header) does not', async (t) => {
  const { server } = t.context;
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 60 } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  server.on('POST /token', server.issue());
  t.false(interceptor.invalidate('Bearer unheard-of'));
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { message: /remembered/ });
  t.false(interceptor.invalidate(), 'there was no token to drop');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer token-1');
});

function fieldsOf({ code, status, url, oauth, attempts, transient }) {
  return { code, status, url, oauth, attempts, transient };
}
