import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { ecJwks, edJwks, privateKeyOf, rsaJwks } from './support/keys.mjs';
import { keyClient, startSmartServers } from './support/smart-servers.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { decodeAssertion, formValue, postForm } from './support/wire.mjs';

const MAX_LIFETIME_SECONDS = 300;

const BY_ALGORITHM = {
  RS256: rsaJwks({ alg: 'RS256' }),
  RS384: rsaJwks({ alg: 'RS384' }),
  RS512: rsaJwks({ alg: 'RS512' }),
  PS256: rsaJwks({ alg: 'PS256' }),
  PS384: rsaJwks({ alg: 'PS384' }),
  PS512: rsaJwks({ alg: 'PS512' }),
  ES256: ecJwks({ alg: 'ES256' }),
  ES384: ecJwks({ alg: 'ES384' }),
  ES512: ecJwks({ alg: 'ES512' }),
  EdDSA: edJwks(),
};
const WITHOUT_ALG = {
  RS384: withoutAlg(rsaJwks()),
  ES256: withoutAlg(ecJwks({ alg: 'ES256' })),
  ES384: withoutAlg(ecJwks({ alg: 'ES384' })),
  ES512: withoutAlg(ecJwks({ alg: 'ES512' })),
  EdDSA: withoutAlg(edJwks()),
};
const SIGNER = ecJwks();
/** One for each test: tests run at the same time, and one identity has one token. */
const CLIENTS = ['claims', 'alone', 'unique', 'retries', 'replay', 'unregistered', 'signature'];

let servers;

test.before(async () => {
  servers = await startSmartServers({
    clients: [
      ...Object.entries(BY_ALGORITHM).map(([alg, jwks]) => keyClient(`signs-${alg}`, jwks)),
      ...Object.entries(BY_ALGORITHM).map(([alg, jwks]) => keyClient(`verifies-${alg}`, jwks)),
      ...Object.entries(WITHOUT_ALG).map(([alg, jwks]) => keyClient(`defaults-to-${alg}`, jwks)),
      ...CLIENTS.map((clientId) => keyClient(clientId, SIGNER)),
    ],
  });
});

test.after.always(() => servers?.close());

for (const [alg, jwks] of Object.entries(BY_ALGORITHM)) {
  test(`a key whose alg is ${alg} signs with it, and the server accepts the token request`, async (t) => {
    const { request, header } = await oneToken(`signs-${alg}`, jwks);
    t.is(request.status, 200, request.refusal ?? undefined);
    t.regex(header, /^Bearer \S+$/);
    t.deepEqual(assertionOf(request).header, { alg, kid: jwks.keys[0].kid, typ: 'JWT' });
  });

  test(`an assertion signed ${alg} verifies with jose, by the public keys as they are exported`, async (t) => {
    const keystore = registered(jwks);
    const { request } = await oneToken(`verifies-${alg}`, jwks);
    const verified = await jwtVerify(
      request.form.get('client_assertion'),
      createLocalJWKSet(Keystores.publicJwks(keystore)),
      { issuer: `verifies-${alg}`, audience: servers.authorizationServer.tokenEndpoint },
    );
    t.is(verified.protectedHeader.alg, alg);
  });
}

for (const [alg, jwks] of Object.entries(WITHOUT_ALG)) {
  const { kty, crv } = jwks.keys[0];
  test(`a key of type ${[kty, crv].filter(Boolean).join(' ')} without alg signs ${alg}`, async (t) => {
    const { request } = await oneToken(`defaults-to-${alg}`, jwks);
    t.is(request.status, 200, request.refusal ?? undefined);
    t.is(assertionOf(request).header.alg, alg);
  });
}

test('the claims are those of SMART: who asks, where, until when, and only once', async (t) => {
  const { request } = await oneToken('claims', SIGNER);
  const { claims } = assertionOf(request);
  t.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'sub']);
  t.is(claims.iss, 'claims');
  t.is(claims.sub, 'claims');
  t.is(claims.aud, servers.authorizationServer.tokenEndpoint);

  const received = request.at.getTime() / 1000;
  t.true(Number.isInteger(claims.exp) && Number.isInteger(claims.iat));
  t.true(claims.exp > received, 'it has not ended before it arrives');
  t.true(claims.exp - received <= MAX_LIFETIME_SECONDS, 'it ends within five minutes');
  t.true(claims.exp - claims.iat <= MAX_LIFETIME_SECONDS, 'servers that measure from iat see no more either');
  t.true(claims.iat <= received, 'iat never lies in the future');

  t.is(typeof claims.jti, 'string');
  // 151: the longest that Epic takes. 22: base64url of the 128 bits that cannot be guessed.
  t.true(claims.jti.length >= 22 && claims.jti.length <= 151);
});

test('no client secret, no Authorization header and no client id go with an assertion', async (t) => {
  const { request } = await oneToken('alone', SIGNER, { clientSecret: 'not-to-be-sent' });
  t.deepEqual([...request.form.keys()], ['grant_type', 'scope', 'client_assertion_type', 'client_assertion']);
  t.is(request.headers.authorization, undefined);
  t.false(JSON.stringify([request.headers, request.form.toString()]).includes('not-to-be-sent'));
});

test('every token request carries a jti of its own', async (t) => {
  const interceptor = interceptorOf('unique', SIGNER);
  for (let count = 0; count < 5; count += 1) {
    await interceptor.getAuthorizationHeader();
    interceptor.invalidate();
  }
  const ids = requestsOf('unique').map((request) => assertionOf(request).claims.jti);
  t.is(ids.length, 5);
  t.is(new Set(ids).size, 5);
});

test('every attempt of a retried token request carries a fresh assertion', async (t) => {
  const endpoint = await startTokenEndpoint();
  t.teardown(endpoint.close);
  endpoint.on('POST /token', [
    { status: 503 },
    { destroy: true },
    { headers: { 'content-type': 'application/json' }, body: '{"access_token":"t","token_type":"bearer"}' },
  ]);
  const { clientSecret, ...options } = endpoint.options;
  const interceptor = ClientAuthInterceptorFactory.create({ ...options, keystore: registered(SIGNER) });

  t.is(await interceptor.getAuthorizationHeader(), 'Bearer t');
  const assertions = endpoint.tokenRequests().map(({ body }) => formValue(body, 'client_assertion'));
  t.is(assertions.length, 3);
  t.is(new Set(assertions.map((each) => decodeAssertion(each).claims.jti)).size, 3);
});

// Serial: the 503 is for whoever asks next.
test.serial('the attempt after a 503 is accepted by a server that refuses a jti it has seen', async (t) => {
  servers.authorizationServer.failNext({ status: 503 });
  await interceptorOf('retries', SIGNER).getAuthorizationHeader();
  t.deepEqual(
    requestsOf('retries').map(({ status }) => status),
    [503, 200],
  );
});

test('an assertion that was used once is worth nothing to whoever recorded it', async (t) => {
  const { request } = await oneToken('replay', SIGNER);
  t.is(request.status, 200);
  const { authorizationServer, caPem } = servers;
  const replayed = await postForm(authorizationServer.tokenEndpoint, request.form.toString(), { caPem });
  t.is(replayed.status, 401);
  t.is(JSON.parse(replayed.body).error, 'invalid_client');
});

test('a key that is not registered with the server is refused as such', async (t) => {
  const stranger = ecJwks({ kid: SIGNER.keys[0].kid });
  const error = await t.throwsAsync(interceptorOf('unregistered', stranger).getAuthorizationHeader());
  t.is(error.code, 'ERR_TOKEN_REJECTED');
  t.is(error.oauth.error, 'invalid_client');
  t.is(error.status, 401);
  t.is(error.attempts, 1);
});

for (const target of ['/token', '/a/../token', '/t%2fk/token?tenant=a&b=%2F']) {
  test(`forceHttpInTokenRequestAudience changes the scheme of aud alone: ${target}`, async (t) => {
    const endpoint = await startTokenEndpoint();
    t.teardown(endpoint.close);
    const tokenEndpoint = endpoint.url(target);
    endpoint.on(`POST ${new URL(tokenEndpoint).pathname}`, {
      body: '{"access_token":"t","token_type":"bearer"}',
    });
    const { clientSecret, fhirBaseUrl, ...options } = endpoint.options;
    const keystore = registered(SIGNER);

    for (const forceHttpInTokenRequestAudience of [false, true]) {
      await ClientAuthInterceptorFactory.create({
        ...options,
        keystore,
        tokenEndpoint,
        forceHttpInTokenRequestAudience,
      }).getAuthorizationHeader();
    }
    const [plain, forced] = endpoint.tokenRequests();
    t.is(forced.url, plain.url, 'what is asked stays the same; and the server speaks TLS only');
    t.is(claimsOf(plain).aud, tokenEndpoint);
    t.is(claimsOf(forced).aud, tokenEndpoint.replace(/^https:/, 'http:'));
    t.deepEqual(Object.keys(claimsOf(forced)), Object.keys(claimsOf(plain)));
  });
}

test('an ES384 signature is R and S side by side, and verifies', async (t) => {
  const { request } = await oneToken('signature', SIGNER);
  const assertion = request.form.get('client_assertion');
  const { signature } = decodeAssertion(assertion);
  t.is(signature.length, 96);
  const key = createPublicKey(privateKeyOf(SIGNER));
  const signed = Buffer.from(assertion.slice(0, assertion.lastIndexOf('.')));
  t.true(verify('sha384', signed, { key, dsaEncoding: 'ieee-p1363' }, signature));
});

async function oneToken(clientId, jwks, options = {}) {
  const header = await interceptorOf(clientId, jwks, options).getAuthorizationHeader();
  return { header, request: requestsOf(clientId).at(-1) };
}

function interceptorOf(clientId, jwks, options = {}) {
  return ClientAuthInterceptorFactory.create({
    ...servers.options,
    clientId,
    keystore: registered(jwks),
    ...options,
  });
}

function registered(jwks) {
  const name = `key-${randomUUID()}`;
  Keystores.register(name, { jwks });
  return name;
}

function requestsOf(clientId) {
  return servers.authorizationServer.tokenRequests.filter(
    ({ form }) =>
      form.has('client_assertion') && decodeAssertion(form.get('client_assertion')).claims.iss === clientId,
  );
}

function assertionOf({ form }) {
  return decodeAssertion(form.get('client_assertion'));
}

function claimsOf({ body }) {
  return decodeAssertion(formValue(body, 'client_assertion')).claims;
}

function withoutAlg({ keys }) {
  return { keys: keys.map(({ alg, ...key }) => key) };
}
