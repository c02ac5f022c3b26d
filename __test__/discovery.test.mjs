import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { eventually } from './support/eventually.mjs';
import { json, startRecordingServer, text, tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';
import { headerPairs } from './support/wire.mjs';

const DOCUMENT = 'GET /fhir/.well-known/smart-configuration';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const [base, document] of [
  ['/a/b', '/a/b/.well-known/smart-configuration'],
  ['/a/b/', '/a/b/.well-known/smart-configuration'],
  ['', '/.well-known/smart-configuration'],
  ['/', '/.well-known/smart-configuration'],
  ['/x%20y/r4', '/x%20y/r4/.well-known/smart-configuration'],
  ['/tenant%2Fa', '/tenant%2Fa/.well-known/smart-configuration'],
]) {
  test(`the document's address is appended to the whole FHIR base: '${base}'`, async (t) => {
    const server = await start(t);
    server.on(`GET ${document}`, json(200, { token_endpoint: server.url('/token') }));
    await create(server, { fhirBaseUrl: server.url(base) }).getAuthorizationHeader();
    t.deepEqual(server.discoveryRequests(), [document]);
  });
}

test('the document is asked for as JSON, without credentials', async (t) => {
  const server = await start(t);
  await create(server).getAuthorizationHeader();
  const headers = Object.fromEntries(headerPairs(server.requests[0].rawHeaders));
  t.is(headers.accept, 'application/json');
  t.is(headers.authorization, undefined);
  t.is(headers.cookie, undefined);
});

for (const [kind, reply] of Object.entries({
  'text/plain': (body) => text(200, body),
  'application/fhir+json': (body) => ({ headers: { 'content-type': 'application/fhir+json' }, body }),
  'no content type': (body) => ({ body }),
  'a byte order mark': (body) => ({ body: `\uFEFF${body}` }),
  'members of every other kind': (body) => ({
    body: body.replace('{', '{"issuer":7,"capabilities":null,"grant_types_supported":"no","x":[{}],'),
  }),
})) {
  test(`a document with ${kind} is read: only token_endpoint is needed`, async (t) => {
    const server = await start(t);
    server.on(DOCUMENT, reply(JSON.stringify({ token_endpoint: server.url('/token') })));
    t.regex(await create(server).getAuthorizationHeader(), /^Bearer /);
  });
}

test('an issuer that differs from every address in sight is no reason to refuse', async (t) => {
  const server = await start(t);
  server.on(
    DOCUMENT,
    json(200, { issuer: 'https://login.example.org', token_endpoint: server.url('/token') }),
  );
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer /);
});

for (const [relative, path] of [
  ['token', '/fhir/token'],
  ['./token', '/fhir/token'],
  ['/oauth/token', '/oauth/token'],
]) {
  test(`a relative token_endpoint counts from the FHIR base: '${relative}'`, async (t) => {
    const server = await start(t);
    server.on(DOCUMENT, json(200, { token_endpoint: relative }));
    server.on(`POST ${path}`, tokenResponse());
    await create(server).getAuthorizationHeader();
    t.deepEqual(
      server.tokenRequests().map(({ url }) => url),
      [path],
    );
  });
}

for (const [kind, document] of Object.entries({
  'no token_endpoint': { authorization_endpoint: 'https://h/authorize' },
  'an empty token_endpoint': { token_endpoint: '' },
  'a token_endpoint that is a number': { token_endpoint: 443 },
  'a token_endpoint that is null': { token_endpoint: null },
})) {
  test(`${kind} is an error that names the member`, async (t) => {
    const server = await start(t);
    server.on(DOCUMENT, json(200, document));
    const error = await failure(t, create(server));
    t.regex(error.message, /token_endpoint/);
    t.is(error.status, 200);
    t.false(error.transient);
  });
}

for (const [kind, reply, pattern] of [
  [
    'an HTML page',
    { headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>Login</title>' },
    /HTML/,
  ],
  ['text that is no JSON', text(200, 'service unavailable'), /JSON/],
  ['a JSON array', json(200, ['token_endpoint']), /object/i],
  ['JSON null', { body: 'null' }, /object/i],
  ['nothing', { body: '' }, /empty|JSON/i],
  ['half a document', { body: '{"token_endpoint":"https://h/' }, /JSON/],
]) {
  test(`${kind} in place of the document is an error that says so`, async (t) => {
    const server = await start(t);
    server.on(DOCUMENT, reply);
    const error = await failure(t, create(server));
    t.regex(error.message, pattern);
    t.is(error.url, server.url('/fhir/.well-known/smart-configuration'));
    t.is(error.status, 200);
  });
}

test('a 404 is an error that names the address and cannot pass by itself', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, text(404, 'not here'));
  const error = await failure(t, create(server));
  t.is(error.status, 404);
  t.false(error.transient);
  t.true(error.message.includes(server.url('/fhir/.well-known/smart-configuration')), error.message);
});

test('a 503 is an error that may pass', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, text(503, 'later'));
  const error = await failure(t, create(server, { retry: { attempts: 1 } }));
  t.is(error.status, 503);
  t.true(error.transient);
});

for (const announced of [true, false]) {
  test(`a body over the limit is given up, its length ${announced ? '' : 'not '}announced`, async (t) => {
    const server = await start(t);
    const body = JSON.stringify({ token_endpoint: server.url('/token'), padding: 'x'.repeat(5000) });
    server.on(DOCUMENT, (_request, response) => {
      response.writeHead(200, announced ? { 'content-length': Buffer.byteLength(body) } : {});
      response.end(body);
    });
    const error = await failure(t, create(server, { http: { maxResponseBytes: 4096 } }));
    t.regex(error.message, /4096|4 KiB/);
  });
}

test('a document of half a megabyte is read, one of more than a megabyte is not', async (t) => {
  const [half, more] = await Promise.all([start(t), start(t)]);
  for (const [server, length] of [
    [half, 500_000],
    [more, 1_100_000],
  ]) {
    server.on(DOCUMENT, json(200, { token_endpoint: server.url('/token'), padding: 'x'.repeat(length) }));
  }
  t.regex(await create(half).getAuthorizationHeader(), /^Bearer /);
  await failure(t, create(more));
});

test('redirects on the same server are followed, up to three', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, { status: 301, headers: { location: '/1' } });
  server.on('GET /1', { status: 302, headers: { location: server.url('/2') } });
  server.on('GET /2', { status: 308, headers: { location: '/3' } });
  server.on('GET /3', json(200, { token_endpoint: server.url('/token') }));
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer /);
  t.deepEqual(server.discoveryRequests().slice(1), ['/1', '/2', '/3']);
});

test('a fourth redirect is not followed', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, { status: 302, headers: { location: '/1' } });
  for (const hop of [1, 2, 3]) {
    server.on(`GET /${hop}`, { status: 302, headers: { location: `/${hop + 1}` } });
  }
  const error = await failure(t, create(server));
  t.regex(error.message, /redirect/i);
  t.false(server.discoveryRequests().includes('/4'));
});

test('a redirect to another server is not followed, and the error names it', async (t) => {
  const [server, elsewhere] = await Promise.all([start(t), startRecordingServer()]);
  t.teardown(elsewhere.close);
  server.on(DOCUMENT, { status: 302, headers: { location: `${elsewhere.origin}/configuration` } });
  const error = await failure(t, create(server));
  t.true(error.message.includes(new URL(elsewhere.origin).hostname), error.message);
  t.is(elsewhere.requests.length, 0);
});

test('a token endpoint in clear text, off this machine, gets nothing', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, json(200, { token_endpoint: 'http://token.example.org/token' }));
  const error = await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_INSECURE_URL' });
  t.regex(error.message, /token\.example\.org/);
});

test('with a token endpoint given, nothing is discovered', async (t) => {
  const server = await start(t);
  await create(server, { tokenEndpoint: server.url('/token') }).getAuthorizationHeader();
  t.deepEqual(server.discoveryRequests(), []);
});

test('a document that was read serves later token requests', async (t) => {
  const server = await start(t);
  const interceptor = create(server);
  for (let count = 0; count < 3; count += 1) {
    await interceptor.getAuthorizationHeader();
    interceptor.invalidate();
  }
  t.is(server.tokenRequests().length, 3);
  t.is(server.discoveryRequests().length, 1);
});

test('callers and interceptors that come at the same time share one discovery', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, { ...json(200, { token_endpoint: server.url('/token') }), delayMs: 100 });
  const interceptors = ['one', 'two', 'three'].map((clientId) => create(server, { clientId }));
  const calls = interceptors.flatMap((interceptor) =>
    Array.from({ length: 10 }, () => interceptor.getAuthorizationHeader()),
  );
  const headers = await Promise.all(calls);
  t.is(server.discoveryRequests().length, 1);
  t.is(server.tokenRequests().length, 3);
  t.is(new Set(headers).size, 3);
});

test('a failure is forgotten within seconds', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, [text(404, 'deploying'), json(200, { token_endpoint: server.url('/token') })]);
  const interceptor = create(server);
  await failure(t, interceptor);
  t.regex(await eventually(() => interceptor.getAuthorizationHeader(), 15_000), /^Bearer /);
});

test('several FHIR servers behind one interceptor each get a token of their own', async (t) => {
  const [first, second] = await Promise.all([start(t), start(t)]);
  const { fhirBaseUrl, ...options } = first.options;
  const interceptor = ClientAuthInterceptorFactory.create(options);
  const headerOf = (server) => interceptor.getAuthorizationHeader({ fhirBaseUrl: server.fhirBaseUrl });

  const headers = [await headerOf(first), await headerOf(second)];
  t.not(headers[0], headers[1]);
  t.deepEqual([await headerOf(first), await headerOf(second)], headers);
  for (const server of [first, second]) {
    t.is(server.tokenRequests().length, 1);
    t.is(server.discoveryRequests().length, 1);
  }
});

test('two FHIR bases of one server are discovered apart', async (t) => {
  const server = await start(t);
  for (const tenant of ['a', 'b']) {
    const token_endpoint = server.url(`/${tenant}/token`);
    server.on(`GET /${tenant}/fhir/.well-known/smart-configuration`, json(200, { token_endpoint }));
    server.on(`POST /${tenant}/token`, tokenResponse({ access_token: `token-of-${tenant}` }));
  }
  const interceptor = create(server, { fhirBaseUrl: undefined });
  for (const tenant of ['a', 'b']) {
    const header = await interceptor.getAuthorizationHeader({ fhirBaseUrl: server.url(`/${tenant}/fhir`) });
    t.is(header, `Bearer token-of-${tenant}`);
  }
});

test('with no server named anywhere, the call says what is missing', async (t) => {
  const server = await start(t);
  const interceptor = create(server, { fhirBaseUrl: undefined });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_INVALID_CONFIG' });
  t.regex(error.message, /fhirBaseUrl/);
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

/** An interceptor that knows the server by these options; a member set to undefined is left out. */
function create(server, options = {}) {
  const { fhirBaseUrl, ...others } = { ...server.options, ...options };
  const http = { ...server.options.http, ...options.http };
  return ClientAuthInterceptorFactory.create({ ...others, ...(fhirBaseUrl && { fhirBaseUrl }), http });
}

async function failure(t, interceptor) {
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_DISCOVERY', error.message);
  return error;
}
