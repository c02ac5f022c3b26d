const { ClientAuthInterceptorFactory } = require('@org/smart-m2m');
const { startTokenServer } = require('./token-server.js');

const granted = {
  access_token: 'jest-token',
  token_type: 'Bearer',
  expires_in: 300,
  scope: 'system/Patient.rs',
};
let server;

beforeAll(async () => {
  server = await startTokenServer(200, granted);
});
afterAll(() => server.close());
beforeEach(() => jest.resetModules());

const clientOf = (factory, clientId) =>
  factory.create({
    clientId,
    clientSecret: 's3cret',
    scope: 'system/Patient.rs',
    tokenEndpoint: server.tokenEndpoint,
  });

test('an interceptor gets a token where the module registry was reset after it was made', async () => {
  const interceptor = clientOf(ClientAuthInterceptorFactory, 'jest-reset');
  jest.resetModules();

  await expect(interceptor.getAuthorizationHeader()).resolves.toBe('Bearer jest-token');
});

test('an interceptor of an isolated registry gets a token outside of it', async () => {
  let interceptor;
  jest.isolateModules(() => {
    const isolated = require('@org/smart-m2m');
    interceptor = clientOf(isolated.ClientAuthInterceptorFactory, 'jest-isolated');
  });

  await expect(interceptor.getAuthorizationHeader()).resolves.toBe('Bearer jest-token');
});

test('a mock of the package has the class of its errors and the factory', () => {
  const mock = jest.createMockFromModule('@org/smart-m2m');

  expect(new mock.ClientAuthError()).toBeInstanceOf(mock.ClientAuthError);
  expect(mock.ClientAuthInterceptorFactory.create()).toBeUndefined();
});
