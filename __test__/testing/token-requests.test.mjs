import test from 'ava';
import { assertionForm, assertionOf, postForm, requestToken } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA'],
];
const SECRET = 'a secret: with +, /, % and ü of more than 32 octets';

for (const algorithm of ALGORITHMS) {
  test(`an assertion that another library signs ${algorithm} gets a token`, async (t) => {
    const server = await openSmartServer(t);
    const client = server.registerClient({ algorithm });
    const { status, headers, body } = await requestToken(server, client);
    t.is(status, 200, body.error_description);
    t.is(headers.get('cache-control'), 'no-store');
    const { access_token: token, ...rest } = body;
    t.deepEqual(rest, { token_type: 'bearer', expires_in: 300, scope: 'system/Patient.rs' });
    t.regex(token, /^[\w-]{43}$/);
    t.is(server.requests.at(-1).assertion.header.alg, algorithm);
  });
}

for (const alg of ['HS256', 'HS384', 'HS512']) {
  test(`an assertion by a secret, ${alg}, gets a token`, async (t) => {
    const server = await openSmartServer(t);
    const client = server.registerClient({ clientSecret: SECRET });
    const key = new TextEncoder().encode(SECRET);
    const assertion = await assertionOf(server, client, { header: { alg, kid: undefined }, key });
    t.is((await postForm(server.tokenEndpoint, assertionForm(assertion))).status, 200);
    t.is(server.requests.at(-1).clientId, client.clientId);
  });
}

test('HTTP Basic is read form-encoded as RFC 6749 has it, and as it stands', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ clientId: 'urn:a b', clientSecret: SECRET });
  const encoded = [client.clientId, SECRET].map((text) =>
    new URLSearchParams({ '': text }).toString().slice(1),
  );
  const percent = [client.clientId, SECRET].map(encodeURIComponent);
  for (const pair of [encoded, percent]) t.is((await postBasic(server, pair.join(':'))).status, 200);

  const plain = server.registerClient({ clientId: 'plain', clientSecret: SECRET });
  t.is((await postBasic(server, `plain:${SECRET}`)).status, 200);
  server.configure({ basicEncoding: 'rfc6749' });
  const { status, headers, body } = await postBasic(server, `plain:${SECRET}`);
  t.is(status, 401);
  t.regex(headers.get('www-authenticate'), /^Basic realm=/);
  t.is(body.error, 'invalid_client');
  t.regex(server.requests.at(-1).explanation, /is raw, .* form-encoded before Base64 \(RFC 6749 §2\.3\.1\)$/);
  server.configure({ basicEncoding: 'raw' });
  t.is((await postBasic(server, `plain:${SECRET}`)).status, 200);
  await postBasic(server, ['plain', SECRET].map(encodeURIComponent).join(':'));
  t.regex(server.requests.at(-1).explanation, /is percent-encoded, and this server takes it raw/);
  t.is(server.requests.at(-1).clientId, plain.clientId);
});

test('a secret in the form gets a token, and a wrong one does not', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ clientSecret: SECRET });
  t.is((await postSecret(server, client.clientId, SECRET)).status, 200);
  const { status, body } = await postSecret(server, client.clientId, 'wrong');
  t.deepEqual([status, body.error], [401, 'invalid_client']);
  t.regex(server.requests.at(-1).explanation, /client_secret is not the one that the client has registered/);
  client.replaceSecret('wrong');
  t.is((await postSecret(server, client.clientId, 'wrong')).status, 200);
});

test('a client gets the scopes that it is registered for, and of wider ones its part', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ scope: 'system/Patient.rs system/Observation.r launch' });
  const grantFor = async (scope) => {
    const { status, body } = await requestToken(server, client, scope);
    return status === 200 ? body.scope : body.error;
  };
  t.is(await grantFor('system/Patient.read'), 'system/Patient.read');
  t.is(await grantFor('system/Patient.r launch'), 'system/Patient.r launch');
  t.is(await grantFor('system/Patient.rs?birthdate=2001'), 'system/Patient.rs?birthdate=2001');
  t.is(await grantFor('system/*.cruds'), 'system/Patient.rs system/Observation.r');
  t.is(await grantFor('system/Patient.cruds system/Group.rs'), 'system/Patient.rs');
  t.is(await grantFor('system/Group.rs'), 'invalid_scope');
  t.is(await grantFor('user/Patient.rs'), 'invalid_scope');
  server.configure({ wideScopes: 'refuse' });
  t.is(await grantFor('system/Patient.rs system/Group.rs'), 'invalid_scope');
  t.is(
    server.requests.at(-1).explanation,
    "the client asks for 'system/Group.rs', and is registered for 'system/Patient.rs', 'system/Observation.r', " +
      "'launch' (RFC 6749 §5.2)",
  );
});

test('a key set behind a URL is fetched for every assertion, so that a new key counts at once', async (t) => {
  const server = await openSmartServer(t);
  const publisher = await openSmartServer(t, { tls: true });
  const holder = publisher.registerClient();
  const client = server.registerClient({ jwksUrl: holder.jwksUrl });
  // The publisher's CA is not the server's.
  t.is((await requestToken(server, { ...client, jwks: holder.jwks })).status, 401);
  t.regex(
    server.requests.at(-1).explanation,
    /keys cannot be fetched from https:\/\/localhost:\d+\/clients\/client-1\//,
  );

  const plain = await openSmartServer(t);
  const published = plain.registerClient();
  const other = server.registerClient({ jwksUrl: published.jwksUrl });
  t.is((await requestToken(server, { ...other, jwks: published.jwks })).status, 200);
  const old = published.jwks;
  published.rotateKeys({ algorithm: 'ES256' });
  t.is((await requestToken(server, { ...other, jwks: published.jwks })).status, 200);
  t.is((await requestToken(server, { ...other, jwks: old })).status, 401);
  t.is(plain.requestsTo('client-jwks').length, 3);
  plain.fail('client-jwks', { status: 500 });
  await requestToken(server, { ...other, jwks: published.jwks });
  t.regex(server.requests.at(-1).explanation, /the answer has status 500 \(RFC 7591 §2\)$/);
});

test("a client's keys are published without their private half", async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ algorithm: 'RS384', keyId: 'key-1' });
  const { keys } = await (await fetch(client.jwksUrl)).json();
  t.deepEqual(
    keys.map((key) => Object.keys(key).sort()),
    [['alg', 'e', 'kid', 'kty', 'n', 'use']],
  );
  t.is(keys[0].kid, 'key-1');
  t.truthy(client.jwks.keys[0].d);
});

test('a rotated key stops counting, unless it is kept', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  const first = client.jwks;
  const second = client.rotateKeys({ keepOld: true });
  for (const jwks of [first, second]) t.is((await requestToken(server, { ...client, jwks })).status, 200);
  const third = client.rotateKeys();
  t.is(client.jwks, third);
  t.is((await requestToken(server, { ...client, jwks: second })).status, 401);
  t.is(server.requests.at(-1).check, 'keyId');
  client.replaceKeys({ keys: [] });
  t.is((await requestToken(server, { ...client, jwks: third })).status, 401);
  t.regex(server.requests.at(-1).explanation, /registered none/);
});

function postBasic(server, pair) {
  const form = [
    ['grant_type', 'client_credentials'],
    ['scope', 'system/Patient.rs'],
  ];
  const authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
  return postForm(server.tokenEndpoint, form, { headers: { authorization } });
}

function postSecret(server, clientId, secret) {
  return postForm(server.tokenEndpoint, [
    ['grant_type', 'client_credentials'],
    ['scope', 'system/Patient.rs'],
    ['client_id', clientId],
    ['client_secret', secret],
  ]);
}
