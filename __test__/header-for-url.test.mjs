import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { startPlainServer } from './support/plain-server.mjs';
import { collectWarnings } from './support/warnings.mjs';

const FIRST = 'Bearer token-1';
const SECOND = 'Bearer token-2';

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('the header for a URL of the FHIR server is the header', async (t) => {
  const { server, interceptor } = t.context;
  for (const url of [server.patients, new URL(server.url('/bulk/status/1')), server.origin.toUpperCase()]) {
    t.is(await interceptor.getAuthorizationHeaderFor(url), FIRST);
  }
  t.is(server.tokenRequests().length, 1);
});

test('for another origin there is none, with one warning and without a token request', async (t) => {
  const { server, interceptor } = t.context;
  const warnings = collectWarnings(t, server.options.clientId);
  for (const path of ['/a?secret', '/b']) {
    t.is(await interceptor.getAuthorizationHeaderFor(`https://elsewhere.test${path}`), null);
  }
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['TOKEN_WITHHELD'],
  );
  t.false(warnings[0].message.includes('secret'));
  t.is(server.tokenRequests().length, 0);
});

test('for what is no absolute http(s) URL there is none', async (t) => {
  const { interceptor } = t.context;
  for (const url of ['Patient', '//elsewhere.test/', '', 'data:,x', 'blob:https://fhir.test/1', undefined]) {
    t.is(await interceptor.getAuthorizationHeaderFor(url), null, String(url));
  }
});

test('an allowed origin has the header, and fhirBaseUrl names the server of the call', async (t) => {
  const { server } = t.context;
  const other = await startPlainServer({ accessToken: () => 'of-the-other' });
  t.teardown(other.close);
  const allowedOrigins = ['https://bulk.test'];
  const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, allowedOrigins });
  t.is(await interceptor.getAuthorizationHeaderFor('https://bulk.test/1'), FIRST);
  const { fhirBaseUrl } = other;
  t.is(await interceptor.getAuthorizationHeaderFor(other.patients, { fhirBaseUrl }), 'Bearer of-the-other');
  t.is(await interceptor.getAuthorizationHeaderFor(server.patients, { fhirBaseUrl }), null);
});

test('a refused header that is given to invalidate is not the header any more', async (t) => {
  const { server, interceptor } = t.context;
  t.true(interceptor.invalidate(await interceptor.getAuthorizationHeaderFor(server.patients)));
  t.is(await interceptor.getAuthorizationHeaderFor(server.patients), SECOND);
});

test('the wait for the header of a URL can be cancelled', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const controller = new AbortController();
  const waiting = interceptor.getAuthorizationHeaderFor(server.patients, { signal: controller.signal });
  await gate.reached();
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(waiting), reason);
  gate.open();
});

test('where no origin is known, wrong arguments are given or the interceptor is closed, it rejects', async (t) => {
  const { server, interceptor } = t.context;
  const nowhere = ClientAuthInterceptorFactory.create({
    ...server.options,
    fhirBaseUrl: undefined,
    tokenEndpoint: server.url('/token'),
  });
  await t.throwsAsync(nowhere.getAuthorizationHeaderFor(server.patients), {
    code: 'ERR_INVALID_CONFIG',
    message: /where may the token go/,
  });
  for (const request of [null, { fhirBaseUrl: 7 }, { fhirBaseUrl: 'relative' }, { signal: {} }]) {
    await t.throwsAsync(interceptor.getAuthorizationHeaderFor(server.patients, request), {
      code: 'ERR_INVALID_CONFIG',
    });
  }
  interceptor.close();
  for (const url of [server.patients, 'https://elsewhere.test/']) {
    await t.throwsAsync(interceptor.getAuthorizationHeaderFor(url), { code: 'ERR_CLOSED' });
  }
});
