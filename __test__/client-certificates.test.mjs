import { readFileSync } from 'node:fs';
import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory, ClientAuthParams } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { KEY_ALGORITHMS, makeClientAuthority } from './support/client-certificates.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';

const PASSPHRASE = 'kitten-42';

let certificates;
let authority;

test.before(async () => {
  [certificates, authority] = await Promise.all([makeCertificates(), makeClientAuthority()]);
});

for (const key of Object.keys(KEY_ALGORITHMS)) {
  // OpenSSL takes a certificate in TLS 1.2 on curves alone that the client exchanges keys with as well.
  for (const version of key === 'P-521' ? ['TLSv1.3'] : ['TLSv1.2', 'TLSv1.3']) {
    test(`a server that wants a client certificate gets it: ${key}, ${version}`, async (t) => {
      const server = await openGuarded(t, { minVersion: version, maxVersion: version });
      const { pem, thumbprint } = await authority.issue('client', { key });
      t.regex(await create(server, { pem }).getAuthorizationHeader(), /^Bearer /);
      t.deepEqual(server.shown, [thumbprint]);
    });
  }
}

test('it is shown for discovery as for the token request, and goes with any way to authenticate', async (t) => {
  const server = await openGuarded(t);
  const { pem } = await authority.issue('client');
  await create(server, { pem }).getAuthorizationHeader();
  t.deepEqual(
    server.requests.map(({ method, url }) => `${method} ${url}`),
    ['GET /fhir/.well-known/smart-configuration', 'POST /token'],
  );
  t.regex(server.tokenRequests()[0].headers.authorization, /^Basic /);
});

for (const [form, certificateOf] of Object.entries({
  'PEM text': ({ pem }) => ({ pem }),
  'PEM bytes': ({ pem }) => ({ pem: Buffer.from(pem) }),
  'PEM with the certificate in front': (made) => ({ pem: made.certificatePem + made.privateKeyPem }),
  'PEM with an encrypted key': (made) => ({ pem: made.encryptedPem(PASSPHRASE), passphrase: PASSPHRASE }),
})) {
  test(`http.clientCertificate as ${form}`, async (t) => {
    const server = await openGuarded(t);
    const made = await authority.issue('client');
    await create(server, certificateOf(made)).getAuthorizationHeader();
    t.deepEqual(server.shown, [made.thumbprint]);
  });
}

for (const file of ['chain.p12', 'openssl-rsa.p12', 'legacy.p12', 'keytool.p12']) {
  test(`http.clientCertificate as PKCS#12: ${file}`, async (t) => {
    // Whose certificate it is does not matter here: the handshake has proved that its key was at hand.
    const server = await openGuarded(t, { rejectUnauthorized: false });
    const pkcs12 = readFileSync(new URL(`fixtures/keystores/${file}`, import.meta.url));
    await create(server, { pkcs12, passphrase: PASSPHRASE }).getAuthorizationHeader();
    t.is(server.shown.length, 1);
  });
}

test('the certificates of authorities between are sent along', async (t) => {
  const server = await openGuarded(t);
  const { pem, thumbprint } = await authority.issueThroughIntermediate('client');
  await create(server, { pem }).getAuthorizationHeader();
  t.deepEqual(server.shown, [thumbprint]);
});

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`a server that wants a client certificate and gets none: the error says what to set (${version})`, async (t) => {
    const server = await openGuarded(t, { minVersion: version, maxVersion: version });
    const error = await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_TLS' });
    t.true(error.message.includes(server.fhirBaseUrl), error.message);
    t.regex(error.message, /wants a client certificate.*http\.clientCertificate/);
    t.false(error.transient);
  });
}

test('a server that hangs up on the certificate: the error says what it may be', async (t) => {
  const stranger = await makeClientAuthority({ name: 'another' });
  const { pem } = await stranger.issue('client');
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const server = await openGuarded(t, { minVersion: version, maxVersion: version });
    const error = await t.throwsAsync(create(server, { pem }).getAuthorizationHeader());
    t.is(error.code, 'ERR_NETWORK');
    t.regex(error.message, /does not take the client certificate .* can end like this/);
  }
});

test('a server that asks for none gets none', async (t) => {
  const server = await openTokenEndpoint(t, { certificates });
  const { pem } = await authority.issue('client');
  t.regex(await create(server, { pem }).getAuthorizationHeader(), /^Bearer /);
});

test('clients with different certificates share no token, and clients with the same one do', async (t) => {
  const server = await openGuarded(t);
  const [one, other] = [await authority.issue('one'), await authority.issue('other')];
  const header = ({ pem }) => create(server, { pem }).getAuthorizationHeader();
  const first = await header(one);
  t.is(await header(one), first);
  t.not(await header(other), first);
  t.deepEqual(new Set(server.shown), new Set([one.thumbprint, other.thumbprint]));
  t.is(server.tokenRequests().length, 2);
});

test('a certificate that cannot be used is told at create, under its own code', async (t) => {
  const [made, other] = [await authority.issue('client'), await authority.issue('other')];
  const encrypted = made.encryptedPem(PASSPHRASE);
  for (const [clientCertificate, code, words] of [
    [{}, 'ERR_INVALID_CONFIG', /exactly one of pem and pkcs12/],
    [{ pem: made.pem, pkcs12: Buffer.from(made.pem) }, 'ERR_INVALID_CONFIG', /exactly one/],
    [{ pem: 7 }, 'ERR_INVALID_CONFIG', /clientCertificate\.pem: expected a string or a Uint8Array/],
    [{ pem: made.pem, pfx: 'x' }, 'ERR_INVALID_CONFIG', /clientCertificate\.pfx: unknown option/],
    [made.pem, 'ERR_INVALID_CONFIG', /clientCertificate: expected an object/],
    [{ pem: made.privateKeyPem }, 'ERR_INVALID_CONFIG', /no certificate of that key/],
    [{ pem: made.certificatePem }, 'ERR_KEYSTORE_UNUSABLE_KEY', /private key/],
    [{ pem: made.privateKeyPem + other.certificatePem }, 'ERR_KEYSTORE_UNUSABLE_KEY', /does not belong/],
    [{ pem: 'nothing of the kind' }, 'ERR_KEYSTORE_CORRUPT', /PEM/],
    [{ pem: encrypted }, 'ERR_KEYSTORE_PASSPHRASE', /passphrase/],
    [{ pem: encrypted, passphrase: 'puppy-2023' }, 'ERR_KEYSTORE_PASSPHRASE', /passphrase/],
  ]) {
    const error = t.throws(() => plain({ http: { clientCertificate } }), { code });
    t.regex(error.message, words);
    t.regex(error.message, /http\.clientCertificate/);
    t.false(error.message.includes('puppy'), error.message);
  }
});

test('neither the key nor its passphrase is seen from outside', async (t) => {
  const made = await authority.issue('client');
  const params = ClientAuthParams.from({ clientId: 'c', scope: null }).with({
    http: { clientCertificate: { pem: made.encryptedPem(PASSPHRASE), passphrase: PASSPHRASE } },
  });
  const interceptor = ClientAuthInterceptorFactory.create(params);
  for (const seen of [params, interceptor]) {
    const shown = inspect(seen, { depth: 9, showHidden: true }) + JSON.stringify(seen);
    t.false(shown.includes(PASSPHRASE) || shown.includes('PRIVATE KEY'), shown);
  }
});

/** Wants a certificate of `authority`; `shown`: the thumbprints that token requests came with. */
async function openGuarded(t, options = {}) {
  const wanted = { ca: authority.caPem, requestCert: true, rejectUnauthorized: true, ...options };
  const server = await openTokenEndpoint(t, { certificates: { ...certificates, ...wanted } });
  const shown = [];
  let tokens = 0;
  server.on('POST /token', (request, response) => {
    const { fingerprint256 } = request.socket.getPeerCertificate();
    shown.push(Buffer.from(fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'));
    tokens += 1;
    const { status, headers, body } = tokenResponse({ access_token: `token-${tokens}` });
    response.writeHead(status, headers).end(body);
  });
  return { ...server, shown };
}

function create(server, clientCertificate) {
  const http = { ...server.options.http, clientCertificate };
  return ClientAuthInterceptorFactory.create({ ...server.options, retry: { attempts: 1 }, http });
}

function plain(options) {
  return ClientAuthInterceptorFactory.create({ clientId: 'c', clientSecret: 's', scope: null, ...options });
}
