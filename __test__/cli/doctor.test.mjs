import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { smartM2m } from '../support/command-line.mjs';
import { ecJwks, publicJwks as publicOf, rsaJwks } from '../support/keys.mjs';

// What the doctor prints, word for word: `UPDATE_GOLDEN_FILES=1 npx ava __test__/cli/doctor.test.mjs` writes the files
// anew, to be read before they are committed.

const GOLDEN = new URL('../fixtures/doctor/', import.meta.url);
const SCOPE = 'system/Patient.rs';
const ES384 = ecJwks({ kid: 'the-registered-key' });
const UNREGISTERED = ecJwks({ kid: 'the-other-key' });
const RS256 = rsaJwks({ alg: 'RS256', kid: 'the-registered-key' });

let directory;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-doctor-'));
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

const CASES = {
  'a correct server': { code: 0, cause: null },
  'wrong audience': { settings: { audience: 'issuer' }, cause: /another audience/ },
  'wrong audience, which the server does not say': {
    settings: { audience: 'issuer', explain: false },
    cause: /the server does not say what it objects to: .*the audience/,
    args: ['--experiment'],
  },
  'wrong kid': { key: UNREGISTERED, cause: /no key with the kid the-other-key/ },
  'wrong algorithm': {
    key: RS256,
    settings: { algorithms: ['RS384', 'ES384'] },
    cause: /does not take RS256/,
  },
  'an expired CA': {
    options: { tls: { expired: 'ca' } },
    cause: /expired: the certificate of localhost, and that of smart-m2m test CA/,
  },
  'a clock that is off by 10 minutes': {
    settings: { clockOffsetSeconds: 600, explain: false },
    cause: /clock is 10 min behind/,
  },
  'HTML in place of a token response': {
    fault: ['token', { html: true, times: 10 }],
    cause: /a web page, not a token endpoint/,
  },
  'an http endpoint behind TLS': { settings: { behindTlsProxy: true }, cause: /knows itself under http:/ },
  'a scope that is refused': {
    registration: { scope: 'system/Observation.rs' },
    settings: { wideScopes: 'refuse' },
    cause: /does not grant system\/Patient\.rs/,
  },
  'too many requests': {
    fault: ['token', { status: 429, headers: { 'retry-after': '120' }, times: 10 }],
    cause: /too many requests/,
  },
};

for (const [name, { code = 1, cause, ...circumstances }] of Object.entries(CASES)) {
  test(`doctor: ${name}`, async (t) => {
    const result = await doctor(t, circumstances);
    t.is(result.stderr, '');
    t.is(result.code, code, result.stdout);
    const told = inOneLine(result.stdout);
    if (cause === null) t.notRegex(told, / cause /);
    else t.regex(told, new RegExp(` cause .*${cause.source}`));
    await isAsRecorded(t, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.txt`, normalised(result.stdout));
  });
}

async function doctor(t, circumstances) {
  const { key = ES384, settings = {}, options = {}, registration = {}, fault, args = [] } = circumstances;
  const server = await startSmartServer({ ...options });
  t.teardown(() => server.close());
  const registered = key === RS256 ? RS256 : ES384;
  server.registerClient({ clientId: 'my-client-id', jwks: publicOf(registered), ...registration });
  server.configure(settings);
  if (fault !== undefined) server.fail(...fault);
  return smartM2m([...(await argumentsFor(server, key)), ...args]);
}

test('doctor: an https document that names an http endpoint', async (t) => {
  const server = await startSmartServer();
  t.teardown(() => server.close());
  server.registerClient({ clientId: 'my-client-id', jwks: publicOf(ES384) });
  server.configure({ metadata: { token_endpoint: server.tokenEndpoint.replace('https:', 'http:') } });
  const { code, stdout } = await smartM2m(await argumentsFor(server, ES384));
  t.is(code, 1);
  t.regex(
    inOneLine(stdout),
    / cause the metadata came over https and names an http endpoint.* change --token-endpoint/,
  );
  t.is(server.requestsTo('token').length, 0);
});

test('doctor: the registered key set is looked at where --jwks-url names it', async (t) => {
  const { client, args } = await openInClearText(t);
  const found = await smartM2m([...args, '--jwks-url', client.jwksUrl]);
  t.is(found.code, 0, found.stdout);
  t.regex(found.stdout, /^✓ Registered keys/m);
  const renamed = await smartM2m([...args, '--jwks-url', client.jwksUrl, '--kid', 'unknown']);
  t.is(renamed.code, 1);
  t.regex(inOneLine(renamed.stdout), /✗ Registered keys .*has no key with the kid unknown/);
});

test('doctor --json has every step, and the experiments', async (t) => {
  const server = await startSmartServer({ explain: false, audience: 'issuer' });
  t.teardown(() => server.close());
  server.registerClient({ clientId: 'my-client-id', jwks: publicOf(ES384) });
  const { code, stdout } = await smartM2m([...(await argumentsFor(server, ES384)), '--json', '--experiment']);
  const { steps, experiments, token } = JSON.parse(stdout);
  t.is(code, 1);
  t.true(token);
  t.deepEqual(experiments, [{ label: "audience: 'issuer'", result: 'token' }]);
  t.deepEqual(
    steps.filter(({ status }) => status === 'failed').map(({ name }) => name),
    ['Token request'],
  );
});

test('doctor: a request that the token does not cover is told apart from one that it does not reach', async (t) => {
  const { server, args } = await openInClearText(t);
  const forbidden = await smartM2m([...args, '--probe', 'Observation']);
  t.regex(
    inOneLine(forbidden.stdout),
    /✗ FHIR request .*HTTP 403.* cause the token is accepted and does not cover/,
  );
  const elsewhere = await smartM2m([...args, '--probe', 'https://example.org/Patient']);
  t.regex(inOneLine(elsewhere.stdout), /✗ FHIR request .*another server: nothing was sent/);
  server.fail('fhir', { status: 401, times: 10 });
  const refused = await smartM2m(args);
  t.regex(inOneLine(refused.stdout), /✗ FHIR request .*HTTP 401.* does not accept the token/);
});

async function openInClearText(t) {
  const server = await startSmartServer({ tls: false });
  t.teardown(() => server.close());
  const client = server.registerClient({ clientId: 'my-client-id', scope: SCOPE });
  const keyFile = join(directory, `${randomUUID()}.jwks`);
  await writeFile(keyFile, JSON.stringify(client.jwks));
  const settings = ['--client-id', 'my-client-id', '--key', keyFile, '--scope', SCOPE];
  return { server, client, args: ['doctor', server.fhirBaseUrl, ...settings] };
}

function inOneLine(text) {
  return text.replaceAll(/\s+/g, ' ');
}

async function isAsRecorded(t, file, text) {
  const url = new URL(file, GOLDEN);
  if (process.env.UPDATE_GOLDEN_FILES === '1') await writeFile(url, text);
  t.is(text, await readFile(url, 'utf8'));
}

/** What differs from run to run, in letters of the same number: lines are broken where they were. */
function normalised(text) {
  return text
    .replaceAll(/(localhost):\d{5}/g, '$1:PPPPP')
    .replaceAll(/\d{4}-\d\d-\d\d/g, 'YYYY-MM-DD')
    .replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'Ddd, DD Mmm YYYY hh:mm:ss GMT')
    .replaceAll(/"(exp|iat)":(\s+)\d{10}/g, '"$1":$2NNNNNNNNNN')
    .replaceAll(/\b\d{10} (\(UNIX\)|\()/g, 'NNNNNNNNNN $1')
    .replaceAll(/\d{4} seconds(?= ago)/g, 'SSSS seconds')
    .replaceAll(/test CA [0-9a-f]{8}/g, 'test CA NNNNNNNN')
    .replaceAll(/"jti":(\s+)"[0-9a-f]{32}"/g, `"jti":$1"${'j'.repeat(32)}"`)
    .replaceAll(/path: '[^']*key\.jwks'/g, "path: 'key.jwks'")
    .replaceAll(/readFileSync\('[^']*ca\.pem'\)/g, "readFileSync('ca.pem')");
}

async function argumentsFor(server, key) {
  const [ca, keyFile] = ['ca.pem', 'key.jwks'].map((name) => join(directory, `${randomUUID()}-${name}`));
  await Promise.all([writeFile(ca, server.ca), writeFile(keyFile, JSON.stringify(key))]);
  return [
    ...['doctor', server.fhirBaseUrl, '--client-id', 'my-client-id', '--key', keyFile],
    ...['--scope', SCOPE, '--ca', ca],
  ];
}
