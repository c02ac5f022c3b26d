import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { rsaJwks } from './support/keys.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formValue } from './support/wire.mjs';

const PLAIN = ['smart', 'epic', 'oracle-health', 'okta', 'keycloak', 'dpc'];
const ISSUER = 'https://tenant.example.org/';

/** Made once: one for each test would hold the event loop, and with it the endpoint, for seconds. */
const keys = rsaJwks().keys.map(({ alg, ...key }) => key);

let endpoint;

test.before(async () => {
  endpoint = await startTokenEndpoint();
});

test.after.always(() => endpoint?.close());

for (const server of PLAIN) {
  test(`${server} gets what SMART says`, async (t) => {
    const { header, claims, tokenEndpoint, body } = await assertionFor({ server });
    t.deepEqual([Object.keys(header), header.alg, header.typ], [['alg', 'kid', 'typ'], 'RS384', 'JWT']);
    t.is(claims.aud, tokenEndpoint);
    t.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sub']);
    t.true(claims.exp - claims.iat <= 300 && claims.jti.length <= 151);
    t.is(formValue(body, 'client_id'), null);
  });
}

test('auth0 gets its tenant, with the slash, as aud', async (t) => {
  const { claims } = await assertionFor({ server: 'auth0', issuer: ISSUER });
  t.is(claims.aud, ISSUER);
});

test('fapi2 gets the issuer as aud, a type of its own, and PS256', async (t) => {
  const { header, claims } = await assertionFor({ server: 'fapi2', issuer: ISSUER });
  t.is(claims.aud, ISSUER);
  t.is(header.typ, 'client-authentication+jwt');
  t.is(header.alg, 'PS256');
  const interceptor = create({ server: 'fapi2', issuer: ISSUER });
  t.is(interceptor.publicJwks().keys[0].alg, 'PS256', 'what is registered is what is sent');
});

test('entra finds the key by its certificate, and gets PS256, nbf and client_id', async (t) => {
  const { certificatePem, privateKeyPem } = await makeCertificates();
  const keystore = registered({ data: `${privateKeyPem}\n${certificatePem}` });
  const { header, claims, body } = await assertionFor({ server: 'entra', keystore });
  t.true(typeof header['x5t#S256'] === 'string' && !('kid' in header));
  t.is(claims.nbf, claims.iat);
  t.is(formValue(body, 'client_id'), claims.sub);
});

test('entra without the certificate is refused before anything is sent', (t) => {
  const error = t.throws(() => create({ server: 'entra' }));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /certificate/);
});

test('entra gets PS256 of a key that does not say its alg', async (t) => {
  const path = new URL('fixtures/keystores/windows.p12', import.meta.url).pathname;
  const keystore = registered({ path, passphrase: 'kitten-42' });
  const { header } = await assertionFor({ server: 'entra', keystore });
  t.is(header.alg, 'PS256');
});

test('bcda gets HTTP Basic, also where a keystore is set', async (t) => {
  const { headers, body } = await requestFor({ server: 'bcda', clientSecret: 'secret', scope: null });
  t.regex(headers.authorization, /^Basic /);
  t.is(formValue(body, 'client_assertion'), null);
});

test('what the user sets wins', async (t) => {
  const { header, claims, tokenEndpoint } = await assertionFor({
    server: 'fapi2',
    audience: 'token_endpoint',
    assertion: { typ: null, algorithm: 'RS512' },
  });
  t.is(claims.aud, tokenEndpoint);
  t.false('typ' in header);
  t.is(header.alg, 'RS512');
});

for (const server of [...PLAIN, 'auth0', 'entra', 'bcda', 'fapi2']) {
  test(`a client secret works with ${server} too`, async (t) => {
    const { headers } = await requestFor({ server, keystore: undefined, clientSecret: 'secret' });
    t.regex(headers.authorization, /^Basic /);
  });
}

test('an unknown server is refused with those that are known', (t) => {
  const error = t.throws(() => create({ server: 'cerner' }));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /server: expected 'smart' .*'oracle-health'/);
});

function registered(source) {
  const name = `preset-${randomUUID()}`;
  Keystores.register(name, source);
  return name;
}

/** With a key that does not say its `alg`, unless there is another one. */
function optionsOf(changes) {
  const { clientSecret, ...options } = endpoint.options;
  return { ...options, clientId: randomUUID(), keystore: registered({ jwks: { keys } }), ...changes };
}

function create(changes) {
  return ClientAuthInterceptorFactory.create({
    ...optionsOf(changes),
    tokenEndpoint: endpoint.url('/token'),
  });
}

/** The one token request that these settings lead to: at an address of its own, as tests run side by side. */
async function requestFor(changes) {
  const clientId = randomUUID();
  const tokenEndpoint = endpoint.url(`/token?${clientId}`);
  const options = { ...optionsOf(changes), clientId, tokenEndpoint };
  await ClientAuthInterceptorFactory.create(options).getAuthorizationHeader();
  const { headers, body } = endpoint.tokenRequests().find(({ url }) => url.endsWith(clientId));
  return { headers, body, tokenEndpoint };
}

async function assertionFor(changes) {
  const { body, tokenEndpoint } = await requestFor(changes);
  const { header, claims } = decodeAssertion(formValue(body, 'client_assertion'));
  return { header, claims, body, tokenEndpoint };
}
