import { randomUUID } from 'node:crypto';
import { get } from 'node:https';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { startClockedAuthorizationServer } from '../support/clocked-authorization-server.mjs';
import { clockEnv } from '../support/debian-programs.mjs';
import { startGlewlwyd } from '../support/glewlwyd.mjs';
import { rsaJwks } from '../support/keys.mjs';
import { keyClient } from '../support/smart-servers.mjs';

// Servers whose clock is wrong: theirs by libfaketime, not ours. Their `Date` is wrong with it.

const KEYS = rsaJwks();
const SCOPE = 'system/*.read';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

test('a server whose clock is 120 s ahead gives a token with the defaults', async (t) => {
  const server = await openOidcProvider(t, 120);
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer \S+$/);
});

test('a server whose clock is 120 s behind gives a token with the defaults', async (t) => {
  const server = await openOidcProvider(t, -120);
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer \S+$/);
});

test('a server whose clock is 10 minutes ahead refuses, and the error says how far it is off', async (t) => {
  const server = await openOidcProvider(t, 600);
  const error = await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.oauth.error, 'invalid_client');
  t.regex(error.message, /clock is (59\d|60\d) s behind the server's/);
});

test('a server whose clock is 10 minutes behind, and that looks at exp alone, gives a token', async (t) => {
  const server = await openOidcProvider(t, -600);
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer \S+$/);
});

test('a server whose clock is 10 minutes behind, and that takes no exp far ahead, refuses, and the error says how far it is off', async (t) => {
  const server = await openGlewlwyd(t, -600);
  const error = await t.throwsAsync(create(server).getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.status, 403);
  t.regex(error.message, /clock is (59\d|60\d) s ahead of the server's/);
});

test('a server whose clock is 120 s behind, and that takes no exp far ahead, gives a token with the defaults', async (t) => {
  const server = await openGlewlwyd(t, -120);
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer \S+$/);
  const longer = create(server, { assertion: { lifetimeSeconds: 240 } });
  const error = await t.throwsAsync(longer.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.regex(error.message, /clock is 1[12]\d s ahead of the server's/);
});

test('a server whose clock is 120 s ahead, and that takes no exp far ahead, gives a token with the defaults', async (t) => {
  const server = await openGlewlwyd(t, 120);
  t.regex(await create(server).getAuthorizationHeader(), /^Bearer \S+$/);
});

async function openOidcProvider(t, aheadSeconds) {
  const clients = [keyClient('client', KEYS)];
  const server = await startClockedAuthorizationServer({ tls: certificates, clients, aheadSeconds });
  t.teardown(server.close);
  const url = `${server.issuer}/.well-known/openid-configuration`;
  const response = await new Promise((resolve, reject) => {
    get(url, { ca: certificates.caPem, agent: false }, resolve).once('error', reject);
  });
  response.resume();
  isOff(t, response.headers.date, aheadSeconds);
  return server;
}

/** That takes no assertion which ends more than five minutes ahead, as SMART says. */
async function openGlewlwyd(t, aheadSeconds) {
  const clients = [{ clientId: 'client', jwks: KEYS }];
  const env = clockEnv(aheadSeconds);
  const server = await startGlewlwyd({ clients, scope: SCOPE, maxAssertionSeconds: 300, env });
  t.teardown(server.close);
  const { headers } = await fetch(`${server.issuer}/.well-known/openid-configuration`);
  isOff(t, headers.get('date'), aheadSeconds);
  return server;
}

function isOff(t, date, aheadSeconds) {
  const seconds = (Date.parse(date) - Date.now()) / 1000;
  t.true(Math.abs(seconds - aheadSeconds) < 15, `its clock is ${seconds} s ahead`);
}

function create({ issuer }, changes = {}) {
  const keystore = `clocks-${randomUUID()}`;
  Keystores.register(keystore, { jwks: KEYS });
  return ClientAuthInterceptorFactory.create({
    clientId: 'client',
    keystore,
    scope: SCOPE,
    issuer,
    http: { ca: certificates.caPem, proxy: null },
    ...changes,
  });
}
