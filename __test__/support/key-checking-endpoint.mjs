import { randomUUID } from 'node:crypto';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { publicJwks } from './keys.mjs';
import { json, tokenResponse } from './recording-server.mjs';
import { startTokenEndpoint } from './token-endpoint.mjs';
import { decodeAssertion, formValue } from './wire.mjs';

/**
 * A token endpoint that checks assertions by the keys that it was told last, with a library that others use, and
 * refuses what does not verify as `invalid_client`.
 *
 * @param {object} [options]
 * @param {import('./keys.mjs').Jwks} [options.accepted]
 * @param {number} [options.lifetimeSeconds] of its tokens
 * @param {object} [options.metadata] members of the smart-configuration besides the token endpoint
 */
export async function startKeyCheckingEndpoint({ accepted, lifetimeSeconds = 300, metadata } = {}) {
  const endpoint = await startTokenEndpoint();
  let keys = accepted && createLocalJWKSet(publicJwks(accepted));
  const tokenEndpoint = endpoint.url('/token');
  endpoint.on(
    'GET /fhir/.well-known/smart-configuration',
    json(200, { token_endpoint: tokenEndpoint, ...metadata }),
  );
  endpoint.on('POST /token', async ({ body }) => {
    try {
      await jwtVerify(formValue(body, 'client_assertion'), keys, { audience: tokenEndpoint });
    } catch (error) {
      return json(401, { error: 'invalid_client', error_description: error.message });
    }
    return tokenResponse({ access_token: `token-${randomUUID()}`, expires_in: lifetimeSeconds });
  });
  const { clientSecret, ...options } = endpoint.options;
  return {
    ...endpoint,
    options,
    /** @param {import('./keys.mjs').Jwks} jwks the only keys that count from now on */
    accept(jwks) {
      keys = createLocalJWKSet(publicJwks(jwks));
    },
    /** @returns {Record<string, unknown>[]} JOSE headers of all assertions so far */
    assertionHeaders: () =>
      endpoint.tokenRequests().map(({ body }) => decodeAssertion(formValue(body, 'client_assertion')).header),
  };
}
