import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { runNode } from './support/child.mjs';
import { startProxy } from './support/proxy.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';

/** A name that nothing resolves: who gets there came through the proxy. */
const HIDDEN_HOST = 'token.hidden.example.org';
const NO_PROXY_ENVIRONMENT = Object.fromEntries(
  ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'NO_PROXY'].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);

let certificates;
let directory;

test.before(async () => {
  certificates = await makeCertificates({ hostnames: ['localhost', HIDDEN_HOST] });
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-tls-'));
  await writeFile(join(directory, 'ca.pem'), certificates.caPem);
  await writeFile(join(directory, 'broken.pem'), 'not a certificate');
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

for (const [kind, caOf] of Object.entries({
  'PEM text': (pem) => pem,
  'PEM bytes': (pem) => Buffer.from(pem),
  'DER bytes': (pem) => new Uint8Array(derOf(pem)),
  'a list': (pem) => [pem],
  'a bundle with another CA in front': (pem, other) => `${other}\n${pem}`,
  'a list with another CA in front': (pem, other) => [Buffer.from(other), pem],
})) {
  test(`a CA of one's own is trusted: http.ca as ${kind}`, async (t) => {
    const server = await start(t);
    const other = await makeCertificates();
    const ca = caOf(certificates.caPem, other.caPem);
    t.regex(await create(server, { http: { ca } }).getAuthorizationHeader(), /^Bearer /);
  });
}

for (const ca of ['no certificate', Buffer.alloc(8), 7, [7], {}]) {
  test(`http.ca has to hold certificates: ${JSON.stringify(ca)}`, (t) => {
    const error = t.throws(() =>
      ClientAuthInterceptorFactory.create({ clientId: 'c', clientSecret: 's', scope: null, http: { ca } }),
    );
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /http\.ca/);
  });
}

test('a damaged certificate is told at create, not at the first request', (t) => {
  const damaged = Buffer.from([0x30, 3, 2, 1, 0]);
  const options = { clientId: 'c', clientSecret: 's', scope: null, http: { ca: damaged } };
  const error = t.throws(() => ClientAuthInterceptorFactory.create(options), { code: 'ERR_INVALID_CONFIG' });
  t.regex(error.message, /http\.ca: a certificate in it is damaged/);
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
  const env = { ...NO_PROXY_ENVIRONMENT, HTTP_PROXY: proxy, http_proxy: proxy, ALL_PROXY: proxy };
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
    const env = { ...NO_PROXY_ENVIRONMENT, HTTPS_PROXY: proxy };
    const { stdout } = await runNode(script, { evaluate: true, env });
    t.regex(stdout, /^ERR_INVALID_CONFIG .*HTTPS_PROXY/);
  });
}

test('http.ca of one interceptor is not trusted by another', async (t) => {
  const server = await start(t);
  await create(server).getAuthorizationHeader();
  const other = await makeCertificates();
  await t.throwsAsync(create(server, { http: { ca: other.caPem } }).getAuthorizationHeader(), {
    code: 'ERR_TLS',
  });
});

test('NODE_EXTRA_CA_CERTS is trusted', async (t) => {
  const server = await start(t);
  const NODE_EXTRA_CA_CERTS = join(directory, 'ca.pem');
  t.is(await outcomeOf(server, { http: {} }, { NODE_EXTRA_CA_CERTS }), 'Bearer');
});

test('without it, the same server is not', async (t) => {
  const server = await start(t);
  const outcome = await outcomeOf(server, { http: {} }, { NODE_EXTRA_CA_CERTS: undefined });
  t.regex(outcome, /^ERR_TLS /);
});

test('a NODE_EXTRA_CA_CERTS that cannot be used is named by the error that follows', async (t) => {
  const server = await start(t);
  for (const file of ['broken.pem', 'missing.pem']) {
    const NODE_EXTRA_CA_CERTS = join(directory, file);
    const outcome = await outcomeOf(server, { http: {} }, { NODE_EXTRA_CA_CERTS });
    t.regex(outcome, /^ERR_TLS /);
    t.true(outcome.includes(NODE_EXTRA_CA_CERTS), outcome);
  }
});

test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch verification off', async (t) => {
  const server = await start(t);
  const outcome = await outcomeOf(
    server,
    { http: {} },
    { NODE_EXTRA_CA_CERTS: undefined, NODE_TLS_REJECT_UNAUTHORIZED: '0' },
  );
  t.regex(outcome, /^ERR_TLS /);
});

for (const option of ['fhirBaseUrl', 'issuer', 'tokenEndpoint']) {
  test(`${option} in clear text is refused off this machine`, (t) => {
    const error = t.throws(() => plain({ [option]: 'http://fhir.example.org/r4' }));
    t.is(error.code, 'ERR_INSECURE_URL');
    t.regex(error.message, /https/);
  });
}

test('a FHIR base in clear text is refused for the request at hand', async (t) => {
  const error = await t.throwsAsync(
    plain({}).getAuthorizationHeader({ fhirBaseUrl: 'http://fhir.example.org/r4' }),
  );
  t.is(error.code, 'ERR_INSECURE_URL');
});

test('clear text is allowed on loopback', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: server.url('/token') }));
  server.on('POST /token', tokenResponse());
  for (const host of ['127.0.0.1', 'localhost']) {
    const fhirBaseUrl = server.url('/fhir').replace('127.0.0.1', host);
    const interceptor = plain({ fhirBaseUrl, http: { proxy: null } });
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer test-token');
  }
});

test('clear text is allowed where it is asked for', (t) => {
  t.notThrows(() => plain({ tokenEndpoint: 'http://fhir.example.org/token', allowInsecureHttp: true }));
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

test('a proxy that refuses is an error that sends one to the proxy settings', async (t) => {
  const server = await start(t);
  const proxy = await proxyOf(t, { credentials: 'user:pass-word' });
  const interceptor = create(server, {
    http: { proxy: `http://127.0.0.1:${proxy.port}` },
    retry: { attempts: 1 },
  });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
  t.regex(error.message, /proxy/i);
  t.is(server.requests.length, 0);
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

/** In a process of its own: `Bearer`, or the code and message of the failure. */
async function outcomeOf(server, options, env) {
  const script = `
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));
    await interceptor.getAuthorizationHeader().then(
      (header) => process.stdout.write(header.split(' ')[0]),
      (error) => process.stdout.write(error.code + ' ' + error.message));`;
  const args = [JSON.stringify({ ...server.options, retry: { attempts: 1 }, ...options })];
  const { stdout } = await runNode(script, {
    evaluate: true,
    args,
    env: { ...NO_PROXY_ENVIRONMENT, ...env },
  });
  return stdout;
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

/** A client of no server in particular. */
function plain(options) {
  return ClientAuthInterceptorFactory.create({
    clientId: 'c',
    clientSecret: 'test-secret',
    scope: null,
    ...options,
  });
}

function derOf(pem) {
  return Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64');
}
