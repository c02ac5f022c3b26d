import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { makeCaAsServer } from './support/ca-as-server.mjs';
import { outcomeOf } from './support/child-client.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';

/** On macOS and Windows the system itself judges certificates. */
const isVerifiedHere = !['darwin', 'win32'].includes(process.platform);

let certificates;
let directory;

test.before(async () => {
  certificates = await makeCertificates();
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

test('http.ca of one interceptor is not trusted by another', async (t) => {
  const server = await start(t);
  await create(server).getAuthorizationHeader();
  const other = await makeCertificates();
  await t.throwsAsync(create(server, { http: { ca: other.caPem } }).getAuthorizationHeader(), {
    code: 'ERR_TLS',
  });
});

test('a self-signed certificate of a CA, as openssl req -x509 makes it, is taken where http.ca has that very one', async (t) => {
  const certificates = await makeCaAsServer();
  const server = await openTokenEndpoint(t, { certificates: { ...certificates, caPem: '' } });
  const http = { ca: certificates.certificatePem };
  const outcome = await create(server, { http })
    .getAuthorizationHeader()
    .catch(({ code }) => code);
  t.regex(outcome, isVerifiedHere ? /^Bearer / : /^Bearer |^ERR_TLS$/);
});

for (const [kind, options, pattern] of [
  ['has ended', { endsInHours: -1 }, /outside its validity/],
  ['is for another host', { hostname: 'elsewhere.example.test' }, /another host name/],
]) {
  test(`a self-signed certificate that ${kind} is refused, also where http.ca has it`, async (t) => {
    const certificates = await makeCaAsServer(options);
    const server = await openTokenEndpoint(t, { certificates: { ...certificates, caPem: '' } });
    const http = { ca: certificates.certificatePem };
    const error = await t.throwsAsync(create(server, { http }).getAuthorizationHeader(), { code: 'ERR_TLS' });
    if (isVerifiedHere) t.regex(error.message, pattern);
  });
}

test('a self-signed certificate is refused where http.ca has another one of the same name', async (t) => {
  const [certificates, other] = [await makeCaAsServer(), await makeCaAsServer()];
  const server = await openTokenEndpoint(t, { certificates: { ...certificates, caPem: '' } });
  const http = { ca: other.certificatePem };
  const error = await t.throwsAsync(create(server, { http }).getAuthorizationHeader(), { code: 'ERR_TLS' });
  t.regex(error.message, /http\.ca/);
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

function start(t) {
  return openTokenEndpoint(t, { certificates });
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
