const { ClientAuthError, ClientAuthInterceptorFactory } = require('@org/smart-m2m');
const { startTokenServer } = require('./token-server.js');

test("a configuration error is an Error of the caller's realm", () => {
  const create = () => ClientAuthInterceptorFactory.create({ clientId: 'jest-nothing', scope: null });

  expect(create).toThrow(ClientAuthError);
  expect(create).toThrow(Error);
});

test("a refused token request rejects with an Error of the caller's realm", async () => {
  const server = await startTokenServer(401, { error: 'invalid_client' });
  try {
    const interceptor = ClientAuthInterceptorFactory.create({
      clientId: 'jest-refused',
      clientSecret: 's3cret',
      scope: null,
      tokenEndpoint: server.tokenEndpoint,
    });

    const error = await interceptor.getAuthorizationHeader().catch((reason) => reason);

    expect(error).toBeInstanceOf(ClientAuthError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({
      code: 'ERR_TOKEN_REJECTED',
      status: 401,
      oauth: { error: 'invalid_client' },
    });
    expect(error.stack).toContain('errors.test.js');
  } finally {
    await server.close();
  }
});
