import { json, startRecordingServer, tokenResponse } from './recording-server.mjs';

/**
 * A recording server in clear text, FHIR server and authorization server in one, whose routes can be set anew:
 * for a command line that needs no CA.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {object} [metadata] further members of its smart-configuration
 */
export async function openPlainServer(t, metadata = {}) {
  const server = await startRecordingServer();
  t.teardown(server.close);
  const document = { token_endpoint: server.url('/token'), ...metadata };
  server.on('GET /fhir/.well-known/smart-configuration', json(200, document));
  server.on('POST /token', tokenResponse({ scope: 'system/Patient.rs' }));
  server.on('GET /fhir/Patient', json(200, { resourceType: 'Bundle' }));
  return { ...server, fhirBaseUrl: server.url('/fhir') };
}
