import { inspect } from 'node:util';
import { ClientAuthInterceptor, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, tokenResponse } from './support/recording-server.mjs';
import { collectWarnings } from './support/warnings.mjs';

const FIRST = 'Bearer token-1';
const SECOND = 'Bearer token-2';

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('a Request gets the header, in place of the one it had', async (t) => {
  const { server, interceptor } = t.context;
  const request = new Request(server.patients, { headers: { authorization: 'Basic x', 'x-kept': 'yes' } });
  t.is(await interceptor.interceptRequest(request), request);
  t.is(request.headers.get('authorization'), FIRST);
  t.is(request.headers.get('x-kept'), 'yes');
});

test('bare Headers get the header, in place of the one they had', async (t) => {
  const headers = new Headers({ Authorization: 'Basic x' });
  t.is(await t.context.interceptor.interceptRequest(headers), headers);
  t.deepEqual([...headers], [['authorization', FIRST]]);
});

test('a plain object gets one header, however many spellings it had', async (t) => {
  const { server, interceptor } = t.context;
  const headers = {
    authorization: 'Basic x',
    AUTHORIZATION: ['Basic y', 'Basic z'],
    Accept: 'a',
    Empty: undefined,
  };
  const request = { url: server.patients, headers };
  t.is(await interceptor.interceptRequest(request), request);
  t.is(request.headers, headers);
  t.deepEqual(headers, { Accept: 'a', Empty: undefined, Authorization: FIRST });
});

test('a plain object may hold Headers, or an object with their methods', async (t) => {
  const { server, interceptor } = t.context;
  const values = new Map([['authorization', 'Basic x']]);
  const alike = {
    get: (name) => values.get(name.toLowerCase()),
    set: (name, value) => values.set(name.toLowerCase(), value),
    delete: (name) => values.delete(name.toLowerCase()),
  };
  await interceptor.interceptRequest({ url: server.patients, headers: alike });
  t.deepEqual([...values], [['authorization', FIRST]]);
  const request = { url: server.patients, headers: new Headers() };
  await interceptor.interceptRequest(request);
  t.is(request.headers.get('authorization'), FIRST);
});

test('unchangeable Headers are replaced by a copy', async (t) => {
  const { server, interceptor } = t.context;
  server.on('GET /fhir/Patient', json(200, {}, { 'x-kept': 'yes' }));
  const { headers } = await fetch(server.patients);
  const copy = await interceptor.interceptRequest(headers);
  t.true(copy instanceof Headers);
  t.is(copy.get('authorization'), FIRST);
  t.is(copy.get('x-kept'), 'yes');
  t.false(headers.has('authorization'));
  const request = { url: server.patients, headers };
  t.is(await interceptor.interceptRequest(request), request);
  t.is(request.headers.get('authorization'), FIRST);
});

test('headers that nobody can change are an error that does not show the token', async (t) => {
  const { server, interceptor } = t.context;
  const request = { url: server.patients, headers: Object.freeze({}) };
  const error = await t.throwsAsync(interceptor.interceptRequest(request), { code: 'ERR_INVALID_CONFIG' });
  t.false(inspect(error).includes('token-1'));
});

test('a request to another origin is resolved as it came, with one warning', async (t) => {
  const { server, interceptor } = t.context;
  const warnings = collectWarnings(t, server.options.clientId);
  const headers = { Authorization: 'Basic mine' };
  for (const url of ['https://elsewhere.test/a', new URL('https://elsewhere.test/b')]) {
    const request = { url, headers };
    t.is(await interceptor.interceptRequest(request), request);
  }
  const request = new Request('https://elsewhere.test/c');
  await interceptor.interceptRequest(request);
  t.false(request.headers.has('authorization'));
  t.deepEqual(headers, { Authorization: 'Basic mine' });
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['TOKEN_WITHHELD'],
  );
  t.is(server.requests.length, 0);
});

test('headers that got the token lose it again when they are used for another origin', async (t) => {
  const { server, interceptor } = t.context;
  for (const headers of [{}, new Headers()]) {
    await interceptor.interceptRequest({ url: server.patients, headers });
    await interceptor.interceptRequest({ url: 'https://elsewhere.test/', headers });
    t.false(new Headers(headers).has('authorization'));
  }
});

test('a relative URL is one of the FHIR server', async (t) => {
  const { interceptor } = t.context;
  const { headers } = await interceptor.interceptRequest({ url: 'Patient?_count=1', headers: {} });
  t.deepEqual(headers, { Authorization: FIRST });
  t.deepEqual((await interceptor.interceptRequest({ headers: {} })).headers, { Authorization: FIRST });
});

test('where no origin is configured the caller answers for where the request goes', async (t) => {
  const { server } = t.context;
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    fhirBaseUrl: undefined,
    tokenEndpoint: server.url('/token'),
  });
  const request = { url: 'https://anywhere.test/', headers: {} };
  t.deepEqual((await interceptor.interceptRequest(request)).headers, { Authorization: FIRST });
});

test('options.fhirBaseUrl names the server of this request', async (t) => {
  const { server, interceptor } = t.context;
  const other = await startPlainServer({ accessToken: () => 'of-the-other' });
  t.teardown(other.close);
  const options = { fhirBaseUrl: other.fhirBaseUrl };
  const there = await interceptor.interceptRequest({ url: other.patients, headers: {} }, options);
  t.deepEqual(there.headers, { Authorization: 'Bearer of-the-other' });
  const here = await interceptor.interceptRequest({ url: server.patients, headers: {} }, options);
  t.deepEqual(here.headers, {});
});

for (const request of [
  undefined,
  null,
  'https://fhir.example.org',
  {},
  { url: 'x' },
  { headers: [] },
  new Map(),
]) {
  test(`a request hook has no use for ${inspect(request)}`, async (t) => {
    const { interceptor } = t.context;
    const expected = { code: 'ERR_INVALID_CONFIG', message: /^request: expected/ };
    await t.throwsAsync(interceptor.interceptRequest(request), expected);
    t.throws(() => interceptor.interceptResponse(request, { status: 401 }), expected);
  });
}

const ELSEWHERE = {
  'a URL without a scheme': '//elsewhere.test/x',
  'a path that is none': '/\\elsewhere.test/x',
  'another scheme': 'wss://elsewhere.test/x',
  'the URL of another realm': { href: 'https://elsewhere.test/x' },
};
for (const [name, url] of Object.entries(ELSEWHERE)) {
  test(`the token does not go elsewhere by ${name}`, async (t) => {
    const { interceptor } = t.context;
    const request = { url, headers: {} };
    await interceptor.interceptRequest(request);
    t.deepEqual(request.headers, {});
  });
}

test('a relative URL is one of the FHIR server, and one that is no URL is refused', async (t) => {
  const { interceptor } = t.context;
  for (const url of ['Patient', '/fhir/Patient', '?x', '', undefined]) {
    const request = { url, headers: {} };
    await interceptor.interceptRequest(request);
    t.deepEqual(request.headers, { Authorization: FIRST }, String(url));
  }
  for (const url of [5, ['https://elsewhere.test/'], {}]) {
    await t.throwsAsync(interceptor.interceptRequest({ url, headers: {} }), {
      code: 'ERR_INVALID_CONFIG',
      message: /^request: url: /,
    });
  }
});

test('where no FHIR server is its own, invalidate() drops the token of each', async (t) => {
  const { server } = t.context;
  const { fhirBaseUrl, ...options } = server.options;
  const interceptor = ClientAuthInterceptorFactory.create(options);
  t.is(await interceptor.getAuthorizationHeader({ fhirBaseUrl }), FIRST);
  t.true(interceptor.invalidate());
  t.is(await interceptor.getAuthorizationHeader({ fhirBaseUrl }), SECOND);
});

test('a 401 drops the token that the request carried, once', async (t) => {
  const { server, interceptor } = t.context;
  const request = await interceptor.interceptRequest(new Request(server.patients));
  t.true(interceptor.interceptResponse(request, { status: 401 }));
  t.is(await interceptor.getAuthorizationHeader(), SECOND);
  t.false(interceptor.interceptResponse(request, { status: 401 }), 'a late 401 for the old token');
  t.is(await interceptor.getAuthorizationHeader(), SECOND);
});

test('a 401 is fed back from each form of request', async (t) => {
  const { server } = t.context;
  // Without it the second token, refused right away, would stay for a while.
  const renewal = { failureCooldownSeconds: 0 };
  const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, renewal });
  const forms = [
    () => new Headers(),
    () => ({ url: server.patients, headers: {} }),
    () => ({ headers: new Headers() }),
    () => ({ headers: {} }),
  ];
  for (const form of forms) {
    const request = await interceptor.interceptRequest(form());
    t.true(interceptor.interceptResponse(request, { status: 401 }));
  }
  const header = await interceptor.getAuthorizationHeader();
  t.true(interceptor.interceptResponse({ headers: { AUTHORIZATION: [header] } }, { status: 401 }));
});

test('no other status, and no other header, drops a token', async (t) => {
  const { interceptor } = t.context;
  const request = await interceptor.interceptRequest({ headers: {} });
  for (const status of [200, 400, 403, 407, 500]) t.false(interceptor.interceptResponse(request, { status }));
  t.false(interceptor.interceptResponse({ headers: {} }, { status: 401 }));
  t.false(interceptor.interceptResponse({ headers: { Authorization: 'Bearer other' } }, { status: 401 }));
  t.is(await interceptor.getAuthorizationHeader(), FIRST);
  const expected = { code: 'ERR_INVALID_CONFIG', message: /^response: expected/ };
  t.throws(() => interceptor.interceptResponse(request, undefined), expected);
  t.throws(() => interceptor.interceptResponse(request, { status: '401' }), expected);
});

test('a 401 of the server that a redirect led to drops nothing', async (t) => {
  const { server, interceptor } = t.context;
  const request = await interceptor.interceptRequest(new Request(server.patients));
  t.false(interceptor.interceptResponse(request, { status: 401, url: 'https://elsewhere.test/' }));
  t.true(interceptor.interceptResponse(request, { status: 401, url: server.url('/other/path') }));
});

test('invalidate drops the current token, or the named one and no other', async (t) => {
  const { interceptor } = t.context;
  t.false(interceptor.invalidate(), 'there is none yet');
  await interceptor.getAuthorizationHeader();
  t.true(interceptor.invalidate());
  t.is(await interceptor.getAuthorizationHeader(), SECOND);
  t.false(interceptor.invalidate(FIRST));
  t.is(await interceptor.getAuthorizationHeader(), SECOND);
  t.true(interceptor.invalidate(SECOND));
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-3');
  t.throws(() => interceptor.invalidate(7), { code: 'ERR_INVALID_CONFIG', message: /^header: / });
});

test('whoever calls after a token was dropped does not get it, though others are about to', async (t) => {
  const { server } = t.context;
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    renewal: { marginSeconds: 2 },
  });
  server.on('POST /token', [tokenResponse({ access_token: 'token-1', expires_in: 4 }), tokenResponse()]);
  await interceptor.getAuthorizationHeader();
  // The call that finds the token due for renewal is served with it, but not at once.
  const atOnce = interceptor.getAuthorizationHeader();
  const later = await eventually(() => {
    if (interceptor.getAuthorizationHeader() === atOnce) return null;
    interceptor.invalidate(FIRST);
    return { header: interceptor.getAuthorizationHeader() };
  });
  t.is(await later.header, 'Bearer test-token');
});

test('an access token comes with what the server said about it, and is not shown', async (t) => {
  const { server, interceptor } = t.context;
  server.on(
    'POST /token',
    tokenResponse({ access_token: 'shown-nowhere', scope: 'system/*.read', patient: '42', expires_in: 60 }),
  );
  const before = Date.now();
  const fresh = await interceptor.getAccessToken();
  const cached = await interceptor.getAccessToken();
  for (const token of [fresh, cached]) {
    const { accessToken, expiresAt, grantedScopes, missingScopes, extra } = token;
    t.is(accessToken, 'shown-nowhere');
    t.true(expiresAt instanceof Date);
    t.true(expiresAt.getTime() > before);
    t.deepEqual(grantedScopes, ['system/*.read']);
    t.deepEqual(missingScopes, []);
    t.deepEqual(extra, { patient: '42' });
    const shown = [inspect(token, { showHidden: true, depth: 9 }), JSON.stringify(token), String(token)];
    t.false(shown.join().includes('shown-nowhere'));
  }
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer shown-nowhere');
  t.is(server.tokenRequests().length, 1);
});

test('a live token costs no new promise', async (t) => {
  const { interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  t.is(interceptor.getAuthorizationHeader(), interceptor.getAuthorizationHeader());
});

test('warnings about a token response are published', async (t) => {
  const { server, interceptor } = t.context;
  const warnings = collectWarnings(t, server.options.clientId);
  server.on('POST /token', tokenResponse({ token_type: undefined }));
  await interceptor.getAuthorizationHeader();
  t.is(warnings.length, 1);
  t.deepEqual(Object.keys(warnings[0]).sort(), ['clientId', 'code', 'message']);
  t.is(warnings[0].code, 'TOKEN_TYPE_MISSING');
});

test('stats tell what happened', async (t) => {
  const { server, interceptor } = t.context;
  const none = { tokenRequests: 0, cacheHits: 0, renewals: 0, failures: 0, invalidations: 0 };
  t.deepEqual(interceptor.stats(), { ...none, lastErrorCode: null, expiresAt: null, renewsAt: null });
  await interceptor.getAuthorizationHeader();
  await interceptor.getAuthorizationHeader();
  const { tokenRequests, cacheHits, expiresAt, renewsAt } = interceptor.stats();
  t.is(tokenRequests, 1);
  t.is(cacheHits, 1);
  t.true(renewsAt instanceof Date);
  t.true(expiresAt >= renewsAt);
  interceptor.invalidate();
  server.on('POST /token', json(400, { error: 'invalid_scope' }));
  await t.throwsAsync(interceptor.getAuthorizationHeader());
  const { invalidations, failures, lastErrorCode } = interceptor.stats();
  t.deepEqual(
    { invalidations, failures, lastErrorCode },
    { invalidations: 1, failures: 1, lastErrorCode: 'ERR_TOKEN_REJECTED' },
  );
});

test('without a keystore there is no public JWKS', (t) => {
  t.throws(() => t.context.interceptor.publicJwks(), { code: 'ERR_INVALID_CONFIG' });
});

test('arguments of a wrong type reject, they do not throw', async (t) => {
  const { interceptor } = t.context;
  const wrong = [null, 'https://fhir.example.org', { fhirBaseUrl: 7 }, { fhirBaseUrl: null }, { signal: {} }];
  for (const argument of wrong) {
    for (const method of ['getAuthorizationHeader', 'getAccessToken']) {
      const error = await t.throwsAsync(interceptor[method](argument), { code: 'ERR_INVALID_CONFIG' });
      t.true(error.stack.includes('request-hooks.test.mjs'), error.stack);
    }
    await t.throwsAsync(interceptor.interceptRequest(new Headers(), argument), {
      code: 'ERR_INVALID_CONFIG',
    });
  }
  t.is(await interceptor.getAuthorizationHeader({ unknown: 'is left alone', signal: null }), FIRST);
});

test('an error of the token endpoint points at the call', async (t) => {
  const { server, interceptor } = t.context;
  server.on('POST /token', json(400, { error: 'invalid_client' }));
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.name, 'ClientAuthError');
  t.true(error.stack.startsWith(`ClientAuthError: ${error.message}\n    at `), error.stack);
  t.regex(
    error.stack.slice(`ClientAuthError: ${error.message}`.length).split('\n')[1],
    /request-hooks\.test\.mjs/,
  );
});

test('after close every call rejects; closing twice is fine', async (t) => {
  const { server, interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  interceptor.close();
  interceptor.close();
  const closed = { code: 'ERR_CLOSED' };
  await t.throwsAsync(interceptor.getAuthorizationHeader(), closed);
  await t.throwsAsync(interceptor.getAccessToken(), closed);
  await t.throwsAsync(interceptor.interceptRequest({ url: server.patients, headers: {} }), closed);
  t.throws(() => interceptor.registerInterceptor({}), closed);
});

test('leaving a block disposes of the interceptor', async (t) => {
  const { interceptor } = t.context;
  interceptor[Symbol.dispose]();
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_CLOSED' });
});

test('only the factory makes interceptors', (t) => {
  t.throws(() => new ClientAuthInterceptor(), {
    instanceOf: TypeError,
    message: /ClientAuthInterceptorFactory/,
  });
  t.throws(() => Reflect.construct(ClientAuthInterceptor, [Symbol('key'), {}]), { instanceOf: TypeError });
});
