import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import * as imported from '@org/smart-m2m';
import {
  BasicNameValuePair,
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
} from '@org/smart-m2m';
import * as importedFhirClient from '@org/smart-m2m/fhir-client';
import { startRecordingServer, tokenResponse } from '../../support/recording-server.mjs';

// An application of its own as far as the package goes: its public entry and nothing else.

const require = createRequire(import.meta.url);
const required = require('@org/smart-m2m');

const entries = [
  [imported, required],
  [importedFhirClient, require('@org/smart-m2m/fhir-client')],
];
for (const [{ default: _, ...named }, members] of entries) {
  assert.deepEqual({ ...named }, { ...members }, 'both forms of an entry export the same names');
  for (const [name, value] of Object.entries(named)) {
    assert.equal(value, members[name], `${name} is the same whether imported or required`);
  }
}

const server = await startRecordingServer();
try {
  server.on('POST /token', tokenResponse({ access_token: 'esm-token' }));

  const params = new ClientAuthParams('esm-consumer')
    .withClientSecret('esm-consumer-secret')
    .withScope('system/Patient.rs')
    .withTokenEndpoint(server.url('/token'))
    .withAdditionalParameters([new BasicNameValuePair('organisation', 'a')]);
  assert.ok(params instanceof required.ClientAuthParams);

  const interceptor = ClientAuthInterceptorFactory.create(params);
  assert.ok(interceptor instanceof ClientAuthInterceptor);
  assert.ok(interceptor instanceof required.ClientAuthInterceptor);

  assert.equal(await interceptor.getAuthorizationHeader(), 'Bearer esm-token');
  assert.equal(await interceptor.getAuthorizationHeader(), 'Bearer esm-token');
  assert.equal(server.requests.length, 1, 'the second header comes from the cache');
  assert.equal(new URLSearchParams(server.requests[0].body).get('organisation'), 'a');

  assert.throws(
    () => required.ClientAuthInterceptorFactory.create({ clientId: 'esm-consumer', scope: null }),
    (error) => error instanceof ClientAuthError && error instanceof required.ClientAuthError,
  );
} finally {
  await server.close();
}
// No close() of the interceptor: this process ends by itself all the same.
