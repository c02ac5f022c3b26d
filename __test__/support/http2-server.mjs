import { createSecureServer } from 'node:http2';
import { text as readText } from 'node:stream/consumers';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { json } from './recording-server.mjs';

/**
 * FHIR server and authorization server in one that speaks HTTP/2, and HTTP/1.1 to who asks for it: `/fhir` names
 * `/token`, which numbers its tokens from 1. It writes down each connection, session and request.
 *
 * @param {import('ava').ExecutionContext} t closes it
 * @param {object} options
 * @param {Awaited<ReturnType<typeof import('../../examples/embedded/certificates.mjs').makeCertificates>>}
 *   options.certificates
 * @param {boolean} [options.allowHTTP1] false: HTTP/2 or nothing
 * @param {import('node:http2').Settings} [options.settings]
 * @param {string} [options.clientCa] whoever has no certificate of this CA is turned away
 */
export async function openHttp2Server(t, { certificates, allowHTTP1 = true, settings, clientCa }) {
  const { caPem, certificatePem: cert, privateKeyPem: key } = certificates;
  const server = createSecureServer({
    ...{ cert, key, allowHTTP1, settings },
    ...(clientCa && { requestCert: true, ca: clientCa }),
  });
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();
  /** @type {import('node:http2').ServerHttp2Session[]} */
  const sessions = [];
  /** @type {{ version: string, method: string, url: string, headers: object, body: string, port: number }[]} */
  const requests = [];
  const counts = { connections: 0 };
  server.on('connection', (socket) => {
    counts.connections += 1;
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => socket.destroy());
  });
  server.on('session', (session) => {
    sessions.push(session);
    session.on('error', () => {});
  });

  let issued = 0;
  const answer = {
    /** @type {(response: import('node:http2').Http2ServerResponse, members?: object) => void} */
    token(response, members = {}) {
      issued += 1;
      const body = { access_token: `token-${issued}`, token_type: 'bearer', expires_in: 300, ...members };
      answer.json(response, body);
    },
    json(response, body) {
      const { status, headers, body: text } = json(200, body);
      response.writeHead(status, headers).end(text);
    },
  };
  /** What becomes of the next token requests; after the last one they get a token. */
  const replies = [];
  server.on('request', async (request, response) => {
    // A stream that either side gives up is an error only to who waits for it.
    request.on('error', () => {});
    response.on('error', () => {});
    const { method, url, headers, httpVersion: version } = request;
    const { remotePort: port } = request.stream?.session?.socket ?? request.socket;
    const body = await readText(request).catch(() => '');
    requests.push({ version, method, url, headers, body, port });
    if (method === 'GET') answer.json(response, { token_endpoint: `${origin}/token` });
    else (replies.shift() ?? ((_, response) => answer.token(response)))(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `https://localhost:${server.address().port}`;
  t.teardown(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return {
    origin,
    port: server.address().port,
    counts,
    sockets,
    sessions,
    requests,
    answer,
    replies,
    tokenRequests: () => requests.filter(({ method }) => method === 'POST'),
    /** @param {object} [changes] */
    create(changes = {}) {
      return ClientAuthInterceptorFactory.create({
        clientId: 'test-client',
        clientSecret: 'test-secret',
        scope: 'system/*.read',
        fhirBaseUrl: `${origin}/fhir`,
        ...changes,
        http: { ca: caPem, proxy: null, ...changes.http },
      });
    },
  };
}
