import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import { FhirClientError } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { openFhirStore } from '../support/fhir-client.mjs';
import { choicesFrom } from '../support/mutations.mjs';
import { openPlainServer } from '../support/open-servers.mjs';

const require = createRequire(import.meta.url);
const { authorisedRequest } = require('../../lib/cli/doctor/network.js');

// Refusals that are mixed at random from what servers say and from the token, in the headers and in the body. What is
// told of them is short, on one line and printable, and has no twelve letters of the token in a row.

const CASES = 120;
const WINDOW = 12;
const LONGEST_MESSAGE = 2500;
/** What a terminal obeys, or shows elsewhere than it stands. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;
const TOKEN = 'opaque.Kq7zP2mN9xW4.vB8sL3tR6yU1.an-access-token';

const hex = (character) => character.charCodeAt(0).toString(16).padStart(2, '0');
const SPELLINGS = [
  (token) => token,
  (token) => token.toUpperCase(),
  (token) => token.replace(/./g, (one) => `%${hex(one)}`),
  (token) => encodeURIComponent(token.replace(/./g, (one) => `%${hex(one)}`)),
  (token) => token.replace(/./g, (one) => `&#x${hex(one)};`),
  (token) => token.replace(/./g, (one) => `\\u00${hex(one)}`),
  (token) => token.replace(/.{3}/g, '$&-'),
  (token) => token.slice(5, 25),
];
/** What a header may hold: Latin-1 without controls. */
const HEADER_TEXTS = [
  'Bearer error="invalid_token"',
  'Basic realm="fhir"',
  'error_description="the token is expired"',
  'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2ln',
  'Bearer 0123456789abcdef',
  '\u009b31m\u00ad\u0085é',
  '"\\, =;',
  'x'.repeat(700),
];
const BODY_TEXTS = [
  ...HEADER_TEXTS,
  '{"resourceType":"OperationOutcome","issue":[{"severity":"error","diagnostics":"',
  '"}]}',
  '","details":{"text":"',
  '<html><title>Log in</title>',
  '\u001b[2J\u001b]0;title\u0007',
  '\u202etxt\u2066\u200b\ufeff\u2028\u{e0041}',
  '\r\nforged: line\n',
  '\u0000\\u0000\\ud800{"a":[',
];

/** @param {ReturnType<typeof choicesFrom>} choices */
function refusal(choices, token) {
  const spelled = () => choices.oneOf(SPELLINGS)(token);
  const challenge = choices.mixtureOf([...HEADER_TEXTS, spelled()]).trim();
  const body = choices.mixtureOf([...BODY_TEXTS, spelled()]);
  const headers = {
    'content-type': choices.oneOf(['application/fhir+json', 'text/html', 'text/plain', challenge]),
    ...(challenge !== '' && { 'www-authenticate': challenge }),
    location: choices.oneOf(['/x', `/${encodeURIComponent(spelled())}`, 'https://\u009b', challenge]),
  };
  return { status: choices.oneOf([301, 400, 403, 404, 409, 422, 500, 503]), headers, body };
}

function assertSafe(t, told, token, why) {
  t.notRegex(told, UNPRINTABLE, why);
  t.true(told.length <= LONGEST_MESSAGE, `${told.length}: ${why}`);
  assertSilent(t, told, token, why);
}

function assertSilent(t, told, token, why) {
  const [said, secret] = [told, token].map((text) => text.replace(/[^a-z0-9]/gi, '').toLowerCase());
  for (let at = 0; at + WINDOW <= secret.length; at += 1) {
    if (said.includes(secret.slice(at, at + WINDOW))) t.fail(`${told}\n\n${why}`);
  }
}

test('whatever a FHIR server refuses with, the error is readable and has no token in it', async (t) => {
  const { client, store } = await openFhirStore(t);
  const choices = choicesFrom(0x5eed);
  let sent = null;
  store.answerBy(({ url, method, headers: { authorization } }) => {
    if (method === 'GET' || !url.startsWith('/fhir/Patient')) return undefined;
    sent = refusal(choices, authorization.split(' ')[1]);
    return sent;
  });
  for (let count = 0; count < CASES; count += 1) {
    // A write: nothing is tried again or followed.
    const error = await t.throwsAsync(client.create({ resourceType: 'Patient' }), {
      instanceOf: FhirClientError,
      code: 'ERR_FHIR_STATUS',
    });
    const token = store.fhirRequests().at(-1).headers.authorization.split(' ')[1];
    const why = `case ${count}: ${JSON.stringify(sent)}`;
    assertSafe(t, error.message, token, why);
    assertSilent(t, `${inspect(error, { depth: 9 })}${JSON.stringify(error)}`, token, why);
  }
});

test('whatever a FHIR server says to doctor, what is told of it is short and has no token in it', async (t) => {
  const server = await openPlainServer(t);
  const choices = choicesFrom(0xd0c);
  const interceptor = { getAuthorizationHeader: async () => `Bearer ${TOKEN}` };
  const network = { signal: new AbortController().signal, proxyFor: () => null };
  for (let count = 0; count < CASES; count += 1) {
    const sent = refusal(choices, TOKEN);
    server.on('GET /fhir/Patient', sent);
    const settings = { fhirBaseUrl: server.fhirBaseUrl };
    const diagnosis = { token: { grantedScopes: ['system/Patient.rs'] } };
    const step = await authorisedRequest(interceptor, settings, diagnosis, undefined, network);
    const told = JSON.stringify(step);
    const why = `case ${count}: ${JSON.stringify(sent)}`;
    t.regex(step.summary, /^GET .*HTTP \d+/, why);
    t.true(told.length <= LONGEST_MESSAGE, `${told.length}: ${why}`);
    assertSilent(t, told, TOKEN, why);
  }
});
