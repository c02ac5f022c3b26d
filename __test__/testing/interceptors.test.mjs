import { createServer } from 'node:http';
import test from 'ava';
import { interceptorFor, openSmartServer } from '../support/test-kit.mjs';

// What a client of this package makes of the kit, and the kit of it: also the situations that a diagnosis of a
// misconfigured client has to tell apart.

const ONCE = { retry: { attempts: 1 } };

test('an interceptor gets one token for many requests, and every request is accepted', async (t) => {
  const server = await openSmartServer(t);
  const interceptor = interceptorFor(server, server.registerClient());
  const responses = await Promise.all(
    [1, 2, 3].map((id) => interceptor.fetch(`${server.fhirBaseUrl}/Patient/${id}`)),
  );
  t.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  );
  t.deepEqual(
    server.requests.map(({ endpoint }) => endpoint),
    ['smart-configuration', 'token', 'fhir', 'fhir', 'fhir'],
  );
  t.true(server.requestsTo('fhir').every(({ tokenNumber }) => tokenNumber === 1));
  t.notThrows(() => server.assertNoRefusals());
});

for (const clientAuthMethod of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']) {
  test(`an interceptor authenticates by ${clientAuthMethod}`, async (t) => {
    const server = await openSmartServer(t, { tls: true });
    const clientSecret = 'a secret: with +, /, % and ü of more than 32 octets';
    const client = server.registerClient({ clientSecret, clientAuthMethod });
    await interceptorFor(server, client, { clientAuthMethod }).getAuthorizationHeader();
    t.notThrows(() => server.assertNoRefusals());
  });
}

for (const discovery of [
  { order: ['capability-statement'] },
  { order: ['smart-configuration', 'capability-statement'] },
]) {
  test(`an interceptor finds the token endpoint by ${discovery.order.at(-1)} after ${discovery.order[0]}`, async (t) => {
    const server = await openSmartServer(t, { documents: ['capability-statement'] });
    await interceptorFor(server, server.registerClient(), { discovery }).getAuthorizationHeader();
    t.deepEqual(
      server.requestsTo('discovery').map(({ endpoint }) => endpoint),
      discovery.order,
    );
  });
}

for (const document of ['oauth-authorization-server', 'openid-configuration']) {
  test(`an interceptor with an issuer finds the token endpoint by ${document}`, async (t) => {
    const server = await openSmartServer(t, { documents: [document], audience: 'issuer' });
    const { issuer } = server;
    const changes = { fhirBaseUrl: undefined, issuer, audience: 'issuer' };
    await interceptorFor(server, server.registerClient(), changes).getAuthorizationHeader();
    t.notThrows(() => server.assertNoRefusals());
  });
}

test('a token that was revoked is replaced after the 401', async (t) => {
  const server = await openSmartServer(t);
  const interceptor = interceptorFor(server, server.registerClient());
  const url = `${server.fhirBaseUrl}/Patient/1`;
  t.is((await interceptor.fetch(url)).status, 200);
  t.is(server.revokeTokens(), 1);
  t.is((await interceptor.fetch(url)).status, 200);
  t.deepEqual(
    server.requestsTo('fhir').map(({ status, tokenNumber }) => [status, tokenNumber]),
    [
      [200, 1],
      [401, 1],
      [200, 2],
    ],
  );
});

test('a token of a short lifetime is replaced when it ends', async (t) => {
  const server = await openSmartServer(t, { tokenLifetimeSeconds: 0 });
  const interceptor = interceptorFor(server, server.registerClient());
  await interceptor.getAuthorizationHeader();
  await interceptor.getAuthorizationHeader();
  t.is(server.requestsTo('token').length, 2);
});

test('an unavailable token endpoint is asked again, with a new assertion each time', async (t) => {
  const server = await openSmartServer(t);
  const interceptor = interceptorFor(server, server.registerClient());
  server.fail('token', { status: 503, headers: { 'retry-after': '0' }, times: 2 });
  await interceptor.getAuthorizationHeader();
  const ids = server.requestsTo('token').map(({ assertion }) => assertion.claims.jti);
  t.is(new Set(ids).size, 3);
});

const refusalOf = async (t, server, client, changes) => {
  const interceptor = interceptorFor(server, client ?? server.registerClient(), { ...ONCE, ...changes });
  return t.throwsAsync(interceptor.getAuthorizationHeader());
};

test('a server that wants its issuer as audience refuses the token endpoint', async (t) => {
  const server = await openSmartServer(t, { audience: 'issuer' });
  const error = await refusalOf(t, server);
  t.like(error, { code: 'ERR_TOKEN_REJECTED', status: 401, oauth: { error: 'invalid_client' } });
  t.regex(error.message, /aud is 'http:.*\/auth\/token', and has to be 'http:.*\/auth', byte for byte/);
});

test('a server that takes itself for http wants an http audience over https', async (t) => {
  const server = await openSmartServer(t, { tls: true, behindTlsProxy: true });
  const client = server.registerClient();
  t.is((await refusalOf(t, server, client)).code, 'ERR_TOKEN_REJECTED');
  t.is(server.requests.at(-1).check, 'audience');
  await interceptorFor(server, client, { forceHttpInTokenRequestAudience: true }).getAuthorizationHeader();
});

test('a server behind TLS can name an http token endpoint', async (t) => {
  const server = await openSmartServer(t, { tls: true });
  server.configure({ metadata: { token_endpoint: server.tokenEndpoint.replace('https:', 'http:') } });
  // Which code it has is the client's affair; what counts here is that nothing arrives in clear text.
  await refusalOf(t, server);
  t.is(server.requestsTo('token').length, 0);
});

test('a key that was rotated away is refused by its kid', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  const interceptor = interceptorFor(server, client, ONCE);
  client.rotateKeys();
  t.is((await t.throwsAsync(interceptor.getAuthorizationHeader())).code, 'ERR_TOKEN_REJECTED');
  t.is(server.requests.at(-1).check, 'keyId');
});

test('a key that was rotated under its kid is refused by its signature', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ keyId: 'always' });
  const interceptor = interceptorFor(server, client, ONCE);
  client.rotateKeys({ keyId: 'always' });
  t.is((await t.throwsAsync(interceptor.getAuthorizationHeader())).code, 'ERR_TOKEN_REJECTED');
  t.is(server.requests.at(-1).check, 'signature');
});

test('a server that does not list the algorithm refuses it', async (t) => {
  const server = await openSmartServer(t, { algorithms: ['RS384'] });
  t.is((await refusalOf(t, server)).code, 'ERR_TOKEN_REJECTED');
  t.is(server.requests.at(-1).check, 'algorithm');
});

for (const clockOffsetSeconds of [600, -600]) {
  test(`a server whose clock is ${clockOffsetSeconds} s off refuses the assertion and says its time`, async (t) => {
    const server = await openSmartServer(t, { clockOffsetSeconds });
    t.is((await refusalOf(t, server)).code, 'ERR_TOKEN_REJECTED');
    t.is(server.requests.at(-1).check, 'expiry');
  });
}

test('a login page in place of a token response, or of the metadata, is told as such', async (t) => {
  const server = await openSmartServer(t);
  server.fail('token', { html: true });
  t.is((await refusalOf(t, server)).code, 'ERR_TOKEN_RESPONSE');
  const other = await openSmartServer(t);
  other.fail('discovery', { html: true, times: Infinity });
  t.is((await refusalOf(t, other)).code, 'ERR_DISCOVERY');
});

test('a scope that the client is not registered for is refused, or left out', async (t) => {
  const server = await openSmartServer(t, { wideScopes: 'refuse' });
  const client = server.registerClient({ scope: 'system/Patient.rs' });
  const error = await refusalOf(t, server, client, { scope: 'system/Patient.rs system/Observation.rs' });
  t.deepEqual(error.oauth.error, 'invalid_scope');
  server.configure({ wideScopes: 'narrow' });
  const interceptor = interceptorFor(server, client, {
    scope: 'system/Patient.rs system/Observation.rs system/Group.r',
  });
  const { grantedScopes, missingScopes } = await interceptor.getAccessToken();
  t.deepEqual(grantedScopes, ['system/Patient.rs']);
  t.deepEqual(missingScopes, ['system/Observation.rs', 'system/Group.r']);
});

test('a rate limit is told with how long to wait', async (t) => {
  const server = await openSmartServer(t);
  server.fail('token', { status: 429, headers: { 'retry-after': '30' } });
  t.like(await refusalOf(t, server), { code: 'ERR_RATE_LIMITED', retryAfterMs: 30_000 });
});

const ODD = {
  'a lifetime as text': { members: { expires_in: '300' } },
  'no token_type': { members: { token_type: undefined } },
  'a token_type in capitals': { members: { token_type: 'BEARER' } },
  'status 201': { status: 201, members: {} },
};
for (const [name, fault] of Object.entries(ODD)) {
  test(`a token response with ${name} gives a token that works`, async (t) => {
    const server = await openSmartServer(t);
    server.fail('token', fault);
    const interceptor = interceptorFor(server, server.registerClient());
    t.is((await interceptor.fetch(`${server.fhirBaseUrl}/Patient`)).status, 200);
  });
}

const BROKEN = {
  'an error under 200': [{ body: { error: 'invalid_client' } }, 'ERR_TOKEN_REJECTED'],
  'another token_type': [{ members: { token_type: 'mac' } }, 'ERR_UNSUPPORTED_TOKEN_TYPE'],
  'half a body': [{ truncateAfter: 20 }, 'ERR_NETWORK'],
  'a reset connection': [{ reset: true }, 'ERR_NETWORK'],
  'a late answer': [{ delayMs: 60_000 }, 'ERR_TIMEOUT'],
  'a slow body': [{ dripMs: 60_000 }, 'ERR_TIMEOUT'],
};
for (const [name, [fault, code]] of Object.entries(BROKEN)) {
  test(`${name} at the token endpoint is ${code}`, async (t) => {
    const server = await openSmartServer(t);
    server.fail('token', { ...fault, times: 5 });
    const timeoutMs = code === 'ERR_TIMEOUT' ? 500 : 30_000;
    const http = { ...server.clientOptions.http, timeoutMs };
    t.is((await refusalOf(t, server, undefined, { http })).code, code);
  });
}

test("files of an export are fetched without the token, which the interceptor keeps to the FHIR server's origin", async (t) => {
  const server = await openSmartServer(t, { exportPolls: 0 });
  const interceptor = interceptorFor(server, server.registerClient());
  const kickOff = await interceptor.fetch(`${server.fhirBaseUrl}/$export`, {
    headers: { prefer: 'respond-async' },
  });
  const manifest = await (await interceptor.fetch(kickOff.headers.get('content-location'))).json();
  t.is((await interceptor.fetch(manifest.output[0].url)).status, 200);
  t.notThrows(() => server.assertNoRefusals());
});

test('a token that goes to an allowed origin which wants none is seen', async (t) => {
  const server = await openSmartServer(t, { exportPolls: 0 });
  const allowedOrigins = [server.downloadOrigin];
  const interceptor = interceptorFor(server, server.registerClient(), { allowedOrigins });
  const kickOff = await interceptor.fetch(`${server.fhirBaseUrl}/$export`, {
    headers: { prefer: 'respond-async' },
  });
  const manifest = await (await interceptor.fetch(kickOff.headers.get('content-location'))).json();
  t.is((await interceptor.fetch(manifest.output[0].url)).status, 400);
  t.throws(() => server.assertNoRefusals(), { message: /the token has left the FHIR server's origin/ });
});

test('the keys of an interceptor can be registered by their URL, which its assertions may name', async (t) => {
  const server = await openSmartServer(t);
  const holder = server.registerClient({ clientId: 'holder' });
  const keys = createServer((_request, response) => response.end(JSON.stringify(holder.publicJwks)));
  await new Promise((resolve) => keys.listen(0, '127.0.0.1', resolve));
  t.teardown(() => keys.close());
  const jwksUrl = `http://127.0.0.1:${keys.address().port}/jwks`;
  const client = server.registerClient({ clientId: 'remote', jwksUrl });
  const { jwks } = holder;
  await interceptorFor(server, { clientId: client.clientId, jwks }).getAuthorizationHeader();
  t.notThrows(() => server.assertNoRefusals());
});
