import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { jwtVerify } from 'jose';
import { json } from './support/recording-server.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { collectWarnings } from './support/warnings.mjs';
import { decodeAssertion, formPairs, formValue } from './support/wire.mjs';

const SECRET = 'a secret of some length: ä%+&/=?';

let endpoint;

test.before(async () => {
  endpoint = await startTokenEndpoint();
});

test.after.always(() => endpoint?.close());

test('an assertion by the secret verifies with jose, and says what those of keys say', async (t) => {
  const { request, assertion, clientId } = await assertionOf();
  const { payload, protectedHeader } = await jwtVerify(assertion, new TextEncoder().encode(SECRET), {
    issuer: clientId,
    subject: clientId,
    audience: endpoint.url(request.url),
    algorithms: ['HS256'],
  });
  t.deepEqual(protectedHeader, { alg: 'HS256', typ: 'JWT' });
  t.deepEqual(Object.keys(payload), ['iss', 'sub', 'aud', 'exp', 'jti', 'iat']);
  t.true(payload.exp - payload.iat <= 300);
});

test('the secret itself, a client id and an Authorization header do not go along', async (t) => {
  const { request } = await assertionOf();
  t.deepEqual(
    formPairs(request.body).map(([name]) => name),
    ['grant_type', 'scope', 'client_assertion_type', 'client_assertion'],
  );
  t.is(request.headers.authorization, undefined);
  t.false(decodeURIComponent(request.body.replaceAll('+', ' ')).includes(SECRET));
});

test('audience and assertion settings hold for it too', async (t) => {
  const { request, assertion, clientId } = await assertionOf({
    audience: 'https://as.example.org',
    forceHttpInTokenRequestAudience: true,
    assertion: {
      lifetimeSeconds: 30,
      issuedAt: false,
      notBefore: true,
      typ: null,
      keyId: null,
      includeClientId: true,
    },
  });
  const { header, claims } = decodeAssertion(assertion);
  t.deepEqual(header, { alg: 'HS256' });
  t.deepEqual(Object.keys(claims), ['iss', 'sub', 'aud', 'exp', 'jti', 'nbf']);
  t.is(claims.aud, 'http://as.example.org');
  t.is(claims.exp - claims.nbf, 35);
  t.is(formValue(request.body, 'client_id'), clientId);
});

for (const clientSecret of ['x'.repeat(31), 'ä'.repeat(15)]) {
  test(`a secret of ${Buffer.byteLength(clientSecret)} octets is too short (RFC 7518 §3.2)`, (t) => {
    const error = t.throws(() => create({ clientSecret }));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /client_secret_jwt needs a clientSecret of at least 32 octets/);
    t.false(error.message.includes(clientSecret));
  });
}

test('a secret of 32 octets is long enough, whatever its letters', async (t) => {
  await t.notThrowsAsync(assertionOf({ clientSecret: 'ä'.repeat(16) }));
});

test('no secret is told as such', (t) => {
  const error = t.throws(() => create({ clientSecret: undefined, keystore: 'any' }));
  t.is(error.message, 'clientAuthMethod client_secret_jwt needs clientSecret');
});

for (const assertion of [
  { algorithm: 'RS384' },
  { keyId: 'one' },
  { jwksUrl: 'https://c.example.org/jwks' },
  { certificateHeaders: ['x5t'] },
]) {
  const [name] = Object.keys(assertion);
  test(`assertion.${name} is about a key, and refused`, (t) => {
    const error = t.throws(() => create({ assertion }));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.true(error.message.startsWith(`assertion.${name} is about a key, and client_secret_jwt has none`));
  });
}

test('every attempt carries a fresh assertion, and a refusal says what to look at without the secret', async (t) => {
  const server = await startTokenEndpoint();
  t.teardown(server.close);
  server.on('POST /token', [
    { status: 503 },
    json(401, { error: 'invalid_client', error_description: `no ${SECRET}` }),
  ]);
  const error = await t.throwsAsync(create({}, server).getAuthorizationHeader());
  t.regex(error.message, /registered for client_secret_jwt with HS256.*aud is the token endpoint/);
  t.false(error.message.includes(SECRET));
  const ids = server
    .tokenRequests()
    .map(({ body }) => decodeAssertion(formValue(body, 'client_assertion')).claims.jti);
  t.is(new Set(ids).size, 2);
});

test('a server that lists other algorithms is warned of', async (t) => {
  const server = await startTokenEndpoint();
  t.teardown(server.close);
  server.on(
    'GET /fhir/.well-known/smart-configuration',
    json(200, {
      token_endpoint: server.url('/token'),
      token_endpoint_auth_methods_supported: ['client_secret_jwt'],
      token_endpoint_auth_signing_alg_values_supported: ['RS384'],
    }),
  );
  const clientId = `listed-${randomUUID()}`;
  const warnings = collectWarnings(t, clientId);
  await create({ clientId }, server).getAuthorizationHeader();
  t.deepEqual(
    warnings.map(({ code, message }) => [code, message]),
    [['ALGORITHM_NOT_LISTED', 'client_secret_jwt signs HS256, while the server lists RS384']],
  );
});

test('clients with other secrets, or that prove the same one otherwise, share no token', async (t) => {
  const clientId = `apart-${randomUUID()}`;
  const all = [
    {},
    { clientSecret: `${SECRET}.` },
    { clientAuthMethod: 'client_secret_post' },
    { assertion: { typ: null } },
    { audience: 'urn:a' },
  ];
  const headers = await Promise.all(
    all.map((changes) => create({ clientId, ...changes }).getAuthorizationHeader()),
  );
  t.is(new Set(headers).size, all.length);
});

function create(changes = {}, server = endpoint) {
  return ClientAuthInterceptorFactory.create({
    ...server.options,
    clientSecret: SECRET,
    clientAuthMethod: 'client_secret_jwt',
    ...changes,
  });
}

async function assertionOf(changes = {}) {
  const clientId = `client-${randomUUID()}`;
  const method = { clientSecret: SECRET, clientAuthMethod: 'client_secret_jwt' };
  const request = await endpoint.requestOf({ clientId, ...method, ...changes });
  return { request, clientId, assertion: formValue(request.body, 'client_assertion') };
}
