import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { eventually } from './support/eventually.mjs';
import { rsaJwks } from './support/keys.mjs';
import { json, text } from './support/recording-server.mjs';
import { createInterceptor as create, openTokenEndpoint } from './support/token-endpoint.mjs';
import { collectWarnings } from './support/warnings.mjs';

const DOCUMENT = 'GET /fhir/.well-known/smart-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

// ── order ──

test('an issuer is asked in the order of the settings', async (t) => {
  const server = await start(t);
  const issuer = server.url('/t1');
  server.on(`GET ${OAUTH}/t1`, json(200, { issuer, token_endpoint: server.url('/token') }));
  const order = ['openid-configuration', 'oauth-authorization-server'];
  await create(server, { issuer, discovery: { order } }).getAuthorizationHeader();
  t.deepEqual(server.discoveryRequests(), [`/t1${OPENID}`, `${OPENID}/t1`, `${OAUTH}/t1`]);
});

for (const [what, options, pattern] of [
  [
    'a CapabilityStatement of an issuer',
    { issuer: 'https://as.example.org', discovery: { order: ['capability-statement'] } },
    /discovery\.order\[0\]: capability-statement is a FHIR server's/,
  ],
  [
    'metadata of an issuer without an issuer',
    { discovery: { order: ['smart-configuration', 'openid-configuration'] } },
    /discovery\.order\[1\]: openid-configuration is an issuer's/,
  ],
  [
    'a document that nobody knows',
    { discovery: { order: ['metadata'] } },
    /expected an array of 'smart-conf/,
  ],
  ['an empty order', { discovery: { order: [] } }, /discovery\.order is empty/],
  ['a life of no seconds', { discovery: { ttlSeconds: 0 } }, /discovery\.ttlSeconds: .*from 1 to 86400/],
  ['a misspelt member', { discovery: { ttlSecond: 1 } }, /ttlSeconds/],
  ['no allowed origin at all', { allowedTokenEndpointOrigins: [] }, /allowedTokenEndpointOrigins is empty/],
  [
    'an allowed origin with a path',
    { allowedTokenEndpointOrigins: ['https://as.example.org/token'] },
    /allowedTokenEndpointOrigins\[0\]: expected an origin/,
  ],
]) {
  test(`${what} is refused before anything is sent`, async (t) => {
    const server = await start(t);
    const error = t.throws(() => create(server, options), { code: 'ERR_INVALID_CONFIG' });
    t.regex(error.message, pattern);
  });
}

// ── freshness ──

test('ttlSeconds decides when the document is asked for again, whatever Cache-Control says', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, json(200, names(server), { 'cache-control': 'max-age=86400' }));
  const interceptor = create(server, { discovery: { ttlSeconds: 1 } });
  await interceptor.getAuthorizationHeader();
  await sleep(1100);
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.is(server.discoveryRequests().length, 2);
});

for (const [kind, reply] of [
  ['answers 503', text(503, 'later')],
  ['drops the connection', { destroy: true }],
]) {
  test(`a document that ${kind} later leaves what it said before in use, with a warning`, async (t) => {
    const server = await start(t);
    const clientId = randomUUID();
    const warnings = collectWarnings(t, clientId);
    server.on(DOCUMENT, [json(200, names(server)), reply]);
    const interceptor = create(server, { clientId, discovery: { ttlSeconds: 1 } });
    await interceptor.getAuthorizationHeader();
    await sleep(1100);
    for (let count = 0; count < 2; count += 1) {
      interceptor.invalidate();
      t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
    }
    const stale = warnings.filter(({ code }) => code === 'DISCOVERY_STALE');
    t.is(stale.length, 1);
    t.true(stale[0].message.includes(server.url('/fhir/.well-known/smart-configuration')), stale[0].message);
    // Not again within half a minute, and without retries; a dropped connection may have been a stale one.
    const asked = server.discoveryRequests().length;
    t.true(asked === 2 || (asked === 3 && reply.destroy), `${asked}`);
  });
}

test('a document that is gone for good is an error: what it said before is over', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, [json(200, names(server)), text(404, 'gone')]);
  const interceptor = create(server, { discovery: { ttlSeconds: 1 } });
  await interceptor.getAuthorizationHeader();
  await sleep(1100);
  interceptor.invalidate();
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
});

// ── strict ──

for (const [code, members, pattern] of [
  [
    'AUTH_METHOD_NOT_LISTED',
    { token_endpoint_auth_methods_supported: ['client_secret_basic'] },
    /lists methods \(client_secret_basic\) and not private_key_jwt/,
  ],
  [
    'ALGORITHM_NOT_LISTED',
    { token_endpoint_auth_signing_alg_values_supported: ['ES384'] },
    /the key .*RS384.*lists ES384/,
  ],
  [
    'GRANT_TYPE_NOT_LISTED',
    { grant_types_supported: ['authorization_code'] },
    /lists grant types \(authorization_code\) and not client_credentials/,
  ],
  [
    'CAPABILITY_NOT_LISTED',
    { capabilities: ['client-confidential-symmetric'] },
    /lists capabilities \(client-confidential-symmetric\) and not client-confidential-asymmetric/,
  ],
]) {
  test(`${code} is a warning, and with strict an error in the same words`, async (t) => {
    const server = await start(t);
    server.on(DOCUMENT, json(200, { ...names(server), ...members }));
    const client = { clientId: randomUUID(), clientSecret: undefined, keystore: registeredKey() };
    const warnings = collectWarnings(t, client.clientId);
    t.regex(await create(server, client).getAuthorizationHeader(), /^Bearer /);
    t.deepEqual(
      warnings.map(({ code }) => code),
      [code],
    );
    t.regex(warnings[0].message, pattern);

    const strict = create(server, { ...client, discovery: { strict: true } });
    const error = await t.throwsAsync(strict.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
    t.regex(error.message, pattern);
    t.regex(error.message, /discovery\.strict/);
    t.is(error.url, server.url('/fhir/.well-known/smart-configuration'));
    t.is(server.tokenRequests().length, 1);
  });
}

test('strict finds no fault with metadata that lists everything, or nothing', async (t) => {
  const full = {
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    grant_types_supported: ['client_credentials'],
    capabilities: ['client-confidential-symmetric'],
  };
  for (const members of [full, {}]) {
    const server = await start(t);
    server.on(DOCUMENT, json(200, { ...names(server), ...members }));
    const interceptor = create(server, { clientId: randomUUID(), discovery: { strict: true } });
    t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  }
});

test('metadata that strict refused is asked for again soon, in case it was corrected', async (t) => {
  const server = await start(t);
  server.on(DOCUMENT, [json(200, { ...names(server), grant_types_supported: [] }), json(200, names(server))]);
  const interceptor = create(server, { discovery: { strict: true } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_DISCOVERY' });
  t.regex(await eventually(() => interceptor.getAuthorizationHeader(), 15_000), /^Bearer /);
});

// ── origins ──

test('a token endpoint on an origin that is not allowed gets nothing', async (t) => {
  const [server, elsewhere] = await Promise.all([start(t), start(t)]);
  server.on(DOCUMENT, json(200, { token_endpoint: elsewhere.url('/token?tenant=a') }));
  const allowedTokenEndpointOrigins = [server.origin];
  const error = await t.throwsAsync(create(server, { allowedTokenEndpointOrigins }).getAuthorizationHeader());
  t.is(error.code, 'ERR_ORIGIN_NOT_ALLOWED');
  t.is(error.url, elsewhere.url('/token?…'));
  t.false(error.transient);
  for (const part of [
    server.url('/fhir/.well-known/smart-configuration'),
    elsewhere.url('/token'),
    'allowedTokenEndpointOrigins',
  ]) {
    t.true(error.message.includes(part), error.message);
  }
  t.deepEqual(elsewhere.requests, []);
});

test('a token endpoint on an allowed origin gets the request, and that it is another one is no news', async (t) => {
  const [server, elsewhere] = await Promise.all([start(t), start(t)]);
  const clientId = randomUUID();
  const warnings = collectWarnings(t, clientId);
  server.on(DOCUMENT, json(200, names(elsewhere)));
  const allowedTokenEndpointOrigins = ['https://as.example.org', elsewhere.origin.toUpperCase()];
  await create(server, { clientId, allowedTokenEndpointOrigins }).getAuthorizationHeader();
  t.is(elsewhere.tokenRequests().length, 1);
  t.deepEqual(warnings, []);
});

test("the FHIR server's own origin is allowed only if it is listed", async (t) => {
  const server = await start(t);
  const refused = create(server, { allowedTokenEndpointOrigins: ['https://as.example.org'] });
  await t.throwsAsync(refused.getAuthorizationHeader(), { code: 'ERR_ORIGIN_NOT_ALLOWED' });
  t.deepEqual(server.tokenRequests(), []);
});

test('a token endpoint of the settings is not asked whether it is allowed', async (t) => {
  const server = await start(t);
  const allowedTokenEndpointOrigins = ['https://as.example.org'];
  const tokenEndpoint = server.url('/token');
  const interceptor = create(server, { tokenEndpoint, allowedTokenEndpointOrigins });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
});

test('an endpoint that was not allowed is looked up again soon, in case the document was corrected', async (t) => {
  const [server, elsewhere] = await Promise.all([start(t), start(t)]);
  server.on(DOCUMENT, [json(200, names(elsewhere)), json(200, names(server))]);
  const interceptor = create(server, { allowedTokenEndpointOrigins: [server.origin] });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ORIGIN_NOT_ALLOWED' });
  t.regex(await eventually(() => interceptor.getAuthorizationHeader(), 15_000), /^Bearer /);
  t.deepEqual(elsewhere.requests, []);
});

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

function names(server) {
  return { token_endpoint: server.url('/token') };
}

/** @returns {string} the name of a keystore whose key has no `alg` */
function registeredKey() {
  const name = `discovery-options-${randomUUID()}`;
  Keystores.register(name, { jwks: { keys: rsaJwks().keys.map(({ alg, ...key }) => key) } });
  return name;
}
