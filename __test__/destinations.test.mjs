import { setImmediate as turn } from 'node:timers/promises';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { openBystander } from './support/bystander.mjs';
import { openHttp2Server } from './support/http2-server.mjs';
import { ecJwks } from './support/keys.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { MEMBERS, POINTERS } from './support/pointers.mjs';
import { startProxy } from './support/proxy.mjs';
import { json, startRecordingServer, text } from './support/recording-server.mjs';
import { createInterceptor, openTokenEndpoint } from './support/token-endpoint.mjs';

// No connection is opened to an address that neither the user nor validated metadata named, and no token goes to
// another origin. Bystanders count connections, not requests.

const SMART = 'GET /fhir/.well-known/smart-configuration';
const KEYSTORE = 'destinations';
const REDIRECTS = [301, 302, 303, 307, 308];

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
  Keystores.register(KEYSTORE, { jwks: ecJwks() });
});

for (const status of REDIRECTS) {
  for (const [where, locationOf] of Object.entries({
    'another server': ({ https }) => https('/fhir'),
    'another server in clear text': ({ http }) => http('/fhir'),
    'another server, without a scheme': ({ port }) => `//localhost:${port}/fhir`,
  })) {
    test(`a ${status} of a discovery document leads nowhere else: ${where}`, async (t) => {
      const { server, bystander, settle } = await open(t);
      server.on(SMART, { status, headers: { location: locationOf(bystander) } });
      await t.throwsAsync(createInterceptor(server).getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
      await settle();
      t.is(server.requests.length, 1);
    });
  }

  test(`a ${status} leads nowhere else after one on the same server`, async (t) => {
    const { server, bystander, settle } = await open(t);
    server.on(SMART, { status, headers: { location: '/moved' } });
    server.on('GET /moved', { status, headers: { location: bystander.https('/fhir') } });
    await t.throwsAsync(createInterceptor(server).getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
    await settle();
    t.is(server.requests.length, 2);
  });

  test(`a ${status} of the token endpoint leads nowhere, with each kind of credentials`, async (t) => {
    const { server, bystander, settle } = await open(t);
    server.on('POST /token', { status, headers: { location: bystander.https('/token') } });
    const { clientSecret, ...rest } = server.options;
    for (const credentials of [{ clientSecret }, { keystore: KEYSTORE }]) {
      const interceptor = createInterceptor({ options: rest }, credentials);
      await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_REDIRECT' });
    }
    await settle();
    t.is(server.tokenRequests().length, 2);
  });
}

for (const status of [200, 201, 400, 401, 403, 404, 429, 500, 503]) {
  test(`header fields and members of a ${status} that point elsewhere are followed by nobody`, async (t) => {
    const { server, bystander, settle } = await open(t);
    const pointing = (members) =>
      json(status, { ...MEMBERS(bystander.https), ...members }, POINTERS(bystander.https));
    server.on(SMART, pointing({ token_endpoint: server.url('/token') }));
    const discovered = createInterceptor(server, { retry: { attempts: 1 } });
    await discovered.getAuthorizationHeader().catch(() => {});

    server.on('POST /token', pointing({ access_token: 't', token_type: 'Bearer', error: 'invalid_client' }));
    const asked = createInterceptor(server, { tokenEndpoint: server.url('/token'), retry: { attempts: 2 } });
    await t.throwsAsync(asked.getAuthorizationHeader());
    await settle();
  });
}

test('an issuer whose metadata does not name it is asked, and nobody that it names', async (t) => {
  const { server, bystander, settle } = await open(t);
  const members = { ...MEMBERS(bystander.https), token_endpoint: bystander.https('/token') };
  for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
    server.on(`GET ${path}`, json(200, members));
  }
  const interceptor = createInterceptor(server, { issuer: server.origin });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ISSUER_MISMATCH' });
  await settle();
  t.is(server.tokenRequests().length, 0);
});

test('an issuer that names another token endpoint than the FHIR server has neither of them asked', async (t) => {
  const { server, bystander, settle } = await open(t);
  const authorization = await openTokenEndpoint(t, { certificates });
  server.on(SMART, json(200, { issuer: authorization.origin, token_endpoint: bystander.https('/token') }));
  authorization.on(
    'GET /.well-known/oauth-authorization-server',
    json(200, { issuer: authorization.origin, token_endpoint: authorization.url('/token') }),
  );
  const { clientSecret, ...options } = server.options;
  const interceptor = createInterceptor({ options }, { keystore: KEYSTORE, audience: 'issuer' });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
  await settle();
  t.deepEqual(authorization.tokenRequests(), []);
  // It was asked who it is, by somebody who did not say who is asking.
  for (const { headers, body } of authorization.requests) {
    t.is(headers.authorization, undefined);
    t.is(body, '');
  }
});

test('an endpoint outside allowedTokenEndpointOrigins is not even connected to', async (t) => {
  const { server, bystander, settle } = await open(t);
  server.on(SMART, json(200, { token_endpoint: bystander.https('/token') }));
  const interceptor = createInterceptor(server, { allowedTokenEndpointOrigins: [server.origin] });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ORIGIN_NOT_ALLOWED' });
  await settle();
});

test('a CapabilityStatement has its token URI asked, and no other address in it', async (t) => {
  const { server, bystander, settle } = await open(t);
  server.on(SMART, { status: 404 });
  const extension = [
    { url: 'token', valueUri: server.url('/token') },
    ...['authorize', 'register', 'manage', 'introspect', 'revoke'].map((url) => ({
      url,
      valueUri: bystander.https(`/${url}`),
    })),
  ];
  server.on(
    'GET /fhir/metadata',
    json(200, {
      resourceType: 'CapabilityStatement',
      url: bystander.https('/statement'),
      implementation: { url: bystander.https('/fhir') },
      rest: [
        {
          mode: 'server',
          security: {
            extension: [
              {
                url: 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris',
                extension,
              },
            ],
          },
        },
      ],
    }),
  );
  t.regex(await createInterceptor(server).getAuthorizationHeader(), /^Bearer /);
  await settle();
});

test('frames of HTTP/2 that name other services and origins are followed by nobody', async (t) => {
  const bystander = await openBystander(t);
  const server = await openHttp2Server(t, { certificates });
  const interceptor = server.create();
  await interceptor.getAuthorizationHeader();
  const [session] = server.sessions;
  session.altsvc(`h2="localhost:${bystander.port}"; ma=3600`, server.origin);
  session.origin(bystander.https(''), server.origin);
  for (let count = 0; count < 3; count += 1) {
    interceptor.invalidate();
    await interceptor.getAuthorizationHeader();
  }
  t.is(bystander.connections(), 0);
  t.is(server.counts.connections, 1);
});

test('an address that jku names is for the server: it is not fetched here', async (t) => {
  const { server, bystander, settle } = await open(t);
  const { clientSecret, ...options } = server.options;
  const assertion = { jwksUrl: bystander.https('/jwks') };
  const interceptor = createInterceptor({ options }, { keystore: KEYSTORE, assertion });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  await settle();
});

test('with a proxy, the servers themselves are connected to by nobody but the proxy', async (t) => {
  const { server, bystander, settle } = await open(t);
  const proxy = await startProxy({ leadsTo: Number(new URL(server.origin).port) });
  t.teardown(proxy.close);
  server.on(SMART, json(200, { token_endpoint: bystander.https('/token') }));
  const http = { ...server.options.http, proxy: proxy.url };
  const interceptor = createInterceptor(server, { fhirBaseUrl: bystander.https('/fhir'), http });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  await settle();
  t.true(proxy.tunnels.every(({ target }) => target === `localhost:${bystander.port}`));
});

// ── the token, sent by fetch ──

for (const status of REDIRECTS) {
  test(`fetch: a ${status} within the FHIR server's origin has the token along`, async (t) => {
    const { server, interceptor } = await openFhir(t);
    server.on('GET /fhir/Patient', { status, headers: { location: '/fhir/moved' } });
    server.on('GET /fhir/moved', json(200, {}));
    await interceptor.fetch(server.patients);
    t.deepEqual(server.authorizations('/fhir/moved'), ['Bearer token-1']);
  });

  test(`fetch: a ${status} to another origin has the token left behind, on the way back as well`, async (t) => {
    const { server, interceptor } = await openFhir(t);
    const other = await startRecordingServer();
    t.teardown(other.close);
    server.on('GET /fhir/Patient', { status, headers: { location: other.url('/elsewhere') } });
    other.on('GET /elsewhere', { status, headers: { location: server.url('/fhir/back') } });
    server.on('GET /fhir/back', json(200, {}));
    await interceptor.fetch(server.patients);
    t.is(other.requests.length, 1);
    for (const { headers } of other.requests) t.is(headers.authorization, undefined);
    t.deepEqual(server.authorizations('/fhir/back'), [undefined]);
  });
}

test('fetch: another port, host name or scheme is another origin for a redirect, too', async (t) => {
  const { server, interceptor } = await openFhir(t);
  const byName = server.url('/named').replace('127.0.0.1', 'localhost');
  server.on('GET /named', json(200, {}));
  server.on('GET /fhir/Patient', { status: 307, headers: { location: byName } });
  await interceptor.fetch(server.patients);
  t.deepEqual(server.authorizations('/named'), [undefined]);
});

test('fetch: an allowed origin that a redirect leads to gets no token that it was not asked with', async (t) => {
  const other = await startRecordingServer({ handler: text(200, 'a file') });
  t.teardown(other.close);
  const { server, interceptor } = await openFhir(t, { allowedOrigins: [other.origin] });
  server.on('GET /fhir/Patient', { status: 302, headers: { location: other.url('/file') } });
  await interceptor.fetch(server.patients);
  t.deepEqual(
    other.requests.map(({ headers }) => headers.authorization),
    [undefined],
  );
});

test('interceptRequest: a request to another origin stays without the token', async (t) => {
  const { server, interceptor } = await openFhir(t);
  for (const url of [
    'https://elsewhere.example.test/fhir',
    'http://127.0.0.1:1/fhir',
    server.patients.replace('http:', 'https:'),
    server.patients.replace('127.0.0.1', '127.0.0.1.example.test'),
  ]) {
    const request = await interceptor.interceptRequest({ url, headers: {} });
    t.deepEqual(request.headers, {}, url);
  }
  t.is(server.tokenRequests().length, 0);
});

async function open(t) {
  const server = await openTokenEndpoint(t, { certificates });
  const bystander = await openBystander(t);
  return {
    server,
    bystander,
    /** A connection that somebody opens behind the call's back would be there by now. */
    async settle() {
      await turn();
      await new Promise((resolve) => setTimeout(resolve, 20));
      t.is(bystander.connections(), 0);
    },
  };
}

async function openFhir(t, options) {
  const server = await startPlainServer();
  t.teardown(server.close);
  return { server, interceptor: ClientAuthInterceptorFactory.create({ ...server.options, ...options }) };
}
