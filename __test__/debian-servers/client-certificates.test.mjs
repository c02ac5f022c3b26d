import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { makeClientAuthority } from '../support/client-certificates.mjs';
import { startNginx } from '../support/nginx.mjs';
import { startRecordingServer, tokenResponse } from '../support/recording-server.mjs';

let authority;
let certificates;
let nginx;
let upstream;

test.before(async () => {
  [authority, certificates] = await Promise.all([makeClientAuthority(), makeCertificates()]);
  upstream = await startRecordingServer();
  upstream.on('POST /token', tokenResponse());
  const { origin } = upstream;
  nginx = await startNginx({ tls: certificates, upstream: origin, clientCaPem: authority.caPem });
});

test.after.always(async () => {
  await nginx?.close();
  await upstream?.close();
});

test('nginx wants a client certificate: the one of http.clientCertificate gets through', async (t) => {
  const { pem } = await authority.issue('client');
  t.is(await tokenWith({ pem }), 'Bearer test-token');
});

test('nginx wants a client certificate and gets none: its 400 page is told as that', async (t) => {
  await refused(t, undefined);
});

test('nginx does not take the client certificate: its 400 page is told as that', async (t) => {
  const stranger = await makeClientAuthority({ name: 'another' });
  const { pem } = await stranger.issue('client');
  await refused(t, { pem });
});

async function refused(t, clientCertificate) {
  const error = await t.throwsAsync(tokenWith(clientCertificate), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.status, 400);
  t.regex(
    error.message,
    /wants a client certificate, or does not take this one: see http\.clientCertificate/,
  );
  t.false(error.message.includes('login page'), error.message);
}

function tokenWith(clientCertificate) {
  return ClientAuthInterceptorFactory.create({
    clientId: 'client',
    clientSecret: 'secret',
    scope: null,
    tokenEndpoint: `${nginx.origin}/token`,
    http: { ca: certificates.caPem, proxy: null, ...(clientCertificate && { clientCertificate }) },
  }).getAuthorizationHeader();
}
