import { X509Certificate } from 'node:crypto';
import { loadProvider, memoryAdapter } from '../../examples/embedded/authorization-server.mjs';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../../examples/embedded/loopback-server.mjs';
import { ecJwks } from './keys.mjs';

/**
 * oidc-provider over TLS that asks for client certificates, as RFC 8705 has it: `tls_client_auth` by the CA and the
 * subject, `self_signed_tls_client_auth` by the certificate itself, tokens bound to the certificate.
 *
 * @param {object} options
 * @param {string} options.clientCaPem whose certificates `tls_client_auth` takes
 * @param {object[]} options.clients oidc-provider client metadata
 */
export async function startMutualTlsProvider({ clientCaPem, clients }) {
  const { caPem, ...certificates } = await makeCertificates();
  const tls = { ...certificates, ca: clientCaPem, requestCert: true, rejectUnauthorized: false };
  const { server, origin: issuer, close } = await openLoopbackServer({ tls });
  const Provider = await loadProvider();
  const peerOf = ({ socket }) => socket.getPeerX509Certificate();
  const provider = new Provider(issuer, {
    adapter: memoryAdapter(),
    ttl: { ClientCredentials: 300 },
    enabledJWA: { clientAuthSigningAlgValues: ['ES384'] },
    clients: clients.map((client) => ({
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      id_token_signed_response_alg: 'ES256', // of no use here, but checked against `jwks`
      tls_client_certificate_bound_access_tokens: true,
      ...client,
    })),
    clientAuthMethods: ['tls_client_auth', 'self_signed_tls_client_auth', 'private_key_jwt'],
    scopes: ['system/*.rs'],
    jwks: ecJwks({ alg: 'ES256' }),
    features: {
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: { enabled: false },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: (context) => peerOf(context)?.toString(),
        certificateAuthorized: ({ socket }) => socket.authorized,
        certificateSubjectMatches: (context, _property, expected) => peerOf(context).subject === expected,
      },
    },
  });
  const forms = [];
  provider.use(async (context, next) => {
    await next();
    if (context.oidc?.route === 'token') forms.push(context.oidc.body);
  });
  server.on('request', provider.callback());
  return {
    caPem,
    issuer,
    tokenEndpoint: provider.urlFor('token'),
    /** The parameters of each token request. */
    forms,
    /** @type {(header: string) => Promise<string | undefined>} whose certificate the token is bound to */
    async boundTo(header) {
      const token = await provider.ClientCredentials.find(header.replace('Bearer ', ''));
      return token?.['x5t#S256'];
    },
    close,
  };
}

/**
 * A client that the CA vouches for (RFC 8705 §2.1).
 *
 * @type {(clientId: string, certificate: import('./client-certificates.mjs').ClientCertificate) => object}
 */
export function certifiedClient(clientId, { subject }) {
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'tls_client_auth',
    tls_client_auth_subject_dn: subject,
  };
}

/**
 * A client that is known by its certificate (RFC 8705 §2.2).
 *
 * @type {(clientId: string, certificate: import('./client-certificates.mjs').ClientCertificate) => object}
 */
export function selfSignedClient(clientId, { certificatePem }) {
  const certificate = new X509Certificate(certificatePem);
  const jwk = certificate.publicKey.export({ format: 'jwk' });
  return {
    client_id: clientId,
    token_endpoint_auth_method: 'self_signed_tls_client_auth',
    jwks: { keys: [{ ...jwk, use: 'sig', x5c: [certificate.raw.toString('base64')] }] },
  };
}
