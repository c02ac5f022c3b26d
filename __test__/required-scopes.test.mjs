import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { eventually } from './support/eventually.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { collectWarnings } from './support/warnings.mjs';

const REQUESTED = 'system/Patient.rs system/Group.rs';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const [granted, any, all] of [
  [REQUESTED, true, true],
  ['system/*.read', true, true],
  ['system/Patient.r system/Patient.s system/Group.cruds', true, true],
  ['system/Group.read openid', true, false],
  ['system/Patient.r', false, false],
  ['Patient.read Patient.search', false, false],
  ['', false, false],
  [undefined, true, true],
]) {
  for (const [requireScopes, isMet] of Object.entries({ any, all })) {
    const what = granted === undefined ? 'no scope member' : `'${granted}'`;
    test(`requireScopes '${requireScopes}' ${isMet ? 'accepts' : 'refuses'} ${what}`, async (t) => {
      const { interceptor } = await start(t, { scope: granted }, { requireScopes });
      const { code } = await interceptor.getAccessToken().then(
        () => ({}),
        (error) => error,
      );
      t.is(code, isMet ? undefined : 'ERR_SCOPE_NOT_GRANTED');
    });
  }
}

test('the error names what was requested, granted and is missing, and what to do', async (t) => {
  const { server, interceptor } = await start(t, { scope: 'system/Group.rs' }, { requireScopes: 'all' });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(
    error.message,
    `token endpoint ${server.url('/token')} (HTTP 200): the token was granted without scopes that ` +
      "requireScopes 'all' needs, and is not used: requested system/Patient.rs system/Group.rs; granted " +
      'system/Group.rs; missing system/Patient.rs. Have the client registered for what is missing, or change ' +
      'scope or requireScopes',
  );
  t.is(error.url, server.url('/token'));
  t.is(error.status, 200);
  t.false(error.transient);
});

test('nothing granted is told as such', async (t) => {
  const { interceptor } = await start(t, { scope: '' }, { requireScopes: 'any' });
  t.regex(
    (await t.throwsAsync(interceptor.getAuthorizationHeader())).message,
    /granted nothing; missing system/,
  );
});

test('it is not retried, and remembered like other refusals', async (t) => {
  const { server, interceptor } = await start(t, { scope: '' }, { requireScopes: 'any' });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SCOPE_NOT_GRANTED' });
  t.is(server.tokenRequests().length, 1);
  const again = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SCOPE_NOT_GRANTED' });
  t.regex(again.message, /remembered/);
  t.is(server.tokenRequests().length, 1);
});

test('a living token stays in use while its replacement lacks scopes', async (t) => {
  const changes = { requireScopes: 'all', renewal: { marginSeconds: 25 } };
  const { server, interceptor } = await start(t, { expires_in: 30 }, changes);
  const header = await interceptor.getAuthorizationHeader();
  server.on('POST /token', tokenResponse({ access_token: 'narrower', scope: 'system/Group.rs' }));
  await eventually(() => interceptor.stats().failures === 1);
  t.is(await interceptor.getAuthorizationHeader(), header);
});

test('a server that lists the token among the scopes does not have it shown', async (t) => {
  const members = { access_token: 'a-token-of-some-length', scope: 'x a-token-of-some-length' };
  const { interceptor } = await start(t, members, { requireScopes: 'any' });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_SCOPE_NOT_GRANTED' });
  t.false(error.message.includes('a-token'), error.message);
});

test('without requireScopes missing scopes are a warning, as before', async (t) => {
  const { interceptor, warnings } = await start(t, { scope: 'system/Group.rs' });
  const { missingScopes } = await interceptor.getAccessToken();
  t.deepEqual(missingScopes, ['system/Patient.rs']);
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['SCOPE_NOT_GRANTED'],
  );
});

test("and so is what 'any' lets pass", async (t) => {
  const { interceptor, warnings } = await start(t, { scope: 'system/Group.rs' }, { requireScopes: 'any' });
  await interceptor.getAccessToken();
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['SCOPE_NOT_GRANTED'],
  );
});

test('clients that require different scopes share no token', async (t) => {
  const { server, options } = await start(t, { scope: 'system/Group.rs' });
  const outcomes = await Promise.all(
    [undefined, 'any', 'all'].map((requireScopes) =>
      ClientAuthInterceptorFactory.create({ ...options, requireScopes })
        .getAuthorizationHeader()
        .catch(({ code }) => code),
    ),
  );
  t.deepEqual(outcomes, ['Bearer test-token', 'Bearer test-token', 'ERR_SCOPE_NOT_GRANTED']);
  t.is(server.tokenRequests().length, 3);
});

test('an unknown word, and a client that asks for no scope, are refused at once', async (t) => {
  const { options } = await start(t);
  const refused = (changes) =>
    t.throws(() => ClientAuthInterceptorFactory.create({ ...options, ...changes }));
  t.is(refused({ requireScopes: 'some' }).message, "requireScopes: expected 'any' or 'all'");
  t.regex(refused({ requireScopes: 'any', scope: null }).message, /scope null asks for none/);
});

async function start(t, members = {}, changes = {}) {
  const server = await startTokenEndpoint({ certificates });
  t.teardown(server.close);
  server.on('POST /token', tokenResponse(members));
  const options = { ...server.options, scope: REQUESTED, clientId: `scopes-${server.url('/')}` };
  const warnings = collectWarnings(t, options.clientId);
  return {
    server,
    options,
    warnings,
    interceptor: ClientAuthInterceptorFactory.create({ ...options, ...changes }),
  };
}
