import { startAuthorizationServer } from '../../examples/embedded/authorization-server.mjs';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { startFhirServer } from '../../examples/embedded/fhir-server.mjs';
import { publicJwks } from './keys.mjs';

/**
 * oidc-provider and a FHIR endpoint that accepts its tokens, both over TLS on loopback.
 *
 * @param {object} options
 * @param {object[]} options.clients as `keyClient` and `secretClient` make them
 * @param {number} [options.accessTokenTtlSeconds]
 */
export async function startSmartServers({ clients, accessTokenTtlSeconds }) {
  const { caPem, ...tls } = await makeCertificates();
  const authorizationServer = await startAuthorizationServer({ tls, clients, accessTokenTtlSeconds });
  const fhirServer = await startFhirServer({ tls, authorizationServer });
  return {
    caPem,
    authorizationServer,
    fhirServer,
    /** What an interceptor needs to reach them, whatever proxy the environment names. */
    options: { fhirBaseUrl: fhirServer.baseUrl, scope: 'system/*.read', http: { ca: caPem, proxy: null } },
    async close() {
      await fhirServer.close();
      await authorizationServer.close();
    },
  };
}

/**
 * @param {string} clientId
 * @param {import('./keys.mjs').Jwks} jwks private or public; the server gets the public half
 */
export function keyClient(clientId, jwks) {
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: publicJwks(jwks),
  };
}

/**
 * @param {string} clientId
 * @param {string} clientSecret
 * @param {'client_secret_basic' | 'client_secret_post'} [method]
 */
export function secretClient(clientId, clientSecret, method = 'client_secret_basic') {
  return { client_id: clientId, client_secret: clientSecret, token_endpoint_auth_method: method };
}
