import { randomUUID } from 'node:crypto';
import { get } from 'node:https';
import { text } from 'node:stream/consumers';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { startAuthorizationServer } from '../examples/embedded/authorization-server.mjs';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../examples/embedded/loopback-server.mjs';
import { ecJwks, rsaJwks } from './support/keys.mjs';
import { keyClient, secretClient } from './support/smart-servers.mjs';
import { decodeAssertion } from './support/wire.mjs';

// The rows of docs/servers.md about oidc-provider that need nothing in front of it.

const SCOPE = 'system/*.read';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('oidc-provider over plain http on loopback: a token, by the issuer', async (t) => {
  const keys = rsaJwks();
  const server = await open(t, { clients: [keyClient('client', keys)] });
  t.regex(server.issuer, /^http:/);
  const header = await create(server, { keystore: registered(keys) }).getAuthorizationHeader();
  await isAccepted(t, server, header);
  t.is(audienceOf(server), server.tokenEndpoint);
});

test('oidc-provider over TLS: a token, by the issuer', async (t) => {
  const keys = ecJwks();
  const server = await open(t, { tls: certificates, clients: [keyClient('client', keys)] });
  t.regex(server.issuer, /^https:/);
  const header = await create(server, { keystore: registered(keys) }).getAuthorizationHeader();
  await isAccepted(t, server, header);
  t.is(audienceOf(server), server.tokenEndpoint);
});

test('oidc-provider takes the issuer as the audience, too', async (t) => {
  const keys = ecJwks();
  const server = await open(t, { tls: certificates, clients: [keyClient('client', keys)] });
  const options = { keystore: registered(keys), audience: 'issuer' };
  await isAccepted(t, server, await create(server, options).getAuthorizationHeader());
  t.is(audienceOf(server), server.issuer);
});

test('oidc-provider decodes HTTP Basic: a secret of any characters gets a token with the default', async (t) => {
  const secret = 'p%2Fq+r s/t:*~';
  const server = await open(t, { tls: certificates, clients: [secretClient('client', secret)] });
  const header = await create(server, { clientSecret: secret }).getAuthorizationHeader();
  await isAccepted(t, server, header);
  const raw = create(server, { clientSecret: secret, basicEncoding: 'raw' });
  const error = await t.throwsAsync(raw.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.oauth.error, 'invalid_client');
});

test("oidc-provider with FAPI 2.0: server: 'fapi2' gets a token", async (t) => {
  const keys = { keys: rsaJwks().keys.map(({ alg, ...key }) => key) };
  const server = await openFapi(t, keys);
  const fapi2 = create(server, { keystore: registered(keys), server: 'fapi2' });
  await isAccepted(t, server, await fapi2.getAuthorizationHeader());
  const { header, claims } = assertionOf(server.tokenRequests.at(-1));
  t.like(claims, { aud: server.issuer });
  t.like(header, { alg: 'PS256', typ: 'client-authentication+jwt' });
});

test('oidc-provider with FAPI 2.0 refuses the token endpoint as the audience, and the error names the option', async (t) => {
  const keys = { keys: rsaJwks().keys.map(({ alg, ...key }) => key) };
  const server = await openFapi(t, keys);
  const interceptor = create(server, { keystore: registered(keys), assertion: { algorithm: 'PS256' } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.oauth.error, 'invalid_client');
  t.regex(server.tokenRequests.at(-1).refusal, /aud/);
  t.regex(error.message, /audience: 'issuer'/);
});

test('oidc-provider that fetches jwks_uri: tokens go on over a rotation with overlap', async (t) => {
  const [old, next] = [rsaJwks(), ecJwks()];
  const keystore = registered({ keys: [...old.keys, ...next.keys] });
  const { server, jwksRequests } = await openWithJwksUri(t, keystore);
  const interceptor = create(server, { keystore });
  await isAccepted(t, server, await interceptor.getAuthorizationHeader());
  t.is(assertionOf(server.tokenRequests.at(-1)).header.kid, old.keys[0].kid);

  Keystores.register(keystore, { jwks: { keys: [...next.keys, ...old.keys] } });
  interceptor.invalidate();
  await isAccepted(t, server, await interceptor.getAuthorizationHeader());
  t.is(assertionOf(server.tokenRequests.at(-1)).header.kid, next.keys[0].kid);
  t.is(jwksRequests(), 1, 'it knew the next key from the set that it had fetched for the old one');
});

test('oidc-provider that fetches jwks_uri refuses a key that its copy of the set lacks', async (t) => {
  const keystore = registered(rsaJwks());
  const { server, jwksRequests } = await openWithJwksUri(t, keystore);
  const interceptor = create(server, { keystore });
  await isAccepted(t, server, await interceptor.getAuthorizationHeader());

  Keystores.register(keystore, { jwks: rsaJwks() });
  interceptor.invalidate();
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.oauth.error, 'invalid_client');
  t.regex(error.message, /under the same kid/);
  t.is(jwksRequests(), 1);
});

/** For one test. */
async function open(t, options) {
  const server = await startAuthorizationServer(options);
  t.teardown(server.close);
  return server;
}

function openFapi(t, keys) {
  return open(t, {
    tls: certificates,
    clients: [keyClient('client', keys)],
    settings: { features: { fapi: { enabled: true, profile: '2.0' } } },
  });
}

/** With a client whose keys are those that a keystore serves over TLS. */
async function openWithJwksUri(t, keystore) {
  const jwks = await openLoopbackServer({ tls: certificates });
  t.teardown(jwks.close);
  let requests = 0;
  const handler = Keystores.jwksHandler(keystore);
  jwks.server.on('request', (request, response) => {
    requests += 1;
    handler(request, response);
  });
  const { jwks: _, ...client } = keyClient('client', { keys: [] });
  const server = await open(t, {
    tls: certificates,
    clients: [{ ...client, jwks_uri: `${jwks.origin}/jwks.json` }],
    // Its own refuses loopback addresses, and does not know the test's CA.
    settings: { fetch: fetchWithCa(certificates.caPem) },
  });
  return { server, jwksRequests: () => requests };
}

function fetchWithCa(ca) {
  return async (url, { headers }) => {
    const response = await new Promise((resolve, reject) => {
      get(url, { ca, headers: Object.fromEntries(headers), agent: false }, resolve).once('error', reject);
    });
    return new Response(await text(response), { status: response.statusCode, headers: response.headers });
  };
}

function create(server, changes) {
  return ClientAuthInterceptorFactory.create({
    clientId: 'client',
    scope: SCOPE,
    issuer: server.issuer,
    http: { ca: certificates.caPem, proxy: null },
    ...changes,
  });
}

function registered(jwks) {
  const name = `oidc-provider-${randomUUID()}`;
  Keystores.register(name, { jwks });
  return name;
}

async function isAccepted(t, server, header) {
  t.is(server.tokenRequests.at(-1).status, 200, server.tokenRequests.at(-1).refusal ?? undefined);
  const { active, scope } = await server.introspect(header.replace('Bearer ', ''));
  t.deepEqual({ active, scope }, { active: true, scope: SCOPE });
}

function assertionOf({ form }) {
  return decodeAssertion(form.get('client_assertion'));
}

function audienceOf(server) {
  return assertionOf(server.tokenRequests.at(-1)).claims.aud;
}
