import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { ecJwks } from './support/keys.mjs';
import { secretClient, startSmartServers } from './support/smart-servers.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';
import { formPairs, formValue, headerPairs } from './support/wire.mjs';

/** Every printable ASCII character that an encoder could get wrong. */
const AWKWARD_SECRET = 'p%+/:= ~w-._*&?#@!$\'()",;<>[]{}|\\^`';

let servers;
let endpoint;

test.before(async () => {
  servers = await startSmartServers({
    clients: [
      secretClient('basic-client', 'basic-client-secret-of-some-length'),
      secretClient('post-client', 'post-client-secret-of-some-length', 'client_secret_post'),
      secretClient('client with: 100%', AWKWARD_SECRET),
      secretClient('awkward-post', AWKWARD_SECRET, 'client_secret_post'),
    ],
  });
  endpoint = await startTokenEndpoint();
});

test.after.always(async () => {
  await servers?.close();
  await endpoint?.close();
});

const ACCEPTED = [
  ['basic-client', 'basic-client-secret-of-some-length', undefined],
  ['basic-client', 'basic-client-secret-of-some-length', 'client_secret_basic'],
  ['post-client', 'post-client-secret-of-some-length', 'client_secret_post'],
  ['client with: 100%', AWKWARD_SECRET, 'client_secret_basic'],
  ['awkward-post', AWKWARD_SECRET, 'client_secret_post'],
];
for (const [clientId, clientSecret, clientAuthMethod] of ACCEPTED) {
  test(`oidc-provider accepts '${clientId}' by ${clientAuthMethod ?? 'the default method'}`, async (t) => {
    const interceptor = ClientAuthInterceptorFactory.create({
      ...servers.options,
      clientId,
      clientSecret,
      clientAuthMethod,
    });
    const { accessToken } = await interceptor.getAccessToken();
    const { active, client_id } = await servers.authorizationServer.introspect(accessToken);
    t.true(active);
    t.is(client_id, clientId);
  });
}

test('HTTP Basic is the default, and then neither id nor secret stands anywhere else', async (t) => {
  const request = await endpoint.requestOf({ clientId: 'my-app', clientSecret: 'my-app-secret-123' });
  t.is(request.headers.authorization, 'Basic bXktYXBwOm15LWFwcC1zZWNyZXQtMTIz');
  t.deepEqual(formPairs(request.body), [
    ['grant_type', 'client_credentials'],
    ['scope', 'system/*.read'],
  ]);
  const elsewhere = headerPairs(request.rawHeaders).filter(([name]) => name !== 'authorization');
  t.false(JSON.stringify([request.url, request.body, elsewhere]).includes('my-app'));
});

test('client_secret_post puts both into the form, and no Authorization header goes along', async (t) => {
  const request = await endpoint.requestOf({
    clientId: 'posting app',
    clientSecret: 'a secret & more=%41',
    clientAuthMethod: 'client_secret_post',
  });
  t.is(request.headers.authorization, undefined);
  t.is(formValue(request.body, 'client_id'), 'posting app');
  t.is(formValue(request.body, 'client_secret'), 'a secret & more=%41');
  t.deepEqual(
    formPairs(request.body)
      .map(([name]) => name)
      .sort(),
    ['client_id', 'client_secret', 'grant_type', 'scope'],
  );
  const { rawHeaders, url } = request;
  t.false(JSON.stringify([url, rawHeaders]).includes('a secret'));
});

test('id and secret are percent-encoded before Base64, a space as %20', async (t) => {
  const request = await endpoint.requestOf({ clientId: 'id with space', clientSecret: 'a b+c:d%e/f' });
  t.is(credentials(request), 'id%20with%20space:a%20b%2Bc%3Ad%25e%2Ff');
});

test('what RFC 3986 calls unreserved is left as it is', async (t) => {
  const unreserved = 'AZaz09-._~';
  const request = await endpoint.requestOf({ clientId: 'unreserved', clientSecret: unreserved });
  t.is(credentials(request), `unreserved:${unreserved}`);
});

test('everything else is encoded, with one colon left between id and secret', async (t) => {
  const request = await endpoint.requestOf({
    clientId: 'https://client.example.org/id',
    clientSecret: AWKWARD_SECRET,
  });
  const [id, secret, ...more] = credentials(request).split(':');
  t.deepEqual(more, []);
  t.regex(id + secret, /^(?:[A-Za-z0-9\-._~]|%[0-9A-F]{2})*$/);
  t.is(decodeURIComponent(id), 'https://client.example.org/id');
  t.is(decodeURIComponent(secret), AWKWARD_SECRET);
});

test('characters beyond ASCII are encoded as UTF-8', async (t) => {
  const request = await endpoint.requestOf({ clientId: 'käse', clientSecret: '€ß' });
  t.is(credentials(request), 'k%C3%A4se:%E2%82%AC%C3%9F');
});

test("basicEncoding 'raw' sends both as they are", async (t) => {
  const request = await endpoint.requestOf({
    clientId: 'raw id',
    clientSecret: 'a b+c:d%e/f',
    basicEncoding: 'raw',
  });
  t.is(credentials(request), 'raw id:a b+c:d%e/f');
});

test('for ordinary credentials both encodings are the same bytes', async (t) => {
  const ordinary = { clientId: 'ordinary-1', clientSecret: 'Abc-123._~' };
  const encoded = await endpoint.requestOf({ ...ordinary, basicEncoding: 'rfc6749' });
  const raw = await endpoint.requestOf({ ...ordinary, basicEncoding: 'raw' });
  t.is(encoded.headers.authorization, raw.headers.authorization);
});

test('every attempt of a retried request carries the credentials again', async (t) => {
  const own = await startTokenEndpoint();
  t.teardown(own.close);
  own.on('POST /token', [{ status: 503 }, { body: '{"access_token":"t","token_type":"bearer"}' }]);
  await ClientAuthInterceptorFactory.create(own.options).getAuthorizationHeader();
  const [first, second] = own.tokenRequests();
  t.truthy(first.headers.authorization);
  t.is(second.headers.authorization, first.headers.authorization);
});

test('with a keystore and a secret, the key proves who we are and the secret stays at home', async (t) => {
  Keystores.register('wins-over-secret', { jwks: ecJwks() });
  const request = await endpoint.requestOf({
    clientId: 'has-both',
    clientSecret: 'secret-that-stays',
    keystore: 'wins-over-secret',
  });
  t.true(formPairs(request.body).some(([name]) => name === 'client_assertion'));
  t.is(request.headers.authorization, undefined);
  t.false(JSON.stringify([request.url, request.rawHeaders, request.body]).includes('secret-that-stays'));
});

test('a wrong secret is refused by the server, and the message says which credentials to check', async (t) => {
  const interceptor = ClientAuthInterceptorFactory.create({
    ...servers.options,
    clientId: 'basic-client',
    clientSecret: 'not-the-right-one',
  });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(error.code, 'ERR_TOKEN_REJECTED');
  t.is(error.oauth.error, 'invalid_client');
  t.regex(error.message, /secret/i);
  t.false(error.message.includes('not-the-right-one'));
});

function credentials({ headers: { authorization = '' } }) {
  return Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString();
}
