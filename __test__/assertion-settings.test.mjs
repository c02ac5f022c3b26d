import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { ecJwks } from './support/keys.mjs';
import { keyClient, startSmartServers } from './support/smart-servers.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formPairs, formValue } from './support/wire.mjs';

const JWKS = ecJwks();
const KEYSTORE = `assertion-settings-${randomUUID()}`;

let endpoint;

test.before(async () => {
  Keystores.register(KEYSTORE, { jwks: JWKS });
  endpoint = await startTokenEndpoint();
});

test.after.always(() => endpoint?.close());

for (const [lifetimeSeconds, ahead] of [
  [undefined, 170],
  [1, 1],
  [60, 60],
  [295, 295],
  [300, 295],
]) {
  test(`lifetimeSeconds ${lifetimeSeconds} ends the assertion ${ahead} s ahead, and 300 s after iat at most`, async (t) => {
    const { claims, at } = await assertionOf({ lifetimeSeconds });
    const seconds = at.getTime() / 1000;
    t.true(claims.exp > seconds + ahead - 3 && claims.exp <= seconds + ahead);
    t.true(claims.exp - claims.iat <= 300);
  });
}

for (const lifetimeSeconds of [0, 301, 1.5, -1, Number.NaN]) {
  test(`lifetimeSeconds ${lifetimeSeconds} is refused with the range`, (t) => {
    const error = t.throws(() => create({ lifetimeSeconds }));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.is(error.message, 'assertion.lifetimeSeconds: expected an integer from 1 to 300');
  });
}

test('issuedAt false leaves iat out', async (t) => {
  const { claims } = await assertionOf({ issuedAt: false });
  t.deepEqual(Object.keys(claims), ['iss', 'sub', 'aud', 'exp', 'jti']);
});

test('notBefore sends nbf with the value of iat', async (t) => {
  const { claims, at } = await assertionOf({ notBefore: true });
  t.is(claims.nbf, claims.iat);
  t.true(claims.nbf < at.getTime() / 1000);
});

test('notBefore without issuedAt sends an nbf that is not in the future', async (t) => {
  const { claims, at } = await assertionOf({ notBefore: true, issuedAt: false });
  t.false('iat' in claims);
  t.true(claims.nbf < at.getTime() / 1000 && claims.exp - claims.nbf <= 300);
});

test('typ is JWT, another one, or none', async (t) => {
  t.is((await assertionOf({})).header.typ, 'JWT');
  const typ = 'client-authentication+jwt';
  t.is((await assertionOf({ typ })).header.typ, typ);
  t.false('typ' in (await assertionOf({ typ: null })).header);
});

for (const typ of ['', 'a b', 'ä', 'a\n']) {
  test(`typ ${JSON.stringify(typ)} is refused`, (t) => {
    t.regex(t.throws(() => create({ typ })).message, /^assertion\.typ: expected a type such as 'JWT'/);
  });
}

test('includeClientId puts the client id into the form, equal to sub', async (t) => {
  const { claims, body } = await assertionOf({ includeClientId: true });
  t.deepEqual(
    formPairs(body).map(([name]) => name),
    ['grant_type', 'scope', 'client_id', 'client_assertion_type', 'client_assertion'],
  );
  t.is(formValue(body, 'client_id'), claims.sub);
  t.is((await assertionOf({})).body.includes('client_id='), false);
});

test('oidc-provider accepts an assertion with every one of these settings', async (t) => {
  const servers = await startSmartServers({ clients: [keyClient('all-settings', JWKS)] });
  t.teardown(servers.close);
  const interceptor = ClientAuthInterceptorFactory.create({
    ...servers.options,
    clientId: 'all-settings',
    keystore: KEYSTORE,
    assertion: { lifetimeSeconds: 60, notBefore: true, typ: null, includeClientId: true },
  });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

test('clients that differ in one of these settings have a token each', async (t) => {
  const clientId = `differ-${randomUUID()}`;
  const all = [
    {},
    { lifetimeSeconds: 239 },
    { issuedAt: false },
    { notBefore: true },
    { typ: null },
    { typ: 'jwt' },
    { includeClientId: true },
  ];
  const headers = await Promise.all(
    all.map((assertion) => create(assertion, { clientId }).getAuthorizationHeader()),
  );
  t.is(new Set(headers).size, all.length);
});

function create(assertion, changes = {}) {
  const { clientSecret, ...options } = endpoint.options;
  return ClientAuthInterceptorFactory.create({ ...options, keystore: KEYSTORE, assertion, ...changes });
}

/** The one assertion that these settings lead to, and the request that carried it. */
async function assertionOf(assertion) {
  const clientId = `client-${randomUUID()}`;
  const request = await endpoint.requestOf({
    clientId,
    clientSecret: undefined,
    keystore: KEYSTORE,
    assertion,
  });
  return {
    ...decodeAssertion(formValue(request.body, 'client_assertion')),
    body: request.body,
    at: request.at,
  };
}
