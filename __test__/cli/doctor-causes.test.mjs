import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { smartM2m } from '../support/command-line.mjs';
import { ecJwks } from '../support/keys.mjs';
import { openPlainServer } from '../support/open-servers.mjs';
import { json, text, tokenResponse } from '../support/recording-server.mjs';

// Which cause the doctor names, and which it must not.

const SECRET = { SMART_M2M_CLIENT_SECRET: 'a-secret-of-32-octets-or-even-more' };
const CLIENT = ['--client-id', 'c', '--scope', 'system/Patient.rs'];
const TEN_MINUTES_AWAY = { date: new Date(Date.now() + 600_000).toUTCString() };
const PAGE = { 'content-type': 'text/html' };

let directory;
let keyFile;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-causes-'));
  keyFile = join(directory, 'key.jwks');
  await writeFile(keyFile, JSON.stringify(ecJwks()));
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

const REFUSALS = {
  'a page of a gateway that says 503 is no login page': {
    answer: text(503, '<html>Service unavailable</html>', PAGE),
    says: /HTTP 503/,
    not: /login page/,
  },
  "Auth0's missing audience is a parameter, where there is no assertion": {
    answer: json(403, { error: 'access_denied', error_description: 'No audience parameter was provided' }),
    says: /wants a parameter of the token request .*--parameter audience=/,
    not: /undefined|--audience issuer/,
  },
  'a refusal that no experiment fits points at none': {
    args: ['--method', 'client_secret_jwt'],
    answer: json(401, { error: 'invalid_client' }),
    says: /compare them with what is registered/,
    not: /experiment/,
  },
  'a refused scope comes before a clock that the server has not complained about': {
    hasKey: true,
    answer: json(400, { error: 'invalid_scope' }, TEN_MINUTES_AWAY),
    says: /✗ Clock .* cause the server does not grant system\/Patient\.rs/,
    not: /cause this machine's clock/,
  },
  "Keycloak's unauthorized_client for a wrong secret is about the secret": {
    answer: json(401, {
      error: 'unauthorized_client',
      error_description: 'Invalid client or Invalid client credentials',
    }),
    says: /cause .*the client id, the secret.*basicEncoding: 'raw'/,
    not: /grant type/,
  },
  'unauthorized_client that says no more is about the grant type': {
    answer: json(400, { error: 'unauthorized_client' }),
    says: /not registered for the grant type client_credentials/,
  },
  'a refusal without an OAuth error leads to experiments as well': {
    answer: json(401, {}),
    says: /cause the server does not say .*basicEncoding: 'raw'/,
  },
};

for (const [name, { hasKey = false, args = [], answer, says, not }] of Object.entries(REFUSALS)) {
  test(`doctor: ${name}`, async (t) => {
    const server = await openPlainServer(t);
    server.on('POST /token', answer);
    const told = await doctor(server.fhirBaseUrl, [...(hasKey ? ['--key', keyFile] : []), ...args]);
    t.is(told.code, 1);
    t.regex(told.line, says);
    if (not !== undefined) t.notRegex(told.line, not);
  });
}

const FHIR_ANSWERS = {
  'a redirect to a login is no authorised request': {
    answer: { status: 302, headers: { location: 'https://login.example.org/start?state=1' } },
    says: /✗ FHIR request .*HTTP 302.* to https:\/\/login\.example\.org, which .*not followed/,
  },
  'a page is no answer of a FHIR server': {
    answer: text(200, '<html>Log in</html>', PAGE),
    says: /✗ FHIR request .*HTTP 200, text\/html.*a web page/,
  },
  'a FHIR server that fails says nothing about the token': {
    answer: text(503, ''),
    says: /✗ FHIR request .*HTTP 503 .*cause the FHIR server failed/,
    not: /token was accepted/,
  },
  'a FHIR server that ends the connection is no matter of certificates': {
    answer: { destroy: true },
    says: /✗ FHIR request .*cause the FHIR server gave no answer change check the address, DNS and the firewall/,
    not: /NODE_EXTRA_CA_CERTS/,
  },
};

for (const [name, { answer, says, not }] of Object.entries(FHIR_ANSWERS)) {
  test(`doctor: ${name}`, async (t) => {
    const server = await openPlainServer(t);
    server.on('GET /fhir/Patient', answer);
    const told = await doctor(server.fhirBaseUrl);
    t.is(told.code, 1);
    t.regex(told.line, says);
    if (not !== undefined) t.notRegex(told.line, not);
  });
}

const KEY_SETS = {
  'a page': { answer: text(200, '<html>', PAGE), says: /✗ Registered keys .*is no JWKS/ },
  'a list without keys': { answer: json(200, { keys: null }), says: /✗ Registered keys .*is no JWKS/ },
  'null among its keys': {
    answer: json(200, { keys: [null] }),
    says: /✗ Registered keys .*no key with the kid/,
  },
  'keys, where no kid is sent': {
    answer: json(200, { keys: [{}] }),
    args: ['--kid', ''],
    says: /✓ Registered keys .*can be read; no kid is sent/,
  },
};

for (const [name, { answer, args = [], says }] of Object.entries(KEY_SETS)) {
  test(`doctor: at the URL of the key set there is ${name}`, async (t) => {
    const server = await openPlainServer(t);
    server.on('GET /jwks', answer);
    const { line } = await doctor(server.fhirBaseUrl, [
      '--key',
      keyFile,
      '--jwks-url',
      server.url('/jwks'),
      ...args,
    ]);
    t.regex(line, says);
    t.notRegex(line, /undefined|reading/);
  });
}

test('doctor: an assertion by the secret has no key that a server could look up', async (t) => {
  const server = await openPlainServer(t);
  const { code, line } = await doctor(server.fhirBaseUrl, ['--method', 'client_secret_jwt']);
  t.is(code, 0, line);
  t.notRegex(line, /Registered keys|Key id/);
});

test('doctor: a token request that is refused before the FHIR request is told as what it is', async (t) => {
  const server = await openPlainServer(t);
  const limited = json(429, {}, { 'retry-after': '60' });
  server.on('POST /token', [tokenResponse({ scope: 'system/Patient.rs' }), limited]);
  const told = await doctor(server.fhirBaseUrl);
  t.is(told.code, 1);
  t.regex(told.line, /✗ FHIR request not made: token endpoint .*HTTP 429/);
  t.notRegex(told.line, /NODE_EXTRA_CA_CERTS|FHIR server gave no answer/);
});

test('doctor: a clock that is off is no failure where a token is granted', async (t) => {
  const server = await openPlainServer(t);
  server.on('POST /token', tokenResponse({ scope: 'system/Patient.rs' }, TEN_MINUTES_AWAY));
  const told = await doctor(server.fhirBaseUrl);
  t.regex(told.line, /! Clock 10 min behind/);
  t.is(told.code, 0);
});

test('doctor: a certificate for another host name is not mended by a CA', async (t) => {
  const server = await startSmartServer({ tls: { hostnames: ['fhir.example.org'] } });
  t.teardown(() => server.close());
  const ca = join(directory, 'other-name.pem');
  await writeFile(ca, server.ca);
  const url = new URL(server.fhirBaseUrl);
  url.hostname = 'localhost';
  const told = await doctor(url.href, ['--ca', ca]);
  t.is(told.code, 1);
  t.regex(told.line, /cause the certificate is for another host name change use the name that is in it/);
  t.regex(told.line, /! TLS .*does not match certificate's altnames.* change use the name that is in it/);
  t.notRegex(told.line, /--ca/);
});

async function doctor(fhirBaseUrl, args = [], env = SECRET) {
  const { code, stdout, stderr } = await smartM2m(['doctor', fhirBaseUrl, ...CLIENT, ...args], env);
  return { code, line: (stdout + stderr).replaceAll(/\s+/g, ' ') };
}
