import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { createInterceptor as create, openTokenEndpoint } from './support/token-endpoint.mjs';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('interceptors with the same settings share one token', async (t) => {
  const server = await start(t);
  const headers = await Promise.all(Array.from({ length: 5 }, () => create(server).getAuthorizationHeader()));
  t.is(new Set(headers).size, 1);
  t.is(server.tokenRequests().length, 1);
});

for (const [difference, options] of Object.entries({
  'client id': { clientId: 'another-client' },
  'client secret': { clientSecret: 'another-secret' },
  scope: { scope: 'system/Patient.rs' },
  'scope null': { scope: null },
  'authentication method': { clientAuthMethod: 'client_secret_post' },
  'additional parameter': { additionalParameters: { resource: 'https://example.org' } },
  'default lifetime': { renewal: { defaultLifetimeSeconds: 10 } },
  'renewal margin': { renewal: { marginSeconds: 20 } },
  'renewal jitter': { renewal: { jitter: 0.1 } },
  'background renewal': { renewal: { background: false } },
  'failure cool-down': { renewal: { failureCooldownSeconds: 5 } },
  'retry deadline': { retry: { deadlineMs: 80_000 } },
})) {
  test(`a token is not shared where this differs: ${difference}`, async (t) => {
    const server = await start(t);
    const kept = [create(server), create(server, options)];
    const headers = await Promise.all(kept.map((interceptor) => interceptor.getAuthorizationHeader()));
    t.is(new Set(headers).size, 2);
    t.is(server.tokenRequests().length, 2);
  });
}

test('another user agent is sent by its own interceptor', async (t) => {
  const server = await start(t);
  for (const userAgent of ['one/1', 'two/2']) {
    await create(server, { http: { ...server.options.http, userAgent } }).getAuthorizationHeader();
  }
  t.deepEqual(
    server.tokenRequests().map(({ headers }) => headers['user-agent']),
    ['one/1', 'two/2'],
  );
});

test('the order of additional parameters is part of what is asked for', async (t) => {
  const server = await start(t);
  const parameters = [
    ['resource', 'a'],
    ['resource', 'b'],
  ];
  for (const additionalParameters of [parameters, parameters.toReversed()]) {
    await create(server, { additionalParameters }).getAuthorizationHeader();
  }
  t.is(server.tokenRequests().length, 2);
});

test('the same name for another key is another identity', async (t) => {
  const server = await start(t);
  const { clientSecret, ...options } = server.options;
  const keystore = `key-${randomUUID()}`;
  const interceptors = [];
  for (let key = 0; key < 2; key += 1) {
    Keystores.register(keystore, { jwks: ecJwks() });
    interceptors.push(ClientAuthInterceptorFactory.create({ ...options, keystore }));
    await interceptors.at(-1).getAuthorizationHeader();
  }
  t.is(server.tokenRequests().length, 2);
});

test('token endpoints that a parser would take for one are two', async (t) => {
  const server = await start(t);
  const endpoints = [server.url('/token'), server.url('/a/../token')];
  const interceptors = endpoints.map((tokenEndpoint) => create(server, { tokenEndpoint }));
  for (const interceptor of interceptors) await interceptor.getAuthorizationHeader();
  t.is(server.tokenRequests().length, 2);
});

test('one interceptor dropping its token makes the next of all of them request one', async (t) => {
  const server = await start(t);
  const [first, second] = [create(server), create(server)];
  const before = await first.getAuthorizationHeader();
  t.is(await second.getAuthorizationHeader(), before);

  t.true(first.invalidate(before));
  const after = await second.getAuthorizationHeader();
  t.not(after, before);
  t.is(await first.getAuthorizationHeader(), after);
  t.is(server.tokenRequests().length, 2);
});

test('a token that has been replaced already is not dropped a second time', async (t) => {
  const server = await start(t);
  const interceptor = create(server);
  const rejected = await interceptor.getAuthorizationHeader();
  t.true(interceptor.invalidate(rejected));
  const current = await interceptor.getAuthorizationHeader();
  t.false(interceptor.invalidate(rejected), 'what a slow response says of the old token');
  t.is(await interceptor.getAuthorizationHeader(), current);
});

test('50 callers whose token was refused at the same time lead to one request', async (t) => {
  const server = await start(t);
  const interceptor = create(server);
  const rejected = await interceptor.getAuthorizationHeader();
  const headers = await Promise.all(
    Array.from({ length: 50 }, () => {
      interceptor.invalidate(rejected);
      return interceptor.getAuthorizationHeader();
    }),
  );
  t.is(new Set(headers).size, 1);
  t.is(server.tokenRequests().length, 2);
});

test('a failed request fails everybody who waited for it, and the next caller starts anew', async (t) => {
  const server = await start(t);
  server.on('POST /token', [
    { status: 400, body: '{"error":"invalid_scope"}', delayMs: 50 },
    tokenResponse({ access_token: 'after all' }),
    tokenResponse({ access_token: 'after-all' }),
  ]);
  const interceptor = create(server, { renewal: { failureCooldownSeconds: 0 } });
  const results = await Promise.allSettled(
    Array.from({ length: 10 }, () => interceptor.getAuthorizationHeader()),
  );
  t.deepEqual([...new Set(results.map(({ reason }) => reason?.code))], ['ERR_TOKEN_REJECTED']);
  t.is(new Set(results.map(({ reason }) => reason)).size, 10, 'an error object each');
  t.is(server.tokenRequests().length, 1);
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_RESPONSE' });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer after-all');
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}
