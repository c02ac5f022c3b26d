import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { json, text } from './support/recording-server.mjs';
import { secretClient, startSmartServers } from './support/smart-servers.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test("oidc-provider is found by its issuer's own metadata", async (t) => {
  const servers = await startSmartServers({
    clients: [secretClient('by-issuer', 'a-secret-of-reasonable-length')],
  });
  t.teardown(servers.close);
  const { fhirBaseUrl, ...options } = servers.options;
  const interceptor = ClientAuthInterceptorFactory.create({
    ...options,
    clientId: 'by-issuer',
    clientSecret: 'a-secret-of-reasonable-length',
    issuer: servers.authorizationServer.issuer,
  });
  const { accessToken } = await interceptor.getAccessToken();
  t.true((await servers.authorizationServer.introspect(accessToken)).active);
});

test('metadata of RFC 8414 is asked for first, and is enough', async (t) => {
  const server = await start(t);
  const issuer = server.url('/t1');
  server.on(`GET ${OAUTH}/t1`, json(200, metadata(server, issuer)));
  server.on(`GET /t1${OPENID}`, json(200, metadata(server, issuer)));
  await create(server, issuer).getAuthorizationHeader();
  t.deepEqual(server.discoveryRequests(), [`${OAUTH}/t1`]);
});

test('metadata of OpenID Connect is asked for where there is none of RFC 8414', async (t) => {
  const server = await start(t);
  const issuer = server.url('/t1');
  server.on(`GET ${OAUTH}/t1`, text(404, 'no'));
  server.on(`GET /t1${OPENID}`, json(200, metadata(server, issuer)));
  await create(server, issuer).getAuthorizationHeader();
  t.deepEqual(server.discoveryRequests(), [`${OAUTH}/t1`, `/t1${OPENID}`]);
});

for (const [kind, path] of [
  ['without a path', ''],
  ['with a trailing slash', '/'],
]) {
  test(`an issuer ${kind} leads to the documents at the root`, async (t) => {
    const server = await start(t);
    const issuer = server.url(path);
    server.on(`GET ${OPENID}`, json(200, metadata(server, issuer)));
    await create(server, issuer).getAuthorizationHeader();
    t.deepEqual(server.discoveryRequests(), [OAUTH, OPENID]);
  });
}

test('the issuer takes the place of the FHIR base for discovery', async (t) => {
  const server = await start(t);
  const issuer = server.url('/t1');
  server.on(`GET ${OAUTH}/t1`, json(200, metadata(server, issuer)));
  await create(server, issuer, { fhirBaseUrl: server.fhirBaseUrl }).getAuthorizationHeader();
  t.false(server.discoveryRequests().some((url) => url.includes('smart-configuration')));
});

for (const [kind, found] of [
  ['another issuer', (server) => server.url('/t2')],
  ['the issuer with a slash more', (server) => server.url('/t1/')],
  ['the issuer in other letters', (server) => server.url('/T1')],
  ['the issuer with its host in capitals', (server) => server.url('/t1').replace('localhost', 'LOCALHOST')],
  ['no issuer', () => undefined],
]) {
  test(`metadata that names ${kind} is not used`, async (t) => {
    const server = await start(t);
    const document = json(200, metadata(server, found(server)));
    server.on(`GET ${OAUTH}/t1`, document);
    server.on(`GET /t1${OPENID}`, document);
    const error = await t.throwsAsync(create(server, server.url('/t1')).getAuthorizationHeader());
    t.is(error.code, 'ERR_ISSUER_MISMATCH');
    t.true(error.message.includes(server.url('/t1')), error.message);
    if (found(server)) t.true(error.message.includes(found(server)), error.message);
    t.deepEqual(server.tokenRequests(), []);
  });
}

test('no metadata at all is an error that names where it was sought', async (t) => {
  const server = await start(t);
  const error = await t.throwsAsync(create(server, server.url('/t1')).getAuthorizationHeader());
  t.is(error.code, 'ERR_DISCOVERY');
  t.is(error.status, 404);
  t.true(error.message.includes(server.origin), error.message);
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

function create(server, issuer, options = {}) {
  const { fhirBaseUrl, ...others } = server.options;
  return ClientAuthInterceptorFactory.create({ ...others, issuer, ...options });
}

function metadata(server, issuer) {
  return { issuer, token_endpoint: server.url('/token') };
}
