import { randomBytes, randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { startGlewlwyd } from '../support/glewlwyd.mjs';
import { ecJwks, rsaJwks } from '../support/keys.mjs';
import { collectWarnings } from '../support/warnings.mjs';

// Glewlwyd takes one audience, its token endpoint, and says of a client that it does not take nothing but 403.

const SCOPE = 'system/*.read';
const RSA = rsaJwks();
const EC = ecJwks();
const SECRET = randomBytes(32).toString('base64url');

let server;

test.before(async () => {
  server = await startGlewlwyd({
    scope: SCOPE,
    clients: [
      { clientId: 'rsa', jwks: RSA },
      { clientId: 'ec', jwks: EC },
      { clientId: 'discovers', jwks: EC },
      { clientId: 'refused', jwks: RSA },
      { clientId: 'secret', clientSecret: SECRET },
    ],
  });
});

test.after.always(() => server?.close());

test('glewlwyd with private_key_jwt: a token, RS384 and ES384', async (t) => {
  for (const [clientId, jwks] of Object.entries({ rsa: RSA, ec: EC })) {
    const { tokenType, grantedScopes } = await create({
      clientId,
      keystore: registered(jwks),
    }).getAccessToken();
    t.deepEqual([tokenType, grantedScopes], ['Bearer', [SCOPE]]);
  }
});

test('glewlwyd by its issuer: a token, with a warning that the grant type is not listed', async (t) => {
  const warnings = collectWarnings(t, 'discovers');
  const interceptor = create({
    clientId: 'discovers',
    keystore: registered(EC),
    issuer: server.issuer,
    tokenEndpoint: undefined,
  });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
  t.true(warnings.some(({ code }) => code === 'GRANT_TYPE_NOT_LISTED'));
});

test('glewlwyd with client_secret_jwt: a token', async (t) => {
  const options = { clientId: 'secret', clientSecret: SECRET, clientAuthMethod: 'client_secret_jwt' };
  t.regex(await create(options).getAuthorizationHeader(), /^Bearer \S+$/);
});

test('glewlwyd is strict about the audience: the issuer gets an empty 403, and the error asks about audience', async (t) => {
  const error = await refusal(t, { keystore: registered(RSA), audience: server.issuer });
  t.regex(error.message, /audience is set, so aud is not the token endpoint/);
});

test('glewlwyd is strict about the audience: a slash behind the token endpoint gets an empty 403', async (t) => {
  await refusal(t, { keystore: registered(RSA), tokenEndpoint: `${server.tokenEndpoint}/` });
});

test('glewlwyd does not know the client: an empty 403, and the error says what to check', async (t) => {
  const error = await refusal(t, { clientId: 'unknown', keystore: registered(RSA) });
  t.regex(error.message, /check .*clientId/);
});

test('glewlwyd has another key under this kid: an empty 403, and the error says what to check', async (t) => {
  const error = await refusal(t, { keystore: registered(rsaJwks({ kid: RSA.keys[0].kid })) });
  t.regex(error.message, /this key's public half under the same kid/);
});

test('glewlwyd gets client_secret_basic of a client that has a key: an empty 403', async (t) => {
  const error = await refusal(t, { clientSecret: 'secret' });
  t.regex(error.message, /clientAuthMethod: 'client_secret_post'/);
});

test('glewlwyd without a scope in the request: an empty 403, and the error says that none was asked for', async (t) => {
  const { message } = await refusal(t, { keystore: registered(RSA), scope: null });
  t.regex(message, /no scope was asked for, which some servers refuse: set scope/);
});

test('glewlwyd with a scope that the client does not have: scope_invalid, which is no OAuth error', async (t) => {
  const interceptor = create({ clientId: 'refused', keystore: registered(RSA), scope: 'system/*.write' });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.deepEqual([error.status, error.oauth.error], [400, 'scope_invalid']);
  t.true(error.message.includes('scope_invalid'), error.message);
});

/** What the one answer that it has for all of them is turned into. */
async function refusal(t, changes) {
  const interceptor = create({ clientId: 'refused', ...changes });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.deepEqual([error.status, error.oauth, error.transient], [403, undefined, false]);
  const { tokenEndpoint = server.tokenEndpoint } = changes;
  t.true(error.message.includes(`${tokenEndpoint} (HTTP 403): an empty body`), error.message);
  return error;
}

function create(changes) {
  return ClientAuthInterceptorFactory.create({
    tokenEndpoint: server.tokenEndpoint,
    scope: SCOPE,
    http: { proxy: null },
    ...changes,
  });
}

function registered(jwks) {
  const name = `glewlwyd-${randomUUID()}`;
  Keystores.register(name, { jwks });
  return name;
}
