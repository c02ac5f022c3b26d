import { randomUUID } from 'node:crypto';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { startAuthorizationServer } from '../../examples/embedded/authorization-server.mjs';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { rsaJwks } from '../support/keys.mjs';
import { startNginx } from '../support/nginx.mjs';
import { keyClient } from '../support/smart-servers.mjs';
import { decodeAssertion } from '../support/wire.mjs';

// oidc-provider behind nginx, which ends TLS. Where nginx does not tell of that, the server takes itself for an http
// one, and an assertion has to be for that one.

const KEYS = rsaJwks();
const SCOPE = 'system/*.read';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('oidc-provider behind nginx, with an http issuer: only forceHttpInTokenRequestAudience gets a token', async (t) => {
  const server = await open(t, { knowsOfTls: false });
  t.true(server.tokenEndpoint.startsWith('http:') && server.calledTokenEndpoint.startsWith('https:'));

  const error = await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.deepEqual([error.oauth.error, error.url], ['invalid_client', server.calledTokenEndpoint]);
  t.regex(error.message, /forceHttpInTokenRequestAudience: true/);
  t.regex(server.tokenRequests.at(-1).refusal, /audience/);
  t.is(audienceOf(server), server.calledTokenEndpoint);

  const forced = create(server, { forceHttpInTokenRequestAudience: true });
  t.regex(await forced.getAuthorizationHeader(), /^Bearer \S+$/);
  t.is(audienceOf(server), server.tokenEndpoint);
});

test('oidc-provider behind nginx, with an http issuer: the issuer in clear text as audience gets a token, too', async (t) => {
  const server = await open(t, { knowsOfTls: false });
  const interceptor = create(server, { audience: server.issuer });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

test('oidc-provider behind nginx, by its https address as issuer: refused, as its metadata names the http one', async (t) => {
  const server = await open(t, { knowsOfTls: false });
  const issuer = new URL(server.calledTokenEndpoint).origin;
  const interceptor = create(server, { issuer, tokenEndpoint: undefined });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_ISSUER_MISMATCH' });
  t.true(error.message.includes(`'${server.issuer}', not '${issuer}'`), error.message);
  t.is(server.tokenRequests.length, 0);
});

test('oidc-provider behind nginx, which tells it of the TLS: a token with the defaults, by the issuer', async (t) => {
  const server = await open(t, { knowsOfTls: true });
  const interceptor = create(server, { issuer: server.issuer, tokenEndpoint: undefined });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
  t.is(audienceOf(server), server.calledTokenEndpoint);
  const forced = create(server, { forceHttpInTokenRequestAudience: true });
  const error = await t.throwsAsync(forced.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.regex(error.message, /forceHttpInTokenRequestAudience/);
});

/** For one test. `calledTokenEndpoint`: where nginx has it. */
async function open(t, { knowsOfTls }) {
  let origin;
  const server = await startAuthorizationServer({
    clients: [keyClient('client', KEYS)],
    async front(upstream) {
      const nginx = await startNginx({ tls: certificates, upstream, tellsScheme: knowsOfTls });
      t.teardown(nginx.close);
      origin = nginx.origin;
      return knowsOfTls ? origin : origin.replace('https:', 'http:');
    },
  });
  t.teardown(server.close);
  return { ...server, calledTokenEndpoint: `${origin}/token` };
}

function create(server, changes) {
  const keystore = `termination-${randomUUID()}`;
  Keystores.register(keystore, { jwks: KEYS });
  return ClientAuthInterceptorFactory.create({
    clientId: 'client',
    keystore,
    scope: SCOPE,
    tokenEndpoint: server.calledTokenEndpoint,
    http: { ca: certificates.caPem, proxy: null },
    ...changes,
  });
}

function audienceOf(server) {
  return decodeAssertion(server.tokenRequests.at(-1).form.get('client_assertion')).claims.aud;
}
