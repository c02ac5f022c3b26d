import { once } from 'node:events';
import { createServer } from 'node:net';
import { ClientAuthError, ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks, rsaJwks } from './support/keys.mjs';
import { json, startRecordingServer, text, tokenResponse } from './support/recording-server.mjs';
import {
  createInterceptor as create,
  openTokenEndpoint,
  startTokenEndpoint,
} from './support/token-endpoint.mjs';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
  Keystores.register('errors-rs256', { jwks: rsaJwks({ alg: 'RS256', kid: 'key-of-mkjwk' }) });
  Keystores.register('errors-es384', { jwks: ecJwks() });
});

const HTML = { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Log in</title>' };

/** What the token endpoint answers, and what has to come of it; what vendors answer is in server-quirks/. */
const ANSWERS = [
  ['an HTML login page under 200', { ...HTML, status: 200 }, 'ERR_TOKEN_RESPONSE', /HTML.*login page/s],
  ['an HTML page under 403', { ...HTML, status: 403 }, 'ERR_TOKEN_REJECTED', /HTML/],
  ['an empty 403', { status: 403 }, 'ERR_TOKEN_REJECTED', /HTTP 403.*empty/s],
  ['an empty 200', { status: 200 }, 'ERR_TOKEN_RESPONSE', /empty/],
  ['plain text under 200', text(200, 'OK'), 'ERR_TOKEN_RESPONSE', /JSON/],
  [
    'a 200 with an error member',
    json(200, { error: 'invalid_scope', error_description: 'no such scope' }),
    'ERR_TOKEN_REJECTED',
    /invalid_scope.*no such scope.*scope/s,
  ],
  ['401', json(401, { error: 'invalid_client' }), 'ERR_TOKEN_REJECTED', /invalid_client/],
  ['a 405 without a body', { status: 405 }, 'ERR_TOKEN_REJECTED', /tokenEndpoint|FHIR base/],
  ['418', { status: 418 }, 'ERR_TOKEN_REJECTED', /418/],
  ['408', { status: 408 }, 'ERR_SERVER', /408/],
  ['a 502 page', { ...HTML, status: 502 }, 'ERR_SERVER', /502/],
];
for (const [kind, reply, code, message] of ANSWERS) {
  test(`${kind} from the token endpoint is ${code} with a message to act on`, async (t) => {
    const server = await start(t);
    server.on('POST /token', reply);
    const error = await failure(t, create(server, { retry: { attempts: 1 } }));
    t.is(error.code, code);
    t.regex(error.message, message);
    t.is(error.status, reply.status);
    t.is(error.url, server.url('/token'));
    t.true(error.message.includes(server.url('/token')), error.message);
    t.is(error.attempts, 1);
    t.is(error.transient, code === 'ERR_SERVER');
  });
}

test('the members of an OAuth error are on the error', async (t) => {
  const server = await start(t);
  server.on(
    'POST /token',
    json(400, {
      error: 'invalid_request',
      error_description: 'one\r\ntwo\u0007three',
      error_uri: 'https://example.org/why',
    }),
  );
  const error = await failure(t, create(server));
  t.deepEqual(error.oauth, {
    error: 'invalid_request',
    errorDescription: 'one two three',
    errorUri: 'https://example.org/why',
  });
});

for (const members of [
  { error: 'invalid_client', error_description: null },
  { error: 'invalid_client', error_description: '' },
  { error: 'invalid_client', error_description: 7, error_uri: {} },
]) {
  test(`an OAuth error whose other members say nothing: ${JSON.stringify(members)}`, async (t) => {
    const server = await start(t);
    server.on('POST /token', json(400, members));
    const error = await failure(t, create(server));
    t.deepEqual(error.oauth, { error: 'invalid_client' });
    t.notRegex(error.message, /null|undefined|\[object/);
  });
}

test('an error code that nobody has heard of is kept', async (t) => {
  const server = await start(t);
  server.on('POST /token', json(400, { error: 'x_vendor_says_no' }));
  t.is((await failure(t, create(server))).oauth.error, 'x_vendor_says_no');
});

test('a long error text is cut', async (t) => {
  const server = await start(t);
  server.on('POST /token', text(400, 'because '.repeat(5000)));
  const { message } = await failure(t, create(server));
  t.true(message.length < 1000, String(message.length));
});

test('invalid_client for a key names what to check, and that the key says another algorithm than the server', async (t) => {
  const server = await start(t);
  server.on(
    'GET /fhir/.well-known/smart-configuration',
    json(200, {
      token_endpoint: server.url('/token'),
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    }),
  );
  server.on('POST /token', json(401, { error: 'invalid_client' }));
  const { clientSecret, ...options } = server.options;
  const error = await failure(
    t,
    ClientAuthInterceptorFactory.create({ ...options, keystore: 'errors-rs256' }),
  );
  t.regex(error.message, /publicJwks/);
  t.regex(error.message, /RS256.*RS384|RS384.*RS256/s);
});

test("invalid_client mentions a clock that differs from the server's", async (t) => {
  const server = await start(t);
  const date = new Date(Date.now() - 600_000).toUTCString();
  server.on('POST /token', json(401, { error: 'invalid_client' }, { date }));
  const { clientSecret, ...options } = server.options;
  const error = await failure(
    t,
    ClientAuthInterceptorFactory.create({ ...options, keystore: 'errors-es384' }),
  );
  t.regex(error.message, /clock/);
});

test('a refusal names what there is evidence of first, and three things to try at most', async (t) => {
  const server = await start(t);
  const { clientSecret, ...options } = server.options;
  const date = new Date(Date.now() + 600_000).toUTCString();
  server.on(
    'GET /fhir/.well-known/smart-configuration',
    json(200, {
      issuer: server.origin.replace('https:', 'http:'),
      token_endpoint: server.url('/token'),
      token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    }),
  );
  server.on('POST /token', json(401, { error: 'invalid_client', error_description: 'bad aud' }, { date }));
  const error = await failure(
    t,
    ClientAuthInterceptorFactory.create({ ...options, keystore: 'errors-rs256' }),
  );
  const [, ...clauses] = error.message.split('; ');
  t.is(clauses.length, 3, error.message);
  t.regex(clauses[0], /^the key says RS256 \(its alg\), while the server lists RS384, ES384$/);
  t.regex(clauses[1], /^this machine's clock is (5\d\d|600) s behind the server's: set it right$/);
  t.regex(clauses[2], /^the server's metadata says http: of itself/);
});

test('429 with Retry-After: waited for, then tried again', async (t) => {
  const server = await start(t);
  server.on('POST /token', [text(429, 'slow down', { 'retry-after': '1' }), tokenResponse()]);
  t.is(await create(server).getAuthorizationHeader(), 'Bearer test-token');
  const [first, second] = server.tokenRequests();
  t.true(second.at - first.at >= 990, `${second.at - first.at} ms`);
});

test('429 that asks for more patience than allowed: at once an error that says how long', async (t) => {
  const server = await start(t);
  server.on('POST /token', text(429, 'slow down', { 'retry-after': '120' }));
  const error = await failure(t, create(server));
  t.is(error.code, 'ERR_RATE_LIMITED');
  t.is(error.status, 429);
  t.is(error.retryAfterMs, 120_000);
  t.true(error.transient);
  t.is(error.attempts, 1);
  t.is(server.tokenRequests().length, 1);
});

test('Retry-After as a date is understood', async (t) => {
  const server = await start(t);
  const inTenMinutes = new Date(Date.now() + 600_000).toUTCString();
  server.on('POST /token', text(503, 'maintenance', { 'retry-after': inTenMinutes }));
  const error = await failure(t, create(server));
  t.is(error.code, 'ERR_SERVER');
  t.true(error.retryAfterMs > 500_000 && error.retryAfterMs <= 600_000, String(error.retryAfterMs));
});

test('503 three times: three attempts, then an error that may pass', async (t) => {
  const server = await start(t);
  server.on('POST /token', text(503, 'down for maintenance'));
  const error = await failure(t, create(server));
  t.is(error.code, 'ERR_SERVER');
  t.is(error.status, 503);
  t.is(error.attempts, 3);
  t.true(error.transient);
  t.regex(error.message, /down for maintenance.*3 attempts/s);
  t.is(server.tokenRequests().length, 3);
});

for (const status of [400, 401, 403, 404, 501]) {
  test(`a ${status} is not tried again`, async (t) => {
    const server = await start(t);
    server.on('POST /token', { status });
    await failure(t, create(server));
    t.is(server.tokenRequests().length, 1);
  });
}

test('nobody listening is ERR_NETWORK', async (t) => {
  const server = await startTokenEndpoint({ certificates });
  await server.close();
  const error = await failure(t, create(server, { tokenEndpoint: server.url('/token') }));
  t.is(error.code, 'ERR_NETWORK');
  t.regex(error.message, /refused/i);
  t.is(error.url, server.url('/token'));
  t.is(error.attempts, 3);
  t.true(error.transient);
});

test('a host name that does not exist is ERR_NETWORK', async (t) => {
  const server = await start(t);
  const error = await failure(
    t,
    create(server, { tokenEndpoint: 'https://nowhere.invalid/token', retry: { attempts: 1 } }),
  );
  t.is(error.code, 'ERR_NETWORK');
  t.regex(error.message, /nowhere\.invalid/);
});

test('a connection that is dropped in mid-answer is ERR_NETWORK', async (t) => {
  const server = await start(t);
  server.on('POST /token', (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"access_token":"t', () => response.destroy());
  });
  const error = await failure(t, create(server, { retry: { attempts: 1 } }));
  t.is(error.code, 'ERR_NETWORK');
});

test('a certificate of an unknown CA is ERR_TLS, not tried again, and the message says how to trust it', async (t) => {
  const server = await start(t);
  const error = await failure(t, create(server, { http: { proxy: null } }));
  t.is(error.code, 'ERR_TLS');
  t.regex(error.message, /http\.ca.*NODE_EXTRA_CA_CERTS/s);
  t.is(error.attempts, 1);
  t.false(error.transient);
  t.is(server.requests.length, 0);
});

test('a certificate of another host is ERR_TLS', async (t) => {
  const { caPem, ...tls } = await makeCertificates({ hostnames: ['other.example.org'], addresses: [] });
  const server = await startRecordingServer({ tls });
  t.teardown(server.close);
  const error = await failure(
    t,
    ClientAuthInterceptorFactory.create({
      clientId: 'c',
      clientSecret: 'test-secret',
      scope: null,
      tokenEndpoint: server.url('/token'),
      http: { ca: caPem, proxy: null },
    }),
  );
  t.is(error.code, 'ERR_TLS');
  t.regex(error.message, /host name/);
});

test('a server that speaks no TLS is ERR_TLS', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  const error = await failure(
    t,
    ClientAuthInterceptorFactory.create({
      clientId: 'c',
      clientSecret: 'test-secret',
      scope: null,
      tokenEndpoint: server.url('/token').replace('http:', 'https:'),
      http: { proxy: null },
    }),
  );
  t.is(error.code, 'ERR_TLS');
});

test('an answer that does not come is ERR_TIMEOUT, with the limit in the message', async (t) => {
  const server = await start(t);
  server.on('POST /token', { ...tokenResponse(), delayMs: 60_000 });
  const error = await failure(
    t,
    create(server, { http: { ...server.options.http, timeoutMs: 200 }, retry: { attempts: 1 } }),
  );
  t.is(error.code, 'ERR_TIMEOUT');
  t.regex(error.message, /200 ms/);
  t.true(error.transient);
});

test('a peer that accepts and stays silent is ERR_TIMEOUT', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  const sockets = new Set();
  silent.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
  await once(silent, 'listening');
  const server = await start(t);
  const error = await failure(
    t,
    create(server, {
      tokenEndpoint: `https://127.0.0.1:${silent.address().port}/token`,
      http: { ...server.options.http, connectTimeoutMs: 200 },
      retry: { attempts: 1 },
    }),
  );
  t.is(error.code, 'ERR_TIMEOUT');
});

test('retry.deadlineMs bounds all attempts together', async (t) => {
  const server = await start(t);
  server.on('POST /token', { ...tokenResponse(), delayMs: 60_000 });
  const error = await failure(t, create(server, { retry: { attempts: 10, deadlineMs: 300 } }));
  t.is(error.code, 'ERR_TIMEOUT');
  t.regex(error.message, /300 ms/);
});

test('a body over the limit is given up', async (t) => {
  const server = await start(t);
  server.on('POST /token', tokenResponse({ padding: 'x'.repeat(10_000) }));
  const error = await failure(
    t,
    create(server, { http: { ...server.options.http, maxResponseBytes: 4096 } }),
  );
  t.is(error.code, 'ERR_TOKEN_RESPONSE');
  t.regex(error.message, /4096/);
});

test('a closed interceptor says so', async (t) => {
  const server = await start(t);
  const interceptor = create(server);
  await interceptor.getAuthorizationHeader();
  interceptor.close();
  t.is((await failure(t, interceptor)).code, 'ERR_CLOSED');
});

test('an error is a ClientAuthError whose stack begins at the caller', async (t) => {
  const server = await start(t);
  server.on('POST /token', { status: 400 });
  const error = await failure(t, create(server));
  t.true(error instanceof ClientAuthError && error instanceof Error);
  t.is(error.name, 'ClientAuthError');
  t.true(error.stack.includes('errors.test.mjs'), error.stack);
});

test('every failure counts in stats', async (t) => {
  const server = await start(t);
  server.on('POST /token', { status: 400 });
  const interceptor = create(server);
  await failure(t, interceptor);
  t.like(interceptor.stats(), { failures: 1, tokenRequests: 1, lastErrorCode: 'ERR_TOKEN_REJECTED' });
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

async function failure(t, interceptor) {
  return t.throwsAsync(interceptor.getAuthorizationHeader(), { instanceOf: ClientAuthError });
}
