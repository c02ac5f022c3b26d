import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { json, startRecordingServer, tokenResponse } from './recording-server.mjs';

/**
 * A recording server over TLS that plays FHIR server and authorization server: `/fhir` names `/token`, which
 * answers every request with a token of its own. Both can be routed anew.
 *
 * @param {object} [options]
 * @param {Awaited<ReturnType<typeof makeCertificates>>} [options.certificates] to share a CA between servers
 */
export async function startTokenEndpoint({ certificates } = {}) {
  const { caPem, ...tls } = certificates ?? (await makeCertificates());
  const server = await startRecordingServer({ tls });
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: server.url('/token') }));
  let paths = 0;
  server.on('POST /token', () => tokenResponse({ access_token: `token-${randomUUID()}` }));
  /** What an interceptor needs to reach it, whatever proxy the environment names. */
  const options = {
    clientId: 'test-client',
    clientSecret: 'test-secret',
    scope: 'system/*.read',
    fhirBaseUrl: server.url('/fhir'),
    http: { ca: caPem, proxy: null },
  };
  return {
    ...server,
    caPem,
    fhirBaseUrl: server.url('/fhir'),
    options,
    /**
     * The one token request that these options lead to, at a path of its own: other tests ask here as well.
     *
     * @param {object} changes to `options`
     */
    async requestOf(changes) {
      paths += 1;
      const path = `/token/${paths}`;
      server.on(`POST ${path}`, tokenResponse());
      const tokenEndpoint = server.url(path);
      const interceptor = ClientAuthInterceptorFactory.create({ ...options, tokenEndpoint, ...changes });
      await interceptor.getAuthorizationHeader();
      return server.requests.find(({ url }) => url === path);
    },
    /** @returns {import('./recording-server.mjs').RecordedRequest[]} */
    tokenRequests: () => server.requests.filter(({ method }) => method === 'POST'),
    /** @returns {string[]} request targets of everything that was asked for before a token */
    discoveryRequests: () => server.requests.filter(({ method }) => method === 'GET').map(({ url }) => url),
  };
}

/**
 * The same for one test: it is closed when that is over.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Parameters<typeof startTokenEndpoint>[0]} options
 */
export async function openTokenEndpoint(t, options) {
  const server = await startTokenEndpoint(options);
  t.teardown(server.close);
  return server;
}

/**
 * An interceptor for a server of this module, or any other that has `options`.
 *
 * @param {{ options: object }} server
 * @param {object} [changes] to its options
 */
export function createInterceptor(server, changes = {}) {
  return ClientAuthInterceptorFactory.create({ ...server.options, ...changes });
}
