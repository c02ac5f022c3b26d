import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { assertRefused, assertWarnsInFewWords, createClient } from '../support/hostile-server.mjs';
import { ecJwks } from '../support/keys.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { json, tokenResponse } from '../support/recording-server.mjs';
import { collectWarnings } from '../support/warnings.mjs';
import { ROWS } from './discovery-documents.rows.mjs';

// What stands where a discovery document should: no token request goes out but to a token endpoint that was named
// as it should be, and the next good document counts.

const KEYSTORE = 'discovery-documents';
Keystores.register(KEYSTORE, { jwks: ecJwks() });

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await startPlainServer();
    t.teardown(server.close);
    server.on('POST /fhir/token', tokenResponse());
    const issuer = server.url('/realm');
    const places = placesOf(row);
    for (const place of places) server.on(place, { body: row.bodyFor?.(issuer) ?? row.body });
    const clientId = server.origin;
    const warnings = collectWarnings(t, clientId);
    const client = createClient({ clientId, ...optionsOf(row, server, issuer) });
    if (row.code) {
      const { message } = await assertRefused(t, client.getAuthorizationHeader(), row.code, ['p4ssw0rd']);
      t.regex(message, row.words);
      t.deepEqual(
        server.requests.filter(({ method }) => method === 'POST'),
        [],
      );
      const token_endpoint = server.url('/fhir/token');
      for (const place of places) server.on(place, json(200, { issuer, token_endpoint }));
      if (row.audience) {
        server.on('GET /.well-known/oauth-authorization-server/realm', json(200, { issuer, token_endpoint }));
      }
      if (row.isStatement)
        server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint }));
    }
    t.is(await client.getAuthorizationHeader(), 'Bearer test-token');
    t.is({}.polluted, undefined);
    assertWarnsInFewWords(t, warnings);
  });
}

test('each discovery document has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});

function placesOf({ isStatement, bodyFor }) {
  if (isStatement) return ['GET /fhir/metadata'];
  if (bodyFor) return ['GET /.well-known/oauth-authorization-server/realm'];
  return ['GET /fhir/.well-known/smart-configuration'];
}

function optionsOf({ audience, bodyFor, isStatement }, server, issuer) {
  if (bodyFor) return { issuer };
  // The server of the tests has a document, unless it is told otherwise.
  if (isStatement) server.on('GET /fhir/.well-known/smart-configuration', { status: 404 });
  const { fhirBaseUrl } = server;
  return audience ? { fhirBaseUrl, audience, clientSecret: undefined, keystore: KEYSTORE } : { fhirBaseUrl };
}
