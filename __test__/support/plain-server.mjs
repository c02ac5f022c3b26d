import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { eventually } from './eventually.mjs';
import { json, startRecordingServer, tokenResponse } from './recording-server.mjs';

/**
 * FHIR server and authorization server in one, over plain http on loopback so that Node's own fetch reaches
 * it without a CA: `/fhir` names `/token`, which numbers its tokens from 1, and `/fhir/Patient` answers 200.
 * All of it can be routed anew.
 *
 * @param {object} [options]
 * @param {(number: number) => string} [options.accessToken] how the n-th token reads
 * @param {Awaited<ReturnType<typeof import('../../examples/embedded/certificates.mjs').makeCertificates>>}
 *   [options.certificates] over TLS with these, where whoever asks can be given a CA
 */
export async function startPlainServer({
  accessToken = (number) => `token-${number}`,
  certificates: { caPem, ...tls } = {},
} = {}) {
  const server = await startRecordingServer({ tls: caPem === undefined ? undefined : tls });
  let issued = 0;
  const issue = (members) => () => {
    issued += 1;
    return tokenResponse({ access_token: accessToken(issued), ...members });
  };
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: server.url('/token') }));
  server.on('POST /token', issue());
  for (const method of ['GET', 'POST', 'DELETE']) {
    server.on(`${method} /fhir/Patient`, json(200, { resourceType: 'Bundle' }));
  }
  const requestsTo = (path) => server.requests.filter(({ url }) => url.split('?', 1)[0] === path);
  return {
    ...server,
    requestsTo,
    fhirBaseUrl: server.url('/fhir'),
    patients: server.url('/fhir/Patient'),
    /** A client of its own, which shares no token with another; whatever proxy the environment names. */
    options: {
      clientId: `client-${randomUUID()}`,
      clientSecret: 'test-secret',
      scope: 'system/*.read',
      fhirBaseUrl: server.url('/fhir'),
      http: { proxy: null, ca: caPem },
    },
    tokenRequests: () => requestsTo('/token'),
    /**
     * A reply with the next token, for routes of one's own.
     *
     * @type {(members?: Record<string, unknown>) => () => import('./recording-server.mjs').ReplyParts}
     */
    issue,
    /**
     * Keeps token requests waiting until the gate is opened.
     *
     * @param {import('./recording-server.mjs').ReplyParts
     *   | (() => import('./recording-server.mjs').ReplyParts)} [reply] what they get then
     */
    holdTokens(reply = tokenResponse({ access_token: 'held' })) {
      let open;
      const opened = new Promise((resolve) => {
        open = resolve;
      });
      server.on('POST /token', async (_request, response, _body) => {
        await Promise.race([opened, once(response, 'close')]);
        const { status, headers, body } = typeof reply === 'function' ? reply() : reply;
        response.writeHead(status, headers).end(body);
      });
      return { open, reached: (count = 1) => eventually(() => requestsTo('/token').length >= count) };
    },
    /** @returns {(string | undefined)[]} Authorization of every request to `path`, in order */
    authorizations: (path = '/fhir/Patient') => requestsTo(path).map(({ headers }) => headers.authorization),
  };
}
