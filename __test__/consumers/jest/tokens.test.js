const { createPrivateKey, generateKeyPairSync } = require('node:crypto');
const { ClientAuthInterceptorFactory, ClientAuthParams, Keystores } = require('@org/smart-m2m');
const { startTokenServer } = require('./token-server.js');

const granted = {
  access_token: 'jest-token',
  token_type: 'Bearer',
  expires_in: 300,
  scope: 'system/Patient.rs',
  tenant: { id: 7 },
};
let server;

beforeEach(async () => {
  server = await startTokenServer(200, granted);
});
afterEach(() => server.close());

test('a client with a secret gets one token for any number of calls', async () => {
  const interceptor = ClientAuthInterceptorFactory.create(paramsOf('jest-secret').withClientSecret('s3cret'));

  const headers = await Promise.all([1, 2, 3].map(() => interceptor.getAuthorizationHeader()));

  expect(headers).toEqual(['Bearer jest-token', 'Bearer jest-token', 'Bearer jest-token']);
  expect(server.requests()).toBe(1);
});

test('a client with a key in a registered keystore gets a token', async () => {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-384',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const key = { ...createPrivateKey(privateKey).export({ format: 'jwk' }), kid: 'jest-key', alg: 'ES384' };
  Keystores.register('jest', { jwks: { keys: [key] } });

  const interceptor = ClientAuthInterceptorFactory.create(paramsOf('jest-key').withKeystore('jest'));

  await expect(interceptor.getAuthorizationHeader()).resolves.toBe('Bearer jest-token');
  expect(interceptor.publicJwks().keys).toHaveLength(1);
});

test("what the server said about a token comes as values of the caller's realm", async () => {
  const interceptor = ClientAuthInterceptorFactory.create(paramsOf('jest-realm').withClientSecret('s3cret'));

  const promise = interceptor.getAccessToken();
  expect(promise).toBeInstanceOf(Promise);
  const token = await promise;

  expect(token.expiresAt).toBeInstanceOf(Date);
  expect(token.grantedScopes).toEqual(['system/Patient.rs']);
  expect(token.missingScopes).toEqual([]);
  expect(token.extra).toEqual({ tenant: { id: 7 } });
});

test('a pre-token hook supplies the token, and no request is made', async () => {
  const interceptor = ClientAuthInterceptorFactory.create(paramsOf('jest-hook').withClientSecret('s3cret'));
  interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => 'from-the-hook' });

  await expect(interceptor.getAuthorizationHeader()).resolves.toBe('Bearer from-the-hook');
  expect(server.requests()).toBe(0);
});

function paramsOf(clientId) {
  return new ClientAuthParams(clientId)
    .withScope('system/Patient.rs')
    .withTokenEndpoint(server.tokenEndpoint);
}
