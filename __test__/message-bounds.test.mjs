import { createServer } from 'node:http';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { json } from './support/recording-server.mjs';
import { createInterceptor, openTokenEndpoint } from './support/token-endpoint.mjs';

// A message is read by a person and kept in logs: what a server, its certificate or a proxy says in it is short, and
// no credential.

const LONGEST_MESSAGE = 1500;
const LONG = 'x'.repeat(100_000);
const SMART = 'GET /fhir/.well-known/smart-configuration';

for (const [what, reply, options] of [
  ['a token endpoint that is not https', json(200, { token_endpoint: `http://h.example.org/${LONG}` })],
  [
    'a token endpoint that is not allowed',
    json(200, { token_endpoint: `https://h.example.org/${LONG}` }),
    { allowedTokenEndpointOrigins: ['https://a.example.org'] },
  ],
  [
    'a redirect of discovery',
    { status: 302, headers: { location: `https://h.example.org/${LONG.slice(0, 10_000)}` } },
  ],
  [
    'an issuer to be confirmed',
    json(200, { token_endpoint: '/token', issuer: `https://h.example.org/${LONG}` }),
    { audience: 'issuer', keystore: 'bounds' },
  ],
]) {
  test(`the message about ${what} is short, however long that is`, async (t) => {
    Keystores.register('bounds', { jwks: ecJwks() });
    const server = await openTokenEndpoint(t);
    server.on(SMART, reply);
    const interceptor = createInterceptor(server, { ...options, retry: { attempts: 1 } });
    const { message } = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.true(message.length < LONGEST_MESSAGE, `${message.length}: ${message.slice(0, 300)}`);
  });
}

test('the message about a certificate of another host is short, however many names it has', async (t) => {
  const hostnames = Array.from({ length: 150 }, (_, index) => `host-${index}.example.test`);
  const certificates = await makeCertificates({ hostnames, addresses: [] });
  const server = await openTokenEndpoint(t, { certificates });
  const interceptor = createInterceptor(server, { tokenEndpoint: server.url('/token') });
  const { code, message } = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.is(code, 'ERR_TLS');
  t.true(message.length < LONGEST_MESSAGE, `${message.length}`);
});

test('a proxy that repeats its own user name and password has neither shown', async (t) => {
  const proxy = createServer((request, response) => {
    const credentials = request.headers['proxy-authorization'];
    const pair = Buffer.from(credentials.slice('Basic '.length), 'base64').toString();
    response.writeHead(403, { 'x-request-id': pair }).end(`denied: ${credentials} (${pair})`);
  });
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  const options = {
    clientId: 'c',
    clientSecret: 'test-secret',
    scope: null,
    allowInsecureHttp: true,
    retry: { attempts: 1 },
    http: { proxy: `http://user:proxy%2Fpass@127.0.0.1:${proxy.address().port}` },
  };
  for (const server of [
    { tokenEndpoint: 'http://hidden.example.test/token' },
    { fhirBaseUrl: 'http://hidden.example.test/fhir' },
  ]) {
    const interceptor = ClientAuthInterceptorFactory.create({ ...options, ...server });
    const { message } = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.regex(message, /HTTP 403/);
    for (const secret of ['proxy/pass', 'proxy%2Fpass', Buffer.from('user:proxy/pass').toString('base64')]) {
      t.false(message.includes(secret), message);
    }
  }
});

test('a token is a token also where the password of the proxy is a word in the answer', async (t) => {
  const body = JSON.stringify({ access_token: 'a-token', token_type: 'bearer', expires_in: 300 });
  const proxy = createServer((request, response) => request.resume().on('end', () => response.end(body)));
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  t.teardown(() => proxy.close());
  const interceptor = ClientAuthInterceptorFactory.create({
    clientId: 'c',
    clientSecret: 'test-secret',
    scope: null,
    allowInsecureHttp: true,
    tokenEndpoint: 'http://hidden.example.test/token',
    http: { proxy: `http://user:token@127.0.0.1:${proxy.address().port}` },
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer a-token');
});
