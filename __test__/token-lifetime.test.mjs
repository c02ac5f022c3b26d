import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { eventually } from './support/eventually.mjs';
import { json, text, tokenResponse } from './support/recording-server.mjs';
import { secretClient, startSmartServers } from './support/smart-servers.mjs';
import { createInterceptor as create, openTokenEndpoint } from './support/token-endpoint.mjs';
import { formPairs } from './support/wire.mjs';

const DAY_SECONDS = 24 * 3600;

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('50 concurrent callers share one token request', async (t) => {
  const server = await start(t);
  const interceptor = create(server);
  const headers = await Promise.all(Array.from({ length: 50 }, () => interceptor.getAuthorizationHeader()));
  t.is(server.tokenRequests().length, 1);
  t.is(new Set(headers).size, 1);
});

test('1,000 calls over three lifetimes of a 3-second token: each header is valid, at most 5 requests', async (t) => {
  t.timeout(120_000);
  const LIFETIME_SECONDS = 3;
  const CALLS = 1000;
  const spacing = (3 * LIFETIME_SECONDS * 1000) / CALLS;
  const clientSecret = 'a-secret-of-reasonable-length';
  const servers = await startSmartServers({
    clients: [secretClient('busy', clientSecret)],
    accessTokenTtlSeconds: LIFETIME_SECONDS,
  });
  t.teardown(servers.close);
  const { authorizationServer } = servers;
  const interceptor = ClientAuthInterceptorFactory.create({
    ...servers.options,
    clientId: 'busy',
    clientSecret,
  });

  const began = Date.now();
  let dead = 0;
  for (let call = 0; call < CALLS; call += 1) {
    const wait = began + call * spacing - Date.now();
    if (wait > 0) await sleep(wait);
    const header = await interceptor.getAuthorizationHeader();
    const { active } = await authorizationServer.introspect(header.slice('Bearer '.length));
    if (!active) dead += 1;
  }
  t.is(dead, 0);
  const requests = authorizationServer.tokenRequests.length;
  t.true(requests >= 3 && requests <= 5, `${requests} token requests`);
  t.is(interceptor.stats().tokenRequests, requests);
});

for (const [kind, expiresIn, seconds] of [
  ['a number', 120, 120],
  ['a string', '1200', 1200],
  ['a fraction, which is rounded down', 90.9, 90],
  ['a fraction in a string', '90.9', 90],
  ['missing', undefined, 300],
  ['null', null, 300],
  ['a word', 'soon', 300],
  ['an object', {}, 300],
  ['more than a day', 10 * DAY_SECONDS, DAY_SECONDS],
]) {
  test(`expires_in may be ${kind}: the token lives ${seconds} s`, async (t) => {
    const server = await start(t);
    server.on('POST /token', tokenResponse({ expires_in: expiresIn }));
    const interceptor = create(server);
    const before = Date.now();
    const { expiresAt } = await interceptor.getAccessToken();
    const after = Date.now();
    // Counted from when the request left, which was somewhere between the two; a millisecond for rounding.
    const end = expiresAt.getTime() - seconds * 1000;
    t.true(end >= before - 1 && end <= after + 1, expiresAt.toISOString());

    await interceptor.getAuthorizationHeader();
    t.is(server.tokenRequests().length, 1, 'and is kept');
  });
}

for (const expiresIn of [0, -60, '0', 0.5]) {
  test(`a token with expires_in ${JSON.stringify(expiresIn)} serves its caller and is not kept`, async (t) => {
    const server = await start(t);
    let tokens = 0;
    server.on('POST /token', () => {
      tokens += 1;
      return tokenResponse({ access_token: `token-${tokens}`, expires_in: expiresIn });
    });
    const interceptor = create(server);
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-2');
  });
}

test('the lifetime that counts where the server names none is an option', async (t) => {
  const server = await start(t);
  server.on('POST /token', tokenResponse({ expires_in: undefined }));
  const interceptor = create(server, { renewal: { defaultLifetimeSeconds: 60 } });
  const { expiresAt } = await interceptor.getAccessToken();
  t.true(expiresAt.getTime() <= Date.now() + 60_000);
});

test('an expired token is replaced before anything is handed out', async (t) => {
  const server = await start(t);
  server.on('POST /token', [
    tokenResponse({ access_token: 'first', expires_in: 1 }),
    tokenResponse({ access_token: 'second' }),
  ]);
  const interceptor = create(server);
  const { accessToken, expiresAt } = await interceptor.getAccessToken();
  t.is(accessToken, 'first');
  await sleep(expiresAt.getTime() - Date.now() + 10);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer second');
  t.like(interceptor.stats(), { tokenRequests: 2 });
});

test('while a living token is renewed, callers keep getting it at once', async (t) => {
  const server = await start(t);
  const gateOpener = new AbortController();
  const gate = once(gateOpener.signal, 'abort');
  server.on('POST /token', [
    // Half of it is margin: renewal is due after 3 s, and 3 s remain for the test to see it.
    tokenResponse({ access_token: 'old', expires_in: 6 }),
    async () => {
      await gate;
      return tokenResponse({ access_token: 'new' });
    },
  ]);
  const interceptor = create(server, { renewal: { marginSeconds: 60 } });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer old');

  const duringRenewal = await eventually(async () => {
    const header = await interceptor.getAuthorizationHeader();
    return server.tokenRequests().length === 2 && header;
  });
  t.is(duringRenewal, 'Bearer old');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer old');
  t.is(server.tokenRequests().length, 2, 'one renewal for all of them');

  gateOpener.abort();
  await eventually(async () => (await interceptor.getAuthorizationHeader()) === 'Bearer new');
  t.is(server.tokenRequests().length, 2);
});

test('a living token stays in use when its renewal fails', async (t) => {
  const server = await start(t);
  server.on('POST /token', [tokenResponse({ access_token: 'old', expires_in: 6 }), text(503, 'down')]);
  const interceptor = create(server, { renewal: { marginSeconds: 60 }, retry: { attempts: 1 } });
  const { expiresAt } = await interceptor.getAccessToken();

  await eventually(async () => {
    await interceptor.getAuthorizationHeader();
    return interceptor.stats().failures > 0;
  });
  const header = await interceptor.getAuthorizationHeader();
  t.true(Date.now() < expiresAt.getTime(), 'the test was too slow to see it');
  t.is(header, 'Bearer old');
  t.is(interceptor.stats().lastErrorCode, 'ERR_SERVER');

  await sleep(expiresAt.getTime() - Date.now() + 10);
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SERVER' });
});

test('a living token stays in use when discovery names an endpoint that fails', async (t) => {
  const server = await start(t);
  const found = (path) => json(200, { token_endpoint: server.url(path) });
  server.on('GET /fhir/.well-known/smart-configuration', [found('/token'), found('/moved')]);
  server.on('POST /token', [tokenResponse({ access_token: 'old', expires_in: 8 }), text(404, 'gone')]);
  server.on('POST /moved', text(503, 'down'));
  const interceptor = create(server, { renewal: { marginSeconds: 60 }, retry: { attempts: 1 } });
  const { expiresAt } = await interceptor.getAccessToken();

  await eventually(async () => {
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer old');
    return server.requests.some(({ url }) => url === '/moved') && interceptor.stats().failures > 1;
  });
  const header = await interceptor.getAuthorizationHeader();
  t.true(Date.now() < expiresAt.getTime(), 'the test was too slow to see it');
  t.is(header, 'Bearer old');
});

test('a refresh token is neither kept nor used', async (t) => {
  const server = await start(t);
  server.on(
    'POST /token',
    tokenResponse({ refresh_token: 'worth-more-than-the-token', expires_in: 1, patient: 'p1' }),
  );
  const interceptor = create(server);
  const { extra, expiresAt } = await interceptor.getAccessToken();
  t.deepEqual(extra, { patient: 'p1' });
  await sleep(expiresAt.getTime() - Date.now() + 10);
  await interceptor.getAuthorizationHeader();
  for (const { body } of server.tokenRequests()) {
    t.deepEqual(formPairs(body)[0], ['grant_type', 'client_credentials']);
    t.false(body.includes('refresh'), body);
  }
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}
