import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';
import { collectWarnings } from './support/warnings.mjs';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const tokenType of ['bearer', 'Bearer', 'BEARER', 'bEARER']) {
  test(`token_type ${tokenType} makes the header that every resource server reads`, async (t) => {
    const token = await tokenOf(t, { access_token: 'abc', token_type: tokenType });
    t.is(token.header, 'Bearer abc');
    t.is(token.tokenType.toLowerCase(), 'bearer');
    t.deepEqual(token.warnings, []);
  });
}

test('a missing token_type is taken as Bearer, with a warning', async (t) => {
  const token = await tokenOf(t, { access_token: 'abc', token_type: undefined });
  t.is(token.header, 'Bearer abc');
  t.is(token.warnings.length, 1);
  t.regex(token.warnings[0].message, /token_type/);
});

for (const tokenType of ['mac', 'DPoP', 'N_A', '']) {
  test(`token_type '${tokenType}' is not used`, async (t) => {
    const error = await failureOf(t, { access_token: 'abc', token_type: tokenType });
    t.is(error.code, 'ERR_UNSUPPORTED_TOKEN_TYPE');
    t.regex(error.message, /token_type/);
    t.false(error.transient);
  });
}

for (const [kind, tokenType, code, message] of [
  ['empty', '', 'ERR_UNSUPPORTED_TOKEN_TYPE', /its token_type is empty, and only Bearer is supported/],
  ['a number', 7, 'ERR_TOKEN_RESPONSE', /its token_type is not a string; is this the token endpoint\?/],
]) {
  test(`a token_type that is ${kind} is told as such`, async (t) => {
    const error = await failureOf(t, { access_token: 'abc', token_type: tokenType });
    t.is(error.code, code);
    t.regex(error.message, message);
  });
}

test('a missing expires_in is a warning', async (t) => {
  const { warnings } = await tokenOf(t, { expires_in: undefined });
  t.is(warnings.length, 1);
  t.regex(warnings[0].message, /expires_in/);
});

test('a token may be as long as some servers make them', async (t) => {
  const accessToken = `${'a'.repeat(6000)}-._~+/=`;
  const token = await tokenOf(t, { access_token: accessToken });
  t.is(token.accessToken, accessToken);
  t.is(token.header, `Bearer ${accessToken}`);
});

test('members that nobody here interprets are passed on, and only those', async (t) => {
  const members = { patient: 'p1', need_patient_banner: false, details: [{ a: null }] };
  const { extra } = await tokenOf(t, { ...members, scope: 'system/*.read', refresh_token: 'r' });
  t.deepEqual(extra, members);
});

for (const [kind, reply] of Object.entries({
  'status 201': { ...tokenResponse(), status: 201 },
  'no content type': { body: tokenResponse().body },
  'a content type of text/html': { ...tokenResponse(), headers: { 'content-type': 'text/html' } },
  'a byte order mark': { body: `\uFEFF${tokenResponse().body}` },
})) {
  test(`a token response with ${kind} is read`, async (t) => {
    const server = await start(t);
    server.on('POST /token', reply);
    const header = await ClientAuthInterceptorFactory.create(server.options).getAuthorizationHeader();
    t.is(header, 'Bearer test-token');
  });
}

const REQUESTED = 'system/Patient.rs system/Observation.read';
for (const [kind, granted, grantedScopes, missingScopes] of [
  ['the same', REQUESTED, REQUESTED.split(' '), []],
  ['left out, which means the same', undefined, REQUESTED.split(' '), []],
  ['an array', REQUESTED.split(' '), REQUESTED.split(' '), []],
  ['empty', '', [], REQUESTED.split(' ')],
  ['wider', 'system/*.cruds', ['system/*.cruds'], []],
  ['narrower', 'system/Patient.rs', ['system/Patient.rs'], ['system/Observation.read']],
  ['something else', 'openid', ['openid'], REQUESTED.split(' ')],
]) {
  test(`the granted scope may be ${kind}`, async (t) => {
    const token = await tokenOf(t, { scope: granted }, { scope: REQUESTED });
    t.deepEqual([...token.grantedScopes], grantedScopes);
    t.deepEqual([...token.missingScopes], missingScopes);
  });
}

test('without a scope asked for, none is missing', async (t) => {
  const token = await tokenOf(t, { scope: 'system/*.*' }, { scope: null });
  t.deepEqual([...token.grantedScopes], ['system/*.*']);
  t.deepEqual([...token.missingScopes], []);
});

for (const [requested, granted] of [
  ['system/Patient.read', 'system/Patient.rs'],
  ['system/Patient.rs', 'system/Patient.read'],
  ['system/Patient.write', 'system/Patient.cud'],
  ['system/Patient.cud', 'system/Patient.write'],
  ['system/Patient.*', 'system/Patient.cruds'],
  ['system/Patient.cruds', 'system/Patient.*'],
  ['system/Patient.r', 'system/*.rs'],
  ['system/Patient.rs', 'system/Patient.r system/Patient.s'],
  ['system/Patient.rs', 'http://smarthealthit.org/fhir/scopes/system/Patient.rs'],
  ['api://app/.default', 'api://app/.default'],
]) {
  test(`'${requested}' is covered by '${granted}'`, async (t) => {
    const token = await tokenOf(t, { scope: granted }, { scope: requested });
    t.deepEqual([...token.missingScopes], []);
  });
}

for (const [requested, granted] of [
  ['system/Patient.cruds', 'system/Patient.rs'],
  ['system/*.rs', 'system/Patient.rs'],
  ['system/Patient.rs', 'patient/Patient.rs'],
  ['system/Patient.write', 'system/Patient.read'],
  ['system/Observation.rs', 'system/Observation.rs?category=laboratory'],
  ['api://app/.default', 'api://app/Read'],
]) {
  test(`'${requested}' is not covered by '${granted}'`, async (t) => {
    const token = await tokenOf(t, { scope: granted }, { scope: requested });
    t.deepEqual([...token.missingScopes], [requested]);
  });
}

/** The token that comes of a response with these members, and the warnings that came with it. */
async function tokenOf(t, members, options = {}) {
  const server = await start(t);
  server.on('POST /token', tokenResponse(members));
  const clientId = server.origin;
  const warnings = collectWarnings(t, clientId);
  const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, ...options, clientId });
  const { accessToken, tokenType, grantedScopes, missingScopes, extra } = await interceptor.getAccessToken();
  const header = await interceptor.getAuthorizationHeader();
  return { accessToken, tokenType, grantedScopes, missingScopes, extra, header, warnings };
}

async function failureOf(t, members) {
  const server = await start(t);
  server.on('POST /token', tokenResponse(members));
  return t.throwsAsync(ClientAuthInterceptorFactory.create(server.options).getAuthorizationHeader());
}

function start(t) {
  return openTokenEndpoint(t, { certificates });
}
