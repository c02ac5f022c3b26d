import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { runNode } from './support/child.mjs';
import { outcomeOf, WITHOUT_PROXY } from './support/child-client.mjs';
import { startProxy } from './support/proxy.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';

/** A name that nothing resolves: who gets there came through the proxy. */
const HIDDEN_HOST = 'token.hidden.example.org';
/** Names that lead nowhere but here, if anywhere. */
const LOCAL_HOSTS = ['localhost', 'fhir.localhost', 'a.fhir.localhost', 'notfhir.localhost'];
const DOCUMENT = 'GET /fhir/.well-known/smart-configuration';

let certificates;
let proxyCertificates;

test.before(async () => {
  certificates = await makeCertificates({ hostnames: [HIDDEN_HOST, ...LOCAL_HOSTS] });
  proxyCertificates = await makeCertificates();
});

test('http.proxy: discovery and token request go through a tunnel', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t);
  const { port } = new URL(server.origin);
  const token_endpoint = `https://${HIDDEN_HOST}:${port}/token`;
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint }));
  const fhirBaseUrl = `https://${HIDDEN_HOST}:${port}/fhir`;
  const interceptor = create(server, { fhirBaseUrl, http: { proxy: proxy.url } });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  t.true(proxy.tunnels.length > 0);
  for (const { target } of proxy.tunnels) t.is(target, `${HIDDEN_HOST}:${port}`);
});

test('http.proxy: its user name and password are for the proxy alone', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t, { credentials: 'user:pass-word' });
  await create(server, { http: { proxy: proxy.url } }).getAuthorizationHeader();
  t.is(proxy.tunnels[0].authorization, `Basic ${Buffer.from('user:pass-word').toString('base64')}`);
  for (const { headers } of server.requests) t.is(headers['proxy-authorization'], undefined);
});

test('http.noProxy: hosts that are reached without it', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t);
  const interceptor = create(server, { http: { proxy: proxy.url, noProxy: 'example.org,localhost' } });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  t.is(proxy.tunnels.length, 0);
});

for (const name of ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY']) {
  test(`the proxy of the environment is used: ${name}`, async (t) => {
    const server = await start(t);
    const proxy = await proxyOf(t);
    const http = { ca: certificates.caPem };
    t.is(await outcomeOf(server, { http }, { [name]: proxy.url }), 'Bearer');
    t.true(proxy.tunnels.length > 0);
  });
}

test('NO_PROXY of the environment names hosts that are reached without it', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t);
  const http = { ca: certificates.caPem };
  const env = { HTTPS_PROXY: proxy.url, NO_PROXY: 'example.org,localhost' };
  t.is(await outcomeOf(server, { http }, env), 'Bearer');
  t.is(proxy.tunnels.length, 0);
});

test('http.proxy null goes without the proxy of the environment', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t);
  const http = { ca: certificates.caPem, proxy: null };
  t.is(await outcomeOf(server, { http }, { HTTPS_PROXY: proxy.url }), 'Bearer');
  t.is(proxy.tunnels.length, 0);
});

test('interceptors that go through different proxies share no token', async (t) => {
  const server = await start(t);
  const proxies = [await proxyOf(t), await proxyOf(t)];
  for (const { url } of proxies) await create(server, { http: { proxy: url } }).getAuthorizationHeader();
  t.true(proxies.every(({ tunnels }) => tunnels.length > 0));
  t.is(server.tokenRequests().length, 2);
});

test('clear text on loopback goes past the proxy of the environment', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  server.on('POST /token', tokenResponse());
  const script = `
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const tokenEndpoint = ${JSON.stringify(server.url('/token'))};
    const options = { clientId: 'c', clientSecret: 's', scope: null, tokenEndpoint, retry: { attempts: 1 } };
    console.log(await ClientAuthInterceptorFactory.create(options).getAuthorizationHeader());`;
  const proxy = 'http://127.0.0.1:9';
  const env = { ...WITHOUT_PROXY, HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy };
  const { stdout } = await runNode(script, { evaluate: true, env });
  t.is(stdout, 'Bearer test-token\n');
});

for (const proxy of ['http//127.0.0.1:9', 'socks5://127.0.0.1:9', 'http://[::', 'not a url']) {
  test(`an environment whose proxy cannot be used is refused: ${proxy}`, async (t) => {
    const script = `
      import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
      try {
        ClientAuthInterceptorFactory.create({ clientId: 'c', clientSecret: 's', scope: null });
      } catch ({ code, message }) {
        console.log(code, message);
      }`;
    const env = { ...WITHOUT_PROXY, HTTPS_PROXY: proxy };
    const { stdout } = await runNode(script, { evaluate: true, env });
    t.regex(stdout, /^ERR_INVALID_CONFIG .*HTTPS_PROXY/);
  });
}

// ── a proxy over TLS ──

test('a proxy may be reached over TLS, with a CA of its own in http.ca', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t, { credentials: 'user:pass-word', tls: proxyCertificates });
  const http = { proxy: proxy.url, ca: [certificates.caPem, proxyCertificates.caPem] };
  t.regex(await create(server, { http }).getAuthorizationHeader(), /^Bearer /);
  t.true(proxy.tunnels.length > 0);
  for (const { headers } of server.requests) t.is(headers['proxy-authorization'], undefined);
});

test('a proxy whose certificate is not trusted is told from a server whose is not', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t, { tls: proxyCertificates });
  const error = await failure(t, create(server, { http: { proxy: proxy.url } }), 'ERR_TLS');
  t.regex(error.message, /TLS handshake with the proxy failed.*http\.ca/);
  t.is(proxy.tunnels.length, 0);

  const http = { proxy: proxy.url, ca: proxyCertificates.caPem };
  const other = await failure(t, create(server, { http }), 'ERR_TLS');
  t.regex(other.message, /TLS handshake failed.*http\.ca/);
});

// ── credentials ──

for (const [kind, credentials] of Object.entries({
  'a percent-encoded password': 'user:p@ss:w%rd/ü',
  'a user name without password': 'user:',
})) {
  test(`http.proxy: ${kind} arrives as it was meant`, async (t) => {
    const server = await start(t);
    const proxy = await proxyOf(t, { credentials });
    const [user, ...password] = credentials.split(':');
    const userinfo = [user, password.join(':')].map(encodeURIComponent).join(':');
    const url = `http://${userinfo}@127.0.0.1:${proxy.port}`;
    t.regex(await create(server, { http: { proxy: url } }).getAuthorizationHeader(), /^Bearer /);
  });
}

test('a proxy that wants credentials says so once, and is not tried again', refusedByProxy, '');
test('a proxy that does not take the credentials is not tried again', refusedByProxy, 'user:not-the-word@');

test('a 407 in clear text is of the proxy as well', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  const proxy = await proxyOf(t, {
    credentials: 'user:pass-word',
    leadsTo: Number(new URL(server.origin).port),
  });
  const interceptor = plain({
    fhirBaseUrl: `http://${HIDDEN_HOST}/fhir`,
    http: { proxy: `http://127.0.0.1:${proxy.port}` },
  });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
  t.regex(error.message, /407.*http\.proxy/);
  t.false(error.transient);
  t.is(proxy.forwarded.length, 1);
});

test('clear text that the user allows goes through the proxy, and the server does not see the credentials for it', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  server.on(DOCUMENT, json(200, { token_endpoint: `http://${HIDDEN_HOST}/token` }));
  server.on('POST /token', tokenResponse());
  const proxy = await proxyOf(t, {
    credentials: 'user:pass-word',
    leadsTo: Number(new URL(server.origin).port),
  });
  const interceptor = plain({ fhirBaseUrl: `http://${HIDDEN_HOST}/fhir`, http: { proxy: proxy.url } });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer test-token');
  t.deepEqual(
    proxy.forwarded.map(({ url }) => url),
    [`http://${HIDDEN_HOST}/fhir/.well-known/smart-configuration`, `http://${HIDDEN_HOST}/token`],
  );
  for (const { authorization } of proxy.forwarded) t.regex(authorization, /^Basic /);
});

// ── proxies that do not do as they should ──

test('a proxy that says nothing is given up after http.connectTimeoutMs', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t, { answer: () => {} });
  const http = { proxy: proxy.url, connectTimeoutMs: 300 };
  const error = await failure(t, create(server, { http }), 'ERR_TIMEOUT');
  t.regex(error.message, /no connection within 300 ms/);
});

for (const [kind, answer] of Object.entries({
  'refuses the tunnel': (client) => client.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n'),
  'closes at once': (client) => client.end(),
  'sends a header without end': (client) => {
    const timer = setInterval(() => client.write('x'.repeat(4096)), 5);
    client.on('close', () => clearInterval(timer));
    client.write('HTTP/1.1 200 Fine\r\nx-long: ');
  },
})) {
  test(`a proxy that ${kind} is an error that sends one to the proxy settings`, async (t) => {
    const server = await start(t);
    const proxy = await proxyOf(t, { answer });
    const error = await failure(t, create(server, { http: { proxy: proxy.url } }), 'ERR_NETWORK');
    t.regex(error.message, /the proxy did not open a way.*http\.proxy/);
    t.true(error.transient);
    t.is(server.requests.length, 0);
  });
}

test('a proxy that is not there is an error that names the proxy settings', async (t) => {
  const server = await start(t);
  const error = await failure(t, create(server, { http: { proxy: 'http://127.0.0.1:9' } }), 'ERR_NETWORK');
  t.regex(error.message, /refused.*http\.proxy/i);
});

test('an IPv6 address behind a proxy is told what it is, and not tried again', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t);
  const { port } = new URL(server.origin);
  const interceptor = create(server, {
    tokenEndpoint: `https://[::1]:${port}/token`,
    http: { proxy: proxy.url },
  });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
  t.regex(error.message, /IPv6 address cannot be reached through a proxy/);
  t.like(error, { transient: false, attempts: 1 });
});

// ── hosts that go without it ──

for (const [noProxy, host, goesWithout] of [
  ['localhost', 'localhost', true],
  ['LocalHost', 'localhost', true],
  ['fhir.localhost', 'fhir.localhost', true],
  ['fhir.localhost', 'a.fhir.localhost', true],
  ['fhir.localhost', 'notfhir.localhost', false],
  ['.fhir.localhost', 'a.fhir.localhost', true],
  ['.fhir.localhost', 'fhir.localhost', true],
  ['a.fhir.localhost', 'fhir.localhost', false],
  ['example.org , localhost', 'localhost', true],
  ['127.0.0.1', '127.0.0.1', true],
  ['127.0.0.0/8', '127.0.0.1', true],
  ['10.0.0.0/8', '127.0.0.1', false],
  ['127.0.0.1', 'localhost', false],
  ['::1', '[::1]', true],
  ['*', 'localhost', true],
  ['*', '127.0.0.1', true],
  ['example.org,*', '127.0.0.1', true],
  ['', 'localhost', false],
  ['localhost:1', 'localhost', false],
]) {
  test(`http.noProxy '${noProxy}': ${host} ${goesWithout ? 'is reached without the proxy' : 'is not meant'}`, async (t) => {
    const server = await start(t);
    const { port } = new URL(server.origin);
    const proxy = await proxyOf(t, { leadsTo: Number(port) });
    const interceptor = create(server, {
      tokenEndpoint: `https://${host}:${port}/token`,
      http: { proxy: proxy.url, noProxy },
      retry: { attempts: 1 },
    });
    // Not every resolver knows names below localhost, and the server is not at ::1: who goes there goes without.
    await interceptor.getAuthorizationHeader().catch(({ code }) => t.is(code, 'ERR_NETWORK'));
    t.is(proxy.tunnels.length, goesWithout ? 0 : 1);
  });
}

for (const name of ['NO_PROXY', 'no_proxy']) {
  for (const value of ['*', '127.0.0.0/8', '127.0.0.1']) {
    test(`${name}=${value} of the environment names addresses, too`, async (t) => {
      const server = await start(t);
      const proxy = await proxyOf(t);
      const options = {
        tokenEndpoint: `https://127.0.0.1:${new URL(server.origin).port}/token`,
        http: { ca: certificates.caPem },
      };
      t.is(await outcomeOf(server, options, { HTTPS_PROXY: proxy.url, [name]: value }), 'Bearer');
      t.is(proxy.tunnels.length, 0);
    });
  }
}

async function refusedByProxy(t, userinfo) {
  const server = await start(t);
  for (const asked of [{}, { tokenEndpoint: server.url('/token') }]) {
    const proxy = await proxyOf(t, { credentials: 'user:pass-word' });
    const http = { proxy: `http://${userinfo}127.0.0.1:${proxy.port}` };
    const interceptor = create(server, { ...asked, http });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
    t.regex(error.message, /407.*http\.proxy/);
    t.notRegex(error.message, /not-the-word/);
    t.like(error, { transient: false, attempts: 1 });
    t.is(proxy.tunnels.length, 1);
  }
  t.is(server.requests.length, 0);
}

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

async function proxyOf(t, options) {
  const proxy = await startProxy(options);
  t.teardown(proxy.close);
  return proxy;
}

function create(server, options = {}) {
  const http = { ...server.options.http, ...options.http };
  return ClientAuthInterceptorFactory.create({ ...server.options, ...options, http });
}

/** A client of no server in particular, that may speak in clear text. */
function plain(options) {
  return ClientAuthInterceptorFactory.create({
    clientId: 'c',
    clientSecret: 'test-secret',
    scope: null,
    allowInsecureHttp: true,
    ...options,
  });
}

async function failure(t, interceptor, code) {
  return t.throwsAsync(interceptor.getAuthorizationHeader(), { code });
}
