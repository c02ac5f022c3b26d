import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { json, text } from './support/recording-server.mjs';
import { keyClient, startSmartServers } from './support/smart-servers.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formValue } from './support/wire.mjs';

const SMART = '/fhir/.well-known/smart-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';
const JWKS = ecJwks();
const KEYSTORE = `audience-${randomUUID()}`;

let certificates;

test.before(async () => {
  Keystores.register(KEYSTORE, { jwks: JWKS });
  certificates = await makeCertificates();
});

test('the default is the token endpoint, also where the server names an issuer', async (t) => {
  const server = await start(t);
  await create(server).getAuthorizationHeader();
  t.is(audienceOf(server), server.url('/token'));
  t.deepEqual(server.discoveryRequests(), [SMART]);
});

test("'token_endpoint' says the same as the default", async (t) => {
  const server = await start(t);
  await create(server, { audience: 'token_endpoint' }).getAuthorizationHeader();
  t.is(audienceOf(server), server.url('/token'));
});

test("Auth0 wants its tenant URL with a trailing slash: 'issuer' is the option issuer byte for byte", async (t) => {
  const server = await start(t);
  const issuer = server.url('/');
  server.on(`GET ${OAUTH}`, json(200, { issuer, token_endpoint: server.url('/token') }));
  await create(server, { fhirBaseUrl: undefined, issuer, audience: 'issuer' }).getAuthorizationHeader();
  t.is(audienceOf(server), issuer);
});

test("with tokenEndpoint and issuer, 'issuer' needs no discovery", async (t) => {
  const server = await start(t);
  const issuer = 'https://AUTH.example.org:443/t1/';
  const tokenEndpoint = server.url('/token');
  await create(server, { tokenEndpoint, issuer, audience: 'issuer' }).getAuthorizationHeader();
  t.is(audienceOf(server), issuer);
  t.deepEqual(server.discoveryRequests(), []);
});

test("with tokenEndpoint and no issuer, 'issuer' is refused before anything is sent", async (t) => {
  const server = await start(t);
  const tokenEndpoint = server.url('/token');
  const error = t.throws(() => create(server, { tokenEndpoint, audience: 'issuer' }));
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /audience 'issuer' needs the option issuer/);
});

test('the issuer that smart-configuration names is used once its own metadata confirms it', async (t) => {
  const server = await start(t);
  const interceptor = create(server, { audience: 'issuer' });
  await interceptor.getAuthorizationHeader();
  t.is(audienceOf(server), server.url('/t1'));
  t.deepEqual(server.discoveryRequests(), [SMART, `${OAUTH}/t1`]);

  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.is(server.discoveryRequests().length, 2, 'it is confirmed once for as long as the documents are fresh');
});

test('OpenID Connect metadata confirms it where there is none of RFC 8414', async (t) => {
  const server = await start(t);
  server.on(`GET ${OAUTH}/t1`, text(404, 'no'));
  server.on(`GET /t1${OPENID}`, json(200, metadata(server)));
  await create(server, { audience: 'issuer' }).getAuthorizationHeader();
  t.is(audienceOf(server), server.url('/t1'));
});

for (const [what, issuer] of [
  ['an issuer with a slash more', (server) => server.url('/t1/')],
  ['another issuer', (server) => server.url('/t2')],
  ['no issuer', () => undefined],
]) {
  test(`metadata that names ${what} does not confirm it`, async (t) => {
    const server = await start(t);
    server.on(`GET ${OAUTH}/t1`, json(200, { ...metadata(server), issuer: issuer(server) }));
    const error = await refused(t, server);
    t.is(error.code, 'ERR_ISSUER_MISMATCH');
    t.true(error.message.includes(server.url('/t1')));
  });
}

test('an attacker that names an honest issuer and an endpoint of its own gets no assertion (RFC 10070)', async (t) => {
  const [honest, attacker] = [await start(t), await start(t)];
  attacker.on(
    `GET ${SMART}`,
    json(200, { issuer: honest.url('/t1'), token_endpoint: attacker.url('/token') }),
  );
  const error = await refused(t, attacker);
  t.is(error.code, 'ERR_DISCOVERY');
  t.false(error.transient);
  for (const url of [honest.url('/token'), attacker.url('/token'), attacker.url(SMART)])
    t.true(error.message.includes(url), error.message);
  t.regex(error.message, /nothing was sent; set issuer or tokenEndpoint/);
  t.deepEqual(honest.tokenRequests(), []);
});

test('an attacker that names the endpoint of an honest server gets no assertion for it either', async (t) => {
  const [honest, attacker] = [await start(t), await start(t)];
  attacker.on(`GET ${SMART}`, json(200, { token_endpoint: honest.url('/token') }));
  await create(attacker).getAuthorizationHeader();
  t.is(audienceOf(honest), honest.url('/token'), 'it went where its aud says');
  t.deepEqual(attacker.tokenRequests(), []);
});

for (const [what, issuer] of [
  ['no issuer', undefined],
  ['an empty issuer', ''],
  ['an issuer that is no text', 7],
]) {
  test(`a smart-configuration that names ${what} is told from one that is confirmed`, async (t) => {
    const server = await start(t);
    server.on(`GET ${SMART}`, json(200, { ...metadata(server), issuer }));
    const error = await refused(t, server);
    t.is(error.code, 'ERR_DISCOVERY');
    t.regex(error.message, /audience 'issuer' needs the issuer, and it names none; set issuer/);
  });
}

for (const [what, issuer, words] of [
  ['in clear text', 'http://auth.example.org/t1', /auth\.example\.org\/t1 is not https/],
  ['with a query', 'https://auth.example.org/?a', /has a query/],
  ['that is no URL', 'urn:example', /its issuer: expected a URL/],
  ['with a password', 'https://a:b@auth.example.org', /user name and password/],
]) {
  test(`an issuer ${what} is not asked`, async (t) => {
    const server = await start(t);
    server.on(`GET ${SMART}`, json(200, { ...metadata(server), issuer }));
    const error = await refused(t, server);
    t.is(error.code, 'ERR_DISCOVERY');
    t.regex(error.message, words);
    t.deepEqual(server.discoveryRequests(), [SMART]);
  });
}

test('an issuer without metadata is told with what was asked, and why', async (t) => {
  const server = await start(t);
  server.on(`GET ${OAUTH}/t1`, text(404, 'no'));
  const error = await refused(t, server);
  t.is(error.code, 'ERR_DISCOVERY');
  t.true(error.message.includes(`audience 'issuer' needs the issuer that ${server.url(SMART)} names`));
  t.true(error.message.includes(`${server.url(`${OAUTH}/t1`)} (HTTP 404)`), error.message);
});

for (const audience of ['https://Auth.Example.org:443/a/../b?c', 'urn:example:as', 'ISSUER', 'two words']) {
  test(`any other text is sent as it is: ${audience}`, async (t) => {
    const server = await start(t);
    await create(server, { audience }).getAuthorizationHeader();
    t.is(audienceOf(server), audience);
  });
}

test('forceHttpInTokenRequestAudience changes the scheme of whatever aud is', async (t) => {
  for (const [audience, expected] of [
    ['issuer', (server) => server.url('/t1').replace('https:', 'http:')],
    ['HTTPS://auth.example.org', () => 'http://auth.example.org'],
    ['urn:example:as', () => 'urn:example:as'],
  ]) {
    const server = await start(t);
    await create(server, { audience, forceHttpInTokenRequestAudience: true }).getAuthorizationHeader();
    t.is(audienceOf(server), expected(server));
  }
});

for (const [what, audience] of [
  ['an array, which Keycloak, Inferno and bulk-data-server cannot read', ['https://a.example.org']],
  ['an empty text', ''],
  ['a line break', 'a\n'],
  ['null', null],
]) {
  test(`audience is never ${what}`, async (t) => {
    const server = await start(t);
    const error = t.throws(() => create(server, { audience }));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /^audience: expected/);
  });
}

for (const clientAuthMethod of ['client_secret_basic', 'client_secret_post', undefined]) {
  test(`with a secret (${clientAuthMethod ?? 'by default'}) an audience is refused: nothing would use it`, async (t) => {
    const server = await start(t);
    const changes = { keystore: undefined, clientSecret: 'secret', clientAuthMethod, audience: 'issuer' };
    const error = t.throws(() => create(server, changes));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /audience is that of assertions, and client_secret_\w+ sends none/);
  });
}

test('clients that differ in the audience alone have a token each', async (t) => {
  const server = await start(t);
  const audiences = [undefined, 'issuer', 'urn:a', 'urn:b'];
  const headers = await Promise.all(
    audiences.map((audience) => create(server, { audience }).getAuthorizationHeader()),
  );
  t.is(new Set(headers).size, audiences.length);
});

test('a refusal never changes the audience; its error says which option does', async (t) => {
  const server = await start(t);
  server.on('POST /token', json(401, { error: 'invalid_client' }));
  const error = await t.throwsAsync(create(server).getAuthorizationHeader());
  t.regex(error.message, /aud is the token endpoint; some servers want audience: 'issuer'/);
  t.is(server.tokenRequests().length, 1);
  const chosen = await t.throwsAsync(create(server, { audience: 'issuer' }).getAuthorizationHeader());
  t.regex(chosen.message, /audience is set, so aud is not the token endpoint/);
  t.is(server.tokenRequests().length, 2);
});

test("oidc-provider accepts its issuer as audience, by the issuer's own metadata", async (t) => {
  const servers = await startSmartServers({ clients: [keyClient('issuer-audience', JWKS)] });
  t.teardown(servers.close);
  const interceptor = ClientAuthInterceptorFactory.create({
    ...servers.options,
    clientId: 'issuer-audience',
    keystore: KEYSTORE,
    issuer: servers.authorizationServer.issuer,
    audience: 'issuer',
  });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

/** A server whose smart-configuration names the issuer `/t1`, which confirms it. */
async function start(t) {
  const server = await startTokenEndpoint({ certificates });
  t.teardown(server.close);
  server.on(`GET ${SMART}`, json(200, metadata(server)));
  server.on(`GET ${OAUTH}/t1`, json(200, metadata(server)));
  return server;
}

function metadata(server) {
  return { issuer: server.url('/t1'), token_endpoint: server.url('/token') };
}

function create(server, changes = {}) {
  const { clientSecret, ...options } = server.options;
  return ClientAuthInterceptorFactory.create({ ...options, keystore: KEYSTORE, ...changes });
}

/** What this server's documents lead to, with nothing sent to its token endpoint. */
async function refused(t, server) {
  const error = await t.throwsAsync(create(server, { audience: 'issuer' }).getAuthorizationHeader());
  t.deepEqual(server.tokenRequests(), []);
  return error;
}

function audienceOf(server) {
  const [request] = server.tokenRequests();
  return decodeAssertion(formValue(request.body, 'client_assertion')).claims.aud;
}
