const { ClientAuthInterceptorFactory, Keystores } = require('@org/smart-m2m');
const { startSmartServer } = require('@org/smart-m2m/testing');

let server;

beforeAll(async () => {
  server = await startSmartServer({ tls: false });
});
afterEach(() => server.reset());
afterAll(() => server.close());

test('a client reads a patient, and the server has nothing to object to', async () => {
  const { interceptor, clientId } = newClient('jest-kit-reads');

  const response = await interceptor.fetch(`${server.fhirBaseUrl}/Patient/1`);

  expect(await response.json()).toMatchObject({ resourceType: 'Patient', id: '1' });
  expect(server.requestsTo('token')).toHaveLength(1);
  expect(server.requestsTo('token')[0]).toMatchObject({ clientId, status: 200, explanation: null });
  server.assertNoRefusals();
});

test('a refusal is explained in the log, in the error, and in the message of a failed expectation', async () => {
  const { interceptor } = newClient('jest-kit-refused');
  server.configure({ audience: 'issuer' });

  const error = await interceptor.getAuthorizationHeader().catch((reason) => reason);

  expect(error).toMatchObject({ code: 'ERR_TOKEN_REJECTED', oauth: { error: 'invalid_client' } });
  const record = server.requests.at(-1);
  expect(record).toMatchObject({ check: 'audience', rule: 'RFC 7523 §3' });
  expect(record.explanation).toContain(`has to be '${server.issuer}'`);
  expect(error.message).toContain(`has to be '${server.issuer}'`);
  const accepted = { status: 200, explanation: null };
  expect(() => expect(record).toMatchObject(accepted)).toThrow(`has to be '${server.issuer}'`);
  expect(() => server.assertNoRefusals()).toThrow('RFC 7523 §3');
});

test('a failed expectation about a record does not show the assertion', async () => {
  const { interceptor } = newClient('jest-kit-hidden');
  await interceptor.getAuthorizationHeader();
  const record = server.requestsTo('token')[0];
  const assertion = new Map(record.form).get('client_assertion');
  const fail = (expectation) => {
    try {
      expectation();
      return '';
    } catch (error) {
      return error.message;
    }
  };

  const messages = [
    fail(() => expect(record).toBeNull()),
    fail(() => expect(record).toEqual({})),
    fail(() => expect(server.requests).toEqual([])),
  ];

  expect(assertion).toMatch(/^ey/);
  for (const message of messages) {
    expect(message).toContain('jest-kit-hidden');
    expect(message).not.toContain(assertion);
  }
});

test('a fault is met by the retry of the client', async () => {
  const { interceptor } = newClient('jest-kit-fault');
  server.fail('token', { status: 503, headers: { 'retry-after': '0' } });

  await expect(interceptor.getAuthorizationHeader()).resolves.toMatch(/^Bearer /);
  expect(server.requestsTo('token').map(({ status }) => status)).toEqual([503, 200]);
});

function newClient(clientId) {
  const client = server.registerClient({ clientId });
  Keystores.register(clientId, { jwks: client.jwks });
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.clientOptions,
    clientId,
    keystore: clientId,
    scope: 'system/*.rs',
  });
  return { interceptor, clientId };
}
