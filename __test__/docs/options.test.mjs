import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ClientAuthInterceptorFactory, Keystores } from '../../index.mjs';
import { PACKAGE_ROOT } from '../support/child.mjs';
import { optionNames } from '../support/docs/option-names.mjs';
import { ecJwks } from '../support/keys.mjs';

const read = (name) => readFile(join(PACKAGE_ROOT, name), 'utf8');
const [page, readme, types] = await Promise.all(['docs/options.md', 'README.md', 'index.d.ts'].map(read));
const sections = page
  .split(/^### /m)
  .slice(1)
  .map((text) => ({ name: /^`(?<name>[\w.]+)`/.exec(text).groups.name, text }));

/** A value that each option refuses by the message on the page. */
const REFUSED = {
  clientId: '',
  keystore: 'a path/to.jwks',
  clientSecret: '',
  clientAuthMethod: 'private-key-jwt',
  basicEncoding: 'base64',
  server: 'cerner',
  scope: '',
  requireScopes: 'some',
  additionalParameters: { scope: 'system/*.read' },
  fhirBaseUrl: 'fhir.example.org',
  issuer: 'https://auth.example.org?tenant=1',
  tokenEndpoint: '/token',
  allowedTokenEndpointOrigins: ['https://auth.example.org/token'],
  allowInsecureHttp: 'yes',
  'discovery.order': ['metadata'],
  'discovery.ttlSeconds': 0,
  'discovery.strict': 1,
  audience: '',
  forceHttpInTokenRequestAudience: 1,
  'assertion.algorithm': 'HS256',
  'assertion.keyId': '',
  'assertion.jwksUrl': 'jwks.json',
  'assertion.certificateHeaders': ['x5u'],
  'assertion.lifetimeSeconds': 301,
  'assertion.issuedAt': 1,
  'assertion.notBefore': 1,
  'assertion.typ': 'a type',
  'assertion.includeClientId': 1,
  allowedOrigins: ['bulk.example.org'],
  'renewal.marginSeconds': -1,
  'renewal.jitter': 1.5,
  'renewal.background': 1,
  'renewal.failureCooldownSeconds': 3601,
  'renewal.defaultLifetimeSeconds': 0,
  'retry.attempts': 11,
  'retry.maxRetryAfterSeconds': 3601,
  'retry.deadlineMs': 7_200_001,
  'http.timeoutMs': 0,
  'http.connectTimeoutMs': 600_001,
  'http.proxy': 'socks5://proxy.example.org',
  'http.noProxy': 'localhost',
  'http.ca': 'ca.pem',
  'http.clientCertificate': {},
  'http.maxResponseBytes': 1023,
  'http.userAgent': '',
};

test.before(() => {
  Keystores.register('options-page', { jwks: ecJwks() });
});

test('docs/options.md has every option of index.d.ts, and no other', (t) => {
  const names = sections.map(({ name }) => name);
  t.deepEqual([...names].sort(), optionNames(types).sort());
});

test("docs/options.md and the README's table have the same options with the same defaults", (t) => {
  const table = readme.slice(readme.indexOf('\n## Options\n'), readme.indexOf('\n## Environment\n'));
  const rows = [...table.matchAll(/^\| `([\w.]+)` +\| (.*?) +\| /gm)];
  const expected = rows.map(([, name, text]) => [name, plain(text).replace(/^–$/, 'none')]);
  const found = sections.map(({ name, text }) => [name, plain(field(text, 'Default'))]);
  t.deepEqual(Object.fromEntries(found), Object.fromEntries(expected));
});

for (const { name, text } of sections) {
  test(`${name} refuses other values in the words of docs/options.md`, (t) => {
    t.true(Object.hasOwn(REFUSED, name), 'there is no refused value for it in this test');
    const error = t.throws(() => ClientAuthInterceptorFactory.create(withOption(name, REFUSED[name])));
    const problems = (error.problems ?? [error]).map(({ message }) => message);
    const said = field(text, 'Otherwise').replaceAll('`', '');
    t.true(problems.includes(said), problems.join('\n'));
  });
}

test('the ranges on the page are those of the messages', (t) => {
  for (const { text } of sections) {
    const range = /from (\d+ to \d+)/.exec(field(text, 'Otherwise'))?.[1];
    if (range !== undefined) t.is(field(text, 'Values'), range);
  }
});

function field(text, name) {
  return new RegExp(`^- \\*\\*${name}\\*\\*: (.+)$`, 'm').exec(text)[1];
}

/** Without what differs between the two files: where links lead. */
function plain(text) {
  return text.replaceAll(/\]\([^)]*\)/g, ']');
}

function withOption(path, value) {
  const [group, name] = path.split('.');
  const usual = {
    clientId: 'my-client-id',
    // With a key the secret is not looked at.
    keystore: path === 'clientSecret' ? undefined : 'options-page',
    scope: null,
    fhirBaseUrl: 'https://fhir.example.org/r4',
    http: {},
  };
  return { ...usual, [group]: name === undefined ? value : { ...usual[group], [name]: value } };
}
