import { inspect } from 'node:util';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { ecJwks } from './support/keys.mjs';
import { json, tokenResponse } from './support/recording-server.mjs';
import { createInterceptor, openTokenEndpoint } from './support/token-endpoint.mjs';

const SECRET = 'a-secret-of-32-octets-or-even-more';
const TOKEN = 'token-that-nobody-may-see';

test('every step is laid open: what was discovered, sent, answered and granted', async (t) => {
  const server = await openTokenEndpoint(t);
  const document = {
    token_endpoint: server.url('/token'),
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    capabilities: ['permission-v2'],
  };
  server.on('GET /fhir/.well-known/smart-configuration', json(200, document));
  server.on('POST /token', tokenResponse({ access_token: TOKEN, scope: 'system/Patient.rs', patient: 'p' }));
  const { discovery, request, answer, token, warnings, error } = await createInterceptor(server).diagnose();
  t.is(error, null);
  t.deepEqual(discovery, {
    document: `${server.fhirBaseUrl}/.well-known/smart-configuration`,
    tokenEndpoint: server.url('/token'),
    confirmedIssuer: null,
    authMethods: ['client_secret_basic'],
    signingAlgorithms: null,
    grantTypes: null,
    capabilities: ['permission-v2'],
  });
  t.deepEqual(request, {
    url: server.url('/token'),
    method: 'client_secret_basic',
    authorization: 'Basic',
    parameters: [
      ['grant_type', 'client_credentials'],
      ['scope', 'system/*.read'],
    ],
    assertion: null,
  });
  t.is(answer.status, 200);
  t.true(Math.abs(answer.clockAheadSeconds) < 5);
  t.deepEqual(JSON.parse(answer.body), {
    access_token: '[redacted]',
    token_type: 'bearer',
    expires_in: 300,
    scope: 'system/Patient.rs',
    patient: '[redacted]',
  });
  t.deepEqual(token.grantedScopes, ['system/Patient.rs']);
  t.deepEqual(token.missingScopes, ['system/*.read']);
  t.true(token.expiresInSeconds > 290 && token.expiresInSeconds <= 300);
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['CAPABILITY_NOT_LISTED', 'SCOPE_NOT_GRANTED'],
  );
});

test('an error under a success status is shown without what may be a token', async (t) => {
  const server = await openTokenEndpoint(t);
  const body = { error: 'slow_down', error_description: 'wait', session: TOKEN, error_uri: { token: TOKEN } };
  server.on('POST /token', json(200, body));
  const { answer, error } = await createInterceptor(server).diagnose();
  t.is(error.oauth.error, 'slow_down');
  t.deepEqual(JSON.parse(answer.body), { ...body, session: '[redacted]', error_uri: '[redacted]' });
});

test('an assertion is shown by its header and claims, and without its signature', async (t) => {
  const server = await openTokenEndpoint(t);
  const jwks = ecJwks();
  Keystores.register('diagnosed', { jwks });
  t.teardown(() => Keystores.unregister('diagnosed'));
  const { request } = await createInterceptor(server, { keystore: 'diagnosed' }).diagnose();
  t.deepEqual(request.assertion.header, { alg: 'ES384', kid: jwks.keys[0].kid, typ: 'JWT' });
  t.is(request.assertion.claims.aud, server.url('/token'));
  t.deepEqual(request.parameters.at(-1), ['client_assertion', '[redacted]']);
});

test('a refusal is the error of the diagnosis, beside what was sent and what the server said', async (t) => {
  const server = await openTokenEndpoint(t);
  const refusal = json(
    401,
    { error: 'invalid_client' },
    { date: new Date(Date.now() + 600_000).toUTCString(), 'x-request-id': 'r-7', 'set-cookie': 'a=b' },
  );
  server.on('POST /token', refusal);
  const { request, answer, token, error } = await createInterceptor(server).diagnose();
  t.is(error.code, 'ERR_TOKEN_REJECTED');
  t.is(error.oauth.error, 'invalid_client');
  t.is(request.url, server.url('/token'));
  t.is(answer.status, 401);
  t.true(answer.clockAheadSeconds < -590);
  const headers = Object.fromEntries(answer.headers);
  t.is(headers['x-request-id'], 'r-7');
  t.false('set-cookie' in headers);
  t.is(answer.body, '{"error":"invalid_client"}');
  t.is(token, null);
  t.is(server.tokenRequests().length, 1);
});

test('where discovery fails, nothing was sent', async (t) => {
  const server = await openTokenEndpoint(t);
  const lost = createInterceptor(server, { fhirBaseUrl: server.url('/lost') });
  const { discovery, request, answer, error } = await lost.diagnose();
  t.is(error.code, 'ERR_DISCOVERY');
  t.deepEqual([discovery, request, answer], [null, null, null]);
});

test('where nobody answers, what was sent is there and no answer', async (t) => {
  const server = await openTokenEndpoint(t);
  server.on('POST /token', { destroy: true });
  const { request, answer, error } = await createInterceptor(server).diagnose();
  t.is(error.code, 'ERR_NETWORK');
  t.is(request.url, server.url('/token'));
  t.is(answer, null);
});

test('it takes no token from the cache and leaves none there', async (t) => {
  const server = await openTokenEndpoint(t);
  const interceptor = createInterceptor(server);
  await interceptor.diagnose();
  await interceptor.diagnose();
  t.is(server.tokenRequests().length, 2);
  t.is(interceptor.stats().tokenRequests, 0);
  await interceptor.getAuthorizationHeader();
  await interceptor.diagnose();
  t.is(server.tokenRequests().length, 4);
});

test('no credential is in it, whatever the server repeats', async (t) => {
  const server = await openTokenEndpoint(t);
  const echo = ({ body, headers }) =>
    json(
      400,
      { error: 'invalid_request', error_description: `${body} ${headers.authorization}`, token: TOKEN },
      { 'www-authenticate': `Basic realm="${headers.authorization}"`, 'x-request-id': SECRET },
    );
  const granted = tokenResponse({
    access_token: TOKEN,
    id_token: TOKEN,
    scope: TOKEN,
    anything: { token: TOKEN },
  });
  for (const clientAuthMethod of ['client_secret_basic', 'client_secret_post', 'client_secret_jwt']) {
    for (const reply of [echo, granted]) {
      server.on('POST /token', reply);
      const interceptor = createInterceptor(server, {
        clientSecret: SECRET,
        clientAuthMethod,
        additionalParameters: { password: 'pass-word-1' },
        tokenEndpoint: server.url('/token'),
      });
      const diagnosis = await interceptor.diagnose();
      const shown = inspect(diagnosis, { depth: 9 }) + JSON.stringify(diagnosis);
      for (const secret of [SECRET, 'pass-word-1', TOKEN]) t.false(shown.includes(secret), shown);
    }
  }
});

test('a diagnosis can be given up, and ends with its interceptor', async (t) => {
  const server = await openTokenEndpoint(t);
  server.on('POST /token', { delayMs: 60_000 });
  const interceptor = createInterceptor(server);
  const controller = new AbortController();
  const given = interceptor.diagnose({ signal: controller.signal });
  controller.abort(new Error('enough'));
  await t.throwsAsync(given, { message: 'enough' });
  await t.throwsAsync(interceptor.diagnose({ signal: AbortSignal.abort(new Error('before')) }), {
    message: 'before',
  });
  const closed = interceptor.diagnose();
  interceptor.close();
  await t.throwsAsync(closed, { code: 'ERR_CLOSED' });
  await t.throwsAsync(interceptor.diagnose(), { code: 'ERR_CLOSED' });
});

test('a wrong argument is told as everywhere', async (t) => {
  const server = await openTokenEndpoint(t);
  const interceptor = createInterceptor(server, { fhirBaseUrl: undefined });
  for (const request of [null, 7, { fhirBaseUrl: 7 }, { signal: {} }, {}, { fhirBaseUrl: 'ftp://h' }]) {
    const error = await t.throwsAsync(interceptor.diagnose(request), { code: 'ERR_INVALID_CONFIG' });
    t.true(error.stack.includes('diagnosis.test'), error.stack);
  }
});
