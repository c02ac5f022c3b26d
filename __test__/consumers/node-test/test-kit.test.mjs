import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { startSmartServer } from '@org/smart-m2m/testing';

// The test kit under Node's own runner, as an application would have it.

const server = await startSmartServer({ tls: false });
const client = server.registerClient();
Keystores.register('node-test', { jwks: client.jwks });

describe('a client of the test server', () => {
  beforeEach(() => server.reset());
  after(() => server.close());

  it('reads a patient', async () => {
    const interceptor = createInterceptor('system/Patient.rs');
    const response = await interceptor.fetch(`${server.fhirBaseUrl}/Patient/1`);
    assert.equal((await response.json()).id, '1');
    server.assertNoRefusals();
  });

  it('is told which rule it has broken', async () => {
    server.configure({ algorithms: ['RS384'] });
    await assert.rejects(createInterceptor('system/Observation.rs').getAuthorizationHeader(), {
      code: 'ERR_TOKEN_REJECTED',
    });
    assert.equal(server.requests.at(-1).rule, 'RFC 8414 §2');
    assert.throws(() => server.assertNoRefusals(), /the assertion's alg is 'ES384'/);
    assert.throws(() => assert.deepEqual(server.requests, []), /the assertion's alg is 'ES384'/);
  });
});

function createInterceptor(scope) {
  return ClientAuthInterceptorFactory.create({
    ...server.clientOptions,
    clientId: client.clientId,
    keystore: 'node-test',
    scope,
  });
}
