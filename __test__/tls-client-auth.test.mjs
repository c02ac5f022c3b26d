import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { makeClientAuthority, makeSelfSignedCertificate } from './support/client-certificates.mjs';
import { ecJwks } from './support/keys.mjs';
import { certifiedClient, selfSignedClient, startMutualTlsProvider } from './support/mutual-tls-provider.mjs';
import { json, startRecordingServer, tokenResponse } from './support/recording-server.mjs';
import { keyClient } from './support/smart-servers.mjs';
import { collectWarnings } from './support/warnings.mjs';
import { decodeAssertion } from './support/wire.mjs';

const KEY = ecJwks();

let certified;
let stranger;
let selfSigned;
let provider;
let certificates;

test.before(async () => {
  const authority = await makeClientAuthority();
  [certified, stranger, selfSigned, certificates] = await Promise.all([
    authority.issue('client'),
    authority.issue('stranger'),
    makeSelfSignedCertificate('self-signed'),
    makeCertificates(),
  ]);
  provider = await startMutualTlsProvider({
    clientCaPem: authority.caPem,
    clients: [
      certifiedClient('certified', certified),
      certifiedClient('by-default', certified),
      certifiedClient('refused', certified),
      selfSignedClient('self-signed', selfSigned),
      keyClient('with-key', KEY),
    ],
  });
});

test.after.always(() => provider?.close());

test('oidc-provider with mTLS: tls_client_auth gets a token that is bound to the certificate', async (t) => {
  const header = await tokenOf('certified', certified, { clientAuthMethod: 'tls_client_auth' });
  t.is(await provider.boundTo(header), certified.thumbprint);
  const form = provider.forms.find(({ client_id }) => client_id === 'certified');
  t.deepEqual(
    { ...form },
    { grant_type: 'client_credentials', scope: 'system/*.rs', client_id: 'certified' },
  );
});

test('a certificate alone is enough: tls_client_auth is then the default', async (t) => {
  const header = await tokenOf('by-default', certified);
  t.is(await provider.boundTo(header), certified.thumbprint);
});

test('oidc-provider with mTLS: a self-signed certificate that is registered gets a token', async (t) => {
  const header = await tokenOf('self-signed', selfSigned);
  t.is(await provider.boundTo(header), selfSigned.thumbprint);
});

test('oidc-provider with mTLS: private_key_jwt gets a token that is bound to the certificate', async (t) => {
  const keystore = `with-key-${process.pid}`;
  Keystores.register(keystore, { jwks: KEY });
  t.teardown(() => Keystores.unregister(keystore));
  const header = await tokenOf('with-key', certified, { keystore });
  t.is(await provider.boundTo(header), certified.thumbprint);
});

test('another subject than the registered one is refused, and the error names the certificate', async (t) => {
  const error = await t.throwsAsync(tokenOf('refused', stranger), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.oauth.error, 'invalid_client');
  t.regex(error.message, /registered for tls_client_auth with the subject of http\.clientCertificate/);
});

test('a client with a certificate goes to the mtls_endpoint_alias, and one without to the token endpoint', async (t) => {
  const [plain, mutual] = [
    await recording(t),
    await recording(t, { requestCert: true, rejectUnauthorized: false }),
  ];
  plain.on('GET /fhir/.well-known/smart-configuration', json(200, configuration(plain, mutual)));
  await create(plain, { clientId: 'alias', http: { clientCertificate: certified } }).getAuthorizationHeader();
  t.deepEqual([posts(plain), posts(mutual)], [[], ['/mtls/token']]);
  await create(plain, { clientId: 'none', clientSecret: 'secret' }).getAuthorizationHeader();
  t.deepEqual([posts(plain), posts(mutual)], [['/token'], ['/mtls/token']]);
});

test('an assertion that goes to the mtls_endpoint_alias names it as its audience', async (t) => {
  const mutual = await recording(t);
  mutual.on('GET /fhir/.well-known/smart-configuration', json(200, configuration(mutual, mutual)));
  const keystore = `alias-${process.pid}`;
  Keystores.register(keystore, { jwks: KEY });
  t.teardown(() => Keystores.unregister(keystore));
  await create(mutual, { keystore, http: { clientCertificate: certified } }).getAuthorizationHeader();
  const form = new URLSearchParams(mutual.requests.at(-1).body);
  t.is(decodeAssertion(form.get('client_assertion')).claims.aud, mutual.url('/mtls/token'));
});

test('an mtls_endpoint_alias is bound by allowedTokenEndpointOrigins and by https as any endpoint', async (t) => {
  const [plain, mutual] = [await recording(t), await recording(t)];
  plain.on('GET /fhir/.well-known/smart-configuration', json(200, configuration(plain, mutual)));
  const http = { clientCertificate: certified };
  const allowedTokenEndpointOrigins = [plain.origin];
  await t.throwsAsync(create(plain, { http, allowedTokenEndpointOrigins }).getAuthorizationHeader(), {
    code: 'ERR_ORIGIN_NOT_ALLOWED',
  });
  const aliases = { token_endpoint: 'http://auth.example.org/token' };
  const document = { ...configuration(plain, mutual), mtls_endpoint_aliases: aliases };
  plain.on('GET /r4/.well-known/smart-configuration', json(200, document));
  const clear = create(plain, { http, fhirBaseUrl: plain.url('/r4') });
  await t.throwsAsync(clear.getAuthorizationHeader(), { code: 'ERR_INSECURE_URL' });
  t.deepEqual(posts(mutual), []);
});

test("with audience 'issuer' the alias of the issuer's own metadata counts, and not the FHIR server's", async (t) => {
  const [server, elsewhere] = [await recording(t), await recording(t)];
  const issuer = server.url('/issuer');
  const own = { ...configuration(server, server), issuer };
  server.on('GET /.well-known/oauth-authorization-server/issuer', json(200, own));
  const lie = { ...configuration(server, elsewhere), issuer };
  server.on('GET /fhir/.well-known/smart-configuration', json(200, lie));
  const keystore = `issuer-${process.pid}`;
  Keystores.register(keystore, { jwks: KEY });
  t.teardown(() => Keystores.unregister(keystore));
  const options = { keystore, audience: 'issuer', http: { clientCertificate: certified } };
  await create(server, options).getAuthorizationHeader();
  t.deepEqual([posts(server), posts(elsewhere)], [['/mtls/token'], []]);
});

for (const [listed, isWarned] of [
  [['tls_client_auth'], false],
  [['self_signed_tls_client_auth'], false],
  [['private_key_jwt'], true],
]) {
  test(`tls_client_auth where the server lists ${listed}: ${isWarned ? 'a warning' : 'no warning'}`, async (t) => {
    const server = await recording(t);
    const document = {
      ...configuration(server, server),
      token_endpoint_auth_methods_supported: listed,
      capabilities: ['client-confidential-asymmetric'],
    };
    server.on('GET /fhir/.well-known/smart-configuration', json(200, document));
    const clientId = `listed-${listed}`;
    const warnings = collectWarnings(t, clientId);
    await create(server, { clientId, http: { clientCertificate: certified } }).getAuthorizationHeader();
    const codes = warnings.map(({ code }) => code);
    t.deepEqual(
      codes.filter((code) => code.endsWith('_NOT_LISTED')),
      isWarned ? ['AUTH_METHOD_NOT_LISTED'] : [],
    );
  });
}

test('what does not go with tls_client_auth is told at create', (t) => {
  const clientAuthMethod = 'tls_client_auth';
  const clientCertificate = { pem: certified.pem };
  for (const [options, words] of [
    [{ clientAuthMethod }, /tls_client_auth needs http\.clientCertificate/],
    [
      { clientAuthMethod, audience: 'issuer', issuer: 'https://h', http: { clientCertificate } },
      /audience is that of assertions, and tls_client_auth sends none/,
    ],
    [
      { clientAuthMethod, tokenEndpoint: 'http://localhost/token', http: { clientCertificate } },
      /tokenEndpoint is not https/,
    ],
    [{}, /none of keystore, clientSecret and http\.clientCertificate/],
  ]) {
    const create = () => ClientAuthInterceptorFactory.create({ clientId: 'c', scope: null, ...options });
    t.regex(t.throws(create, { code: 'ERR_INVALID_CONFIG' }).message, words);
  }
});

test('a discovered http endpoint gets nothing from tls_client_auth', async (t) => {
  const server = await startRecordingServer();
  t.teardown(server.close);
  server.on('GET /fhir/.well-known/smart-configuration', json(200, { token_endpoint: server.url('/token') }));
  const interceptor = create(server, { http: { clientCertificate: certified } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_INVALID_CONFIG' });
  t.regex(error.message, /is not https, and without TLS there is no certificate/);
  t.deepEqual(posts(server), []);
});

function tokenOf(clientId, { pem }, options = {}) {
  return ClientAuthInterceptorFactory.create({
    clientId,
    scope: 'system/*.rs',
    tokenEndpoint: provider.tokenEndpoint,
    http: { ca: provider.caPem, proxy: null, clientCertificate: { pem } },
    ...options,
  }).getAuthorizationHeader();
}

async function recording(t, options = {}) {
  const { caPem: _, ...tls } = certificates;
  const server = await startRecordingServer({ tls: { ...tls, ...options } });
  t.teardown(server.close);
  for (const path of ['/token', '/mtls/token']) server.on(`POST ${path}`, tokenResponse());
  return server;
}

function configuration(plain, mutual) {
  return {
    token_endpoint: plain.url('/token'),
    mtls_endpoint_aliases: { token_endpoint: mutual.url('/mtls/token') },
  };
}

function posts({ requests }) {
  return requests.filter(({ method }) => method === 'POST').map(({ url }) => url);
}

function create(server, { http = {}, ...options }) {
  const { clientCertificate } = http;
  return ClientAuthInterceptorFactory.create({
    clientId: 'c',
    scope: 'system/*.rs',
    fhirBaseUrl: server.url('/fhir'),
    http: {
      ca: certificates.caPem,
      proxy: null,
      clientCertificate: clientCertificate && { pem: clientCertificate.pem },
    },
    ...options,
  });
}
