import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { startProxy } from './proxy.mjs';
import { json, startRecordingServer, text, tokenResponse } from './recording-server.mjs';
import { formPairs } from './wire.mjs';

/** Answers that hold what was sent. */
const ECHOES = {
  description: ({ body }) => json(400, { error: 'invalid_client', error_description: body }),
  decoded: ({ body }) =>
    json(400, { error: formPairs(body).flat().join(' '), error_uri: `https://h/?${body}` }),
  text: ({ body, headers }) => text(400, `${headers.authorization} ${formPairs(body).flat().join(' ')}`),
  header: ({ body, headers }) =>
    text(401, 'no', {
      'www-authenticate': headers.authorization ?? `Bearer error="${encodeURIComponent(body)}"`,
      'x-request-id': encodeURIComponent(body),
    }),
  base64: ({ body, headers }) =>
    text(
      500,
      formPairs(body)
        .flat()
        .concat(headers.authorization ?? '')
        .map(inBase64)
        .join(' '),
    ),
  redirect: ({ body }) => ({ status: 307, headers: { location: `https://h.invalid/?${body}` } }),
  page: ({ body }) => ({ status: 403, body: `<html><pre>${body}</pre></html>` }),
  token: ({ body }) => tokenResponse({ access_token: 'short', token_type: formPairs(body).flat().join(' ') }),
};

/**
 * Token endpoints that issue the canaries, or tell what they were sent; a FHIR server in clear text that does so as
 * well; a server that nobody trusts; a proxy.
 *
 * @param {{ accessToken: string, refreshToken: string, proxyPassword: string }} canaries
 */
export async function startCanaryServers({ accessToken, refreshToken, proxyPassword }) {
  const { caPem, ...tls } = await makeCertificates();
  const { caPem: _, ...otherTls } = await makeCertificates();
  const [server, other, plain, proxy] = await Promise.all([
    startRecordingServer({ tls }),
    startRecordingServer({ tls: otherTls }),
    startRecordingServer(),
    startProxy({ credentials: `user:${proxyPassword}` }),
  ]);
  // Without a lifetime there is a warning.
  const issue = tokenResponse({
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in: undefined,
  });
  server.on('POST /token', issue);
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: server.url('/token') }));
  server.on('GET /page/.well-known/smart-configuration', text(200, '<html>a page</html>'));
  for (const [name, echo] of Object.entries(ECHOES)) server.on(`POST /echo/${name}`, echo);
  plain.on('GET /fhir/Patient/1', json(200, { resourceType: 'Patient', id: '1' }));
  for (const [name, reply] of Object.entries({
    'echo-header': ({ headers }) =>
      text(403, `no: ${headers.authorization}`, { 'www-authenticate': headers.authorization }),
    'echo-outcome': ({ headers }) =>
      json(422, { resourceType: 'OperationOutcome', issue: [{ diagnostics: headers.authorization }] }),
    'echo-page': ({ headers }) => text(500, `<html>${JSON.stringify(headers)}</html>`),
  })) {
    plain.on(`GET /fhir/Patient/${name}`, reply);
  }
  return {
    /** What the children are told; the credentials of the proxy, too, are a file's. */
    places: {
      origin: server.origin,
      plainOrigin: plain.origin,
      otherOrigin: other.origin,
      proxy: `http://user:${encodeURIComponent(proxyPassword)}@127.0.0.1:${proxy.port}`,
      echoes: Object.keys(ECHOES).map((name) => `/echo/${name}`),
      caPem,
    },
    /** @returns {{ assertions: string[], basics: string[] }} credentials made for the occasion */
    sent() {
      const pairs = server.requests.flatMap(({ body }) => formPairs(body));
      const assertions = pairs.filter(([name]) => name === 'client_assertion').map(([, value]) => value);
      const headers = server.requests.map(({ headers }) => headers.authorization ?? '');
      const basics = headers.filter((header) => header.startsWith('Basic ')).map((header) => header.slice(6));
      return { assertions: [...new Set(assertions)], basics: [...new Set(basics)] };
    },
    close: () => Promise.all([server, other, plain, proxy].map((each) => each.close())),
  };
}

function inBase64(text) {
  return Buffer.from(text).toString('base64');
}
