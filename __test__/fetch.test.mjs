import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { startPlainServer } from './support/plain-server.mjs';
import { json, startRecordingServer, text } from './support/recording-server.mjs';
import { collectWarnings } from './support/warnings.mjs';

const FIRST = 'Bearer token-1';
const SECOND = 'Bearer token-2';

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, ...clientOf(server) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('the token goes to the FHIR server', async (t) => {
  const { server, interceptor } = t.context;
  const response = await interceptor.fetch(server.patients);
  t.is(response.status, 200);
  t.deepEqual(await response.json(), { resourceType: 'Bundle' });
  t.deepEqual(server.authorizations(), [FIRST]);
});

test('the origin counts, not the path: bulk status and output lie outside the base path', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /bulk/status/1', json(202, {}));
  await interceptor.fetch(new URL('/bulk/status/1', server.origin));
  t.deepEqual(server.authorizations('/bulk/status/1'), [FIRST]);
});

test('an Authorization header of any case is replaced, and the rest of the request stays', async (t) => {
  const { server, interceptor } = t.context;
  const forms = [
    { AUTHORIZATION: 'Basic x', 'X-Kept': 'yes' },
    [
      ['authorization', 'Basic x'],
      ['x-kept', 'yes'],
    ],
    new Headers({ Authorization: 'Basic x', 'x-kept': 'yes' }),
  ];
  for (const headers of forms) {
    await interceptor.fetch(server.patients, { method: 'POST', headers, body: 'a body' });
  }
  t.is(server.requestsTo('/fhir/Patient').length, forms.length);
  for (const { method, headers, body } of server.requestsTo('/fhir/Patient')) {
    t.is(method, 'POST');
    t.is(headers.authorization, FIRST);
    t.is(headers['x-kept'], 'yes');
    t.is(body, 'a body');
  }
  t.is(forms[2].get('authorization'), 'Basic x', "the caller's own headers are not touched");
});

test('a Request keeps its method, headers and body', async (t) => {
  const { server, interceptor } = t.context;
  const request = new Request(server.patients, {
    method: 'POST',
    headers: { 'x-kept': 'yes', authorization: 'Basic x' },
    body: 'a body',
  });
  await interceptor.fetch(request);
  const [sent] = server.requestsTo('/fhir/Patient');
  t.is(sent.method, 'POST');
  t.is(sent.body, 'a body');
  t.is(sent.headers['x-kept'], 'yes');
  t.is(sent.headers.authorization, FIRST);
});

test('a Request in the place of init counts as one', async (t) => {
  const { server, interceptor } = t.context;
  const init = new Request('http://elsewhere.test/', { method: 'DELETE', headers: { 'x-kept': 'yes' } });
  await interceptor.fetch(server.patients, init);
  const [{ method, headers }] = server.requestsTo('/fhir/Patient');
  t.is(method, 'DELETE');
  t.is(headers['x-kept'], 'yes');
});

test('to another origin the request goes without the token, with one warning for the origin', async (t) => {
  const { server, interceptor, clientId } = t.context;
  const other = await startRecordingServer({ handler: text(200, 'a file') });
  t.teardown(other.close);
  const warnings = collectWarnings(t, clientId);
  for (const path of ['/file/1?signature=abc', '/file/2?signature=def']) {
    const response = await interceptor.fetch(other.url(path));
    t.is(await response.text(), 'a file');
  }
  t.deepEqual(
    other.requests.map(({ headers }) => headers.authorization),
    [undefined, undefined],
  );
  t.is(server.tokenRequests().length, 0);
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['TOKEN_WITHHELD'],
  );
  t.true(warnings[0].message.includes(other.origin));
  t.false(warnings[0].message.includes('signature'));
});

test("to another origin the caller's own Authorization is left alone", async (t) => {
  const { interceptor } = t.context;
  const other = await startRecordingServer({ handler: text(200, '') });
  t.teardown(other.close);
  await interceptor.fetch(other.url('/x'), { headers: { Authorization: 'Basic mine' } });
  t.is(other.requests[0].headers.authorization, 'Basic mine');
});

test.serial('another port, scheme or host name is another origin', async (t) => {
  const { server, interceptor, clientId } = t.context;
  const warnings = collectWarnings(t, clientId);
  const { port } = new URL(server.origin);
  const calls = await stubFetch(t, interceptor, async (run) => {
    await run(`https://127.0.0.1:${port}/fhir`);
    await run(`http://localhost:${port}/fhir`);
    await run('http://127.0.0.1:1/fhir');
    await run(`http://user@127.0.0.1.example.test:${port}/fhir`);
  });
  for (const { authorization } of calls) t.is(authorization, null);
  t.is(warnings.length, 4);
});

test('an allowed origin receives the token', async (t) => {
  const { server } = t.context;
  const other = await startRecordingServer({ handler: text(200, '') });
  t.teardown(other.close);
  const { interceptor } = clientOf(server, { allowedOrigins: [other.origin] });
  await interceptor.fetch(other.url('/bulk/output'));
  t.is(other.requests[0].headers.authorization, FIRST);
});

test("init.fhirBaseUrl stands in for the params' own, for the token as for the origin", async (t) => {
  const { server, interceptor } = t.context;
  const other = await startPlainServer({ accessToken: () => 'of-the-other' });
  t.teardown(other.close);
  await interceptor.fetch(other.patients, { fhirBaseUrl: other.fhirBaseUrl });
  await interceptor.fetch(server.patients, { fhirBaseUrl: other.fhirBaseUrl });
  t.deepEqual(other.authorizations(), ['Bearer of-the-other']);
  t.deepEqual(server.authorizations(), [undefined]);
});

test('without a FHIR base and without allowed origins nothing is sent', async (t) => {
  const { server } = t.context;
  const { interceptor } = clientOf(server, {
    fhirBaseUrl: undefined,
    tokenEndpoint: server.url('/token'),
  });
  const error = await t.throwsAsync(interceptor.fetch(server.patients));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /fhirBaseUrl/);
  t.is(server.requests.length, 0);
  await interceptor.fetch(server.patients, { fhirBaseUrl: server.fhirBaseUrl });
  t.deepEqual(server.authorizations(), [FIRST]);
});

test.serial('the global fetch is looked up when it is called, and is not shown fhirBaseUrl', async (t) => {
  const { server, interceptor } = t.context;
  const calls = await stubFetch(t, interceptor, async (run) => {
    await run(server.patients, { fhirBaseUrl: server.fhirBaseUrl, keepalive: true });
    await run('http://elsewhere.test/', { fhirBaseUrl: server.fhirBaseUrl });
  });
  t.is(calls.length, 2);
  t.is(calls[0].authorization, FIRST);
  t.true(calls[0].init.keepalive);
  for (const { init } of calls) t.false('fhirBaseUrl' in init);
});

test('after a 401 the token is dropped and the request sent once more with a new one', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', acceptOnly(SECOND));
  const response = await interceptor.fetch(server.patients);
  t.is(response.status, 200);
  t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  t.is(await interceptor.getAuthorizationHeader(), SECOND);
  t.is(interceptor.stats().invalidations, 1);
});

test('a second 401 is returned as it is', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', json(401, { resourceType: 'OperationOutcome' }));
  const response = await interceptor.fetch(server.patients);
  t.is(response.status, 401);
  t.deepEqual(await response.json(), { resourceType: 'OperationOutcome' });
  t.deepEqual(server.authorizations(), [FIRST, SECOND]);
});

test('a 403 is an answer, not an invitation', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', json(403, {}));
  t.is((await interceptor.fetch(server.patients)).status, 403);
  t.is((await interceptor.fetch(server.patients)).status, 403);
  t.deepEqual(server.authorizations(), [FIRST, FIRST]);
  t.is(server.tokenRequests().length, 1);
});

test('where the server hands out the refused token again, the 401 is returned unread', async (t) => {
  const server = await startPlainServer({ accessToken: () => 'always-the-same' });
  t.teardown(server.close);
  server.on('GET /fhir/Patient', text(401, 'no'));
  const response = await clientOf(server).interceptor.fetch(server.patients);
  t.is(response.status, 401);
  t.is(await response.text(), 'no');
  t.is(server.requestsTo('/fhir/Patient').length, 1);
});

test('when no new token can be had, the call rejects with the reason', async (t) => {
  const { server, interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  server.on('GET /fhir/Patient', text(401, ''));
  server.on('POST /token', json(400, { error: 'invalid_client' }));
  const error = await t.throwsAsync(interceptor.fetch(server.patients));
  t.is(error.code, 'ERR_TOKEN_REJECTED');
  t.is(error.oauth.error, 'invalid_client');
});

test('many requests with one dead token lead to one new token', async (t) => {
  const { server, interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  server.on('GET /fhir/Patient', acceptOnly(SECOND));
  const responses = await Promise.all(Array.from({ length: 20 }, () => interceptor.fetch(server.patients)));
  for (const { status } of responses) t.is(status, 200);
  t.is(server.tokenRequests().length, 2);
});

const REPLAYABLE = {
  'a string': () => 'text',
  URLSearchParams: () => new URLSearchParams({ a: 'b c' }),
  'a Buffer': () => Buffer.from('buffer'),
  'a typed array': () => new Uint16Array([25_185]),
  'an ArrayBuffer': () => new TextEncoder().encode('array buffer').buffer,
  'a Blob': () => new Blob(['blob']),
};
for (const [name, body] of Object.entries(REPLAYABLE)) {
  test(`a body that can be sent again is: ${name}`, async (t) => {
    const { server, interceptor } = t.context;
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    t.is((await interceptor.fetch(server.patients, { method: 'POST', body: body() })).status, 200);
    const [first, second] = server.requestsTo('/fhir/Patient');
    t.true(first.body.length > 0);
    t.is(second.body, first.body);
  });
}

test('a form is sent again', async (t) => {
  const { server, interceptor } = t.context;
  server.on('POST /fhir/Patient', acceptOnly(SECOND));
  const body = new FormData();
  body.append('name', 'value');
  t.is((await interceptor.fetch(server.patients, { method: 'POST', body })).status, 200);
  t.true(server.requestsTo('/fhir/Patient')[1].body.includes('value'));
});

const NOT_REPLAYABLE = {
  'a web stream': () => ({ body: new Blob(['streamed']).stream() }),
  'a Node stream': () => ({ body: Readable.from(['streamed']) }),
  'an async iterable': () => ({
    body: (async function* chunks() {
      yield Buffer.from('streamed');
    })(),
  }),
};
for (const [name, init] of Object.entries(NOT_REPLAYABLE)) {
  test(`a body that cannot be sent again is not, though the token is dropped: ${name}`, async (t) => {
    const { server, interceptor } = t.context;
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    const response = await interceptor.fetch(server.patients, { method: 'POST', duplex: 'half', ...init() });
    t.is(response.status, 401);
    t.is(await response.text(), 'refused');
    t.is(server.requestsTo('/fhir/Patient').length, 1);
    t.is(await interceptor.getAuthorizationHeader(), SECOND);
  });
}

test("a Request's own body is a stream; one that init gives in its place is not", async (t) => {
  const { server } = t.context;
  // Without it the second token, refused right away, would stay for a while.
  const renewal = { failureCooldownSeconds: 0 };
  const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, renewal });
  const request = () => new Request(server.patients, { method: 'POST', body: 'own' });
  server.on('POST /fhir/Patient', acceptOnly(SECOND));
  t.is((await interceptor.fetch(request())).status, 401);
  server.on('POST /fhir/Patient', acceptOnly('Bearer token-3'));
  t.is((await interceptor.fetch(request(), { body: 'given' })).status, 200);
  t.deepEqual(
    server.requestsTo('/fhir/Patient').map(({ body }) => body),
    ['own', 'given', 'given'],
  );
});

test('a Request without a body is sent again', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', acceptOnly(SECOND));
  t.is((await interceptor.fetch(new Request(server.patients))).status, 200);
});

test('a 401 of the server that a redirect led to says nothing about the token', async (t) => {
  const { server, interceptor } = t.context;
  const other = await startRecordingServer({ handler: text(401, 'who are you?') });
  t.teardown(other.close);
  server.on('GET /fhir/Binary/1', { status: 307, headers: { location: other.url('/binary') } });
  const response = await interceptor.fetch(server.url('/fhir/Binary/1'));
  t.is(response.status, 401);
  t.is(await response.text(), 'who are you?');
  t.is(other.requests[0].headers.authorization, undefined);
  t.is(interceptor.stats().invalidations, 0);
  t.is(await interceptor.getAuthorizationHeader(), FIRST);
});

test('it is bound, and looks like a method', async (t) => {
  const { server, interceptor } = t.context;
  const { fetch } = interceptor;
  t.is((await fetch(server.patients)).status, 200);
  t.deepEqual(Object.keys(interceptor), []);
  t.false(inspect(interceptor).includes('fetch'));
  t.throws(() => {
    interceptor.fetch = null;
  });
});

test('a URL that fetch cannot read gets the error of fetch, and no token', async (t) => {
  const { server, interceptor } = t.context;
  await t.throwsAsync(interceptor.fetch('/Patient'), { instanceOf: TypeError });
  t.is(server.requests.length, 0);
});

test('arguments of a wrong type are named', async (t) => {
  const { server, interceptor } = t.context;
  const wrong = [
    ['GET', /init: expected an object/],
    [{ fhirBaseUrl: 7 }, /fhirBaseUrl: expected a string/],
    [{ fhirBaseUrl: 'fhir.example.org' }, /fhirBaseUrl: expected an absolute/],
  ];
  for (const [init, message] of wrong) {
    await t.throwsAsync(interceptor.fetch(server.patients, init), { code: 'ERR_INVALID_CONFIG', message });
  }
  t.is(server.requests.length, 0);
});

test('after close nothing is sent, to no origin', async (t) => {
  const { server, interceptor } = t.context;
  interceptor.close();
  await t.throwsAsync(interceptor.fetch(server.patients), { code: 'ERR_CLOSED' });
  await t.throwsAsync(interceptor.fetch('http://elsewhere.test/'), { code: 'ERR_CLOSED' });
  t.is(server.requests.length, 0);
});

function clientOf(server, options = {}) {
  const all = { ...server.options, ...options };
  return { clientId: all.clientId, interceptor: ClientAuthInterceptorFactory.create(all) };
}

function acceptOnly(authorization) {
  return ({ headers }) => (headers.authorization === authorization ? json(200, {}) : text(401, 'refused'));
}

/** What reaches the global fetch while `use` runs. Callers are serial, for there is one global. */
async function stubFetch(t, { fetch }, use) {
  const calls = [];
  const { fetch: original } = globalThis;
  t.teardown(() => {
    globalThis.fetch = original;
  });
  globalThis.fetch = async (input, init) => {
    calls.push({ input, init, authorization: new Headers(init?.headers).get('authorization') });
    return new Response('');
  };
  await use(fetch);
  globalThis.fetch = original;
  return calls;
}
