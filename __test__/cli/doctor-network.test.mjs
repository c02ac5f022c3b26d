import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { makeClientAuthority } from '../support/client-certificates.mjs';
import { BIN, smartM2m } from '../support/command-line.mjs';
import { openPlainServer } from '../support/open-servers.mjs';
import { startProxy } from '../support/proxy.mjs';

// The doctor's own requests, beside those of the core.

const require = createRequire(import.meta.url);
const { proxyFor } = require('../../lib/cli/doctor/proxies.js');

const SECRET = { SMART_M2M_CLIENT_SECRET: 'a-secret-of-the-client' };
const CLIENT = ['--client-id', 'c', '--scope', 'system/Patient.rs'];
const PROXY = 'http://proxy.example.org:3128';

test("doctor: its own requests go through the core's proxy, in clear text", async (t) => {
  const server = await openPlainServer(t);
  const proxy = await startProxy({ leadsTo: Number(new URL(server.origin).port), credentials: 'me:pa%40ss' });
  t.teardown(proxy.close);
  const args = ['doctor', 'http://fhir.example.org/fhir', ...CLIENT, '--allow-insecure-http'];
  const endpoint = ['--token-endpoint', 'http://fhir.example.org/token'];
  const url = proxy.url.replace('pa%40ss', 'pa%2540ss');
  const { code, stdout } = await smartM2m([...args, ...endpoint], { ...SECRET, HTTP_PROXY: url });
  t.is(code, 0, stdout);
  t.regex(stdout, /✓ FHIR request/);
  t.false(stdout.includes('pa%'), stdout);
  t.deepEqual(
    proxy.forwarded.map((request) => request.url),
    [
      'http://fhir.example.org/token',
      'http://fhir.example.org/token',
      'http://fhir.example.org/fhir/Patient?_count=1',
    ],
  );
});

test("doctor: its own requests go through the core's proxy, in TLS", async (t) => {
  const server = await startSmartServer();
  t.teardown(() => server.close());
  server.registerClient({ clientId: 'c', clientSecret: SECRET.SMART_M2M_CLIENT_SECRET });
  const proxy = await startProxy({ credentials: 'me:password-of-the-proxy' });
  t.teardown(proxy.close);
  const ca = join(await directoryFor(t), 'ca.pem');
  await writeFile(ca, server.ca);
  const doctor = (env) =>
    smartM2m(['doctor', server.fhirBaseUrl, ...CLIENT, '--ca', ca], { ...SECRET, ...env });
  const { code, stdout } = await doctor({ HTTPS_PROXY: proxy.url });
  t.is(code, 0, stdout);
  t.regex(stdout, /TLS {13}localhost:\d+: TLSv1\.3/);
  t.regex(stdout, /✓ FHIR request/);
  t.false(stdout.includes('password-of-the-proxy'), stdout);
  // The core keeps its connection.
  t.deepEqual(
    proxy.tunnels.map(({ target }) => target),
    Array(3).fill(new URL(server.fhirBaseUrl).host),
  );
});

test('doctor: a proxy that refuses is named', async (t) => {
  const authorization = await openPlainServer(t);
  const proxy = await startProxy({ credentials: 'me:right' });
  t.teardown(proxy.close);
  const endpoint = ['--token-endpoint', authorization.url('/token'), '--allow-insecure-http'];
  const { code, stdout } = await smartM2m(['doctor', 'https://fhir.example.org/r4', ...CLIENT, ...endpoint], {
    ...SECRET,
    HTTPS_PROXY: proxy.url.replace('right', 'wrong'),
  });
  t.is(code, 1);
  const told = stdout.replaceAll(/\s+/g, ' ');
  t.regex(told, /✗ FHIR request .*the proxy did not open a way to fhir\.example\.org \(HTTP 407\)/);
  t.regex(told, /change check .* the proxy/);
});

for (const [url, http, env, expected] of [
  ['https://h.example.org', {}, {}, false],
  ['https://h.example.org', {}, { HTTPS_PROXY: PROXY }, true],
  ['https://h.example.org', {}, { https_proxy: PROXY }, true],
  ['https://h.example.org', {}, { HTTP_PROXY: PROXY }, false],
  ['https://h.example.org', {}, { ALL_PROXY: PROXY }, true],
  ['https://h.example.org', {}, { HTTPS_PROXY: '' }, false],
  ['https://h.example.org', {}, { HTTPS_PROXY: 'proxy.example.org:3128' }, true],
  ['https://h.example.org', { proxy: null }, { HTTPS_PROXY: PROXY }, false],
  ['https://h.example.org', { proxy: PROXY }, {}, true],
  ['https://h.example.org', { proxy: PROXY, noProxy: 'example.org' }, {}, false],
  ['https://h.example.org', {}, { HTTPS_PROXY: PROXY, NO_PROXY: '.example.org' }, false],
  ['https://h.example.org', {}, { HTTPS_PROXY: PROXY, NO_PROXY: 'a.org, *' }, false],
  ['https://h.example.org', {}, { HTTPS_PROXY: PROXY, NO_PROXY: 'ample.org' }, true],
  ['https://10.1.2.3', {}, { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8' }, false],
  ['https://11.1.2.3', {}, { HTTPS_PROXY: PROXY, NO_PROXY: '10.0.0.0/8,::1,x/y' }, true],
  ['https://[::1]:8443', {}, { HTTPS_PROXY: PROXY, NO_PROXY: '::1' }, false],
]) {
  const given = JSON.stringify({ ...http, ...env });
  test(`${url} is ${expected ? '' : 'not '}behind a proxy with ${given}`, (t) => {
    t.is(proxyFor(new URL(url), http, env)?.href ?? null, expected ? `${PROXY}/` : null);
  });
}

test('doctor: a client certificate is shown to the FHIR server as well', async (t) => {
  const directory = await directoryFor(t);
  const [{ caPem, certificatePem, privateKeyPem }, clients] = await Promise.all([
    makeCertificates(),
    makeClientAuthority(),
  ]);
  const tls = { cert: certificatePem, key: privateKeyPem, ca: clients.caPem, requestCert: true };
  const server = createServer(tls, (request, response) => {
    const origin = `https://localhost:${server.address().port}`;
    const body = request.url.startsWith('/token')
      ? { access_token: 'test-token', token_type: 'bearer', expires_in: 300, scope: 'system/Patient.rs' }
      : { token_endpoint: `${origin}/token` };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const certificate = await clients.issue('my-client');
  const [ca, pem, secret] = ['ca.pem', 'client.pem', 'passphrase'].map((name) => join(directory, name));
  await Promise.all([
    writeFile(ca, caPem),
    writeFile(pem, certificate.encryptedPem('open sesame')),
    writeFile(secret, 'open sesame\n'),
  ]);
  const base = `https://localhost:${server.address().port}/fhir`;
  const files = ['--ca', ca, '--client-certificate', pem, '--passphrase-file', secret];
  const { code, stdout } = await smartM2m(['doctor', base, ...CLIENT, ...files], {
    ...SECRET,
    // A certificate that nobody has looked at must not get the token.
    NODE_TLS_REJECT_UNAUTHORIZED: undefined,
  });
  t.regex(stdout, /✓ FHIR request .*HTTP 200/s);
  t.is(code, 0, stdout);
});

test('doctor: NODE_TLS_REJECT_UNAUTHORIZED does not send the token to a server that is not trusted', async (t) => {
  const [{ certificatePem, privateKeyPem }, authorization] = await Promise.all([
    makeCertificates(),
    openPlainServer(t),
  ]);
  const heard = [];
  const server = createServer({ cert: certificatePem, key: privateKeyPem }, (request, response) => {
    heard.push(request.url);
    response.end('{}');
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  t.teardown(() => server.close().closeAllConnections());
  const base = `https://localhost:${server.address().port}/fhir`;
  const endpoint = ['--token-endpoint', authorization.url('/token'), '--allow-insecure-http'];
  const { code, stdout } = await smartM2m(['doctor', base, ...CLIENT, ...endpoint], {
    ...SECRET,
    NODE_TLS_REJECT_UNAUTHORIZED: '0',
  });
  t.is(code, 1, stdout);
  t.regex(stdout, /✗ FHIR request/);
  t.deepEqual(heard, []);
});

if (process.platform !== 'win32') {
  test('doctor: Ctrl-C while the FHIR server keeps silent ends with exit code 130', async (t) => {
    const server = await openPlainServer(t);
    const asked = new Promise((resolve) => {
      server.on('GET /fhir/Patient', (_request, _response, _body) => resolve());
    });
    const child = spawn(process.execPath, [BIN, 'doctor', server.fhirBaseUrl, ...CLIENT, '--json'], {
      env: { ...process.env, ...SECRET, HTTP_PROXY: '', http_proxy: '', ALL_PROXY: '', all_proxy: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    t.teardown(() => child.kill('SIGKILL'));
    let stdout = '';
    child.stdout.on('data', (text) => {
      stdout += text;
    });
    await asked;
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    t.is(code, 130);
    t.is(stdout, '');
  });
}

async function directoryFor(t) {
  const directory = await mkdtemp(join(tmpdir(), 'smart-m2m-network-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  return directory;
}
