import { subscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory, ClientAuthParams, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { ecJwks, pkcs8Pem, rsaJwks, sec1Pem } from './support/keys.mjs';
import { json, text, tokenResponse } from './support/recording-server.mjs';
import { openTokenEndpoint } from './support/token-endpoint.mjs';
import { formPairs, formValue } from './support/wire.mjs';

// Whatever fails, nothing that is printed may hold the secret, the key, an assertion or a token.

const SECRET = 'kX7"w\\q/9+Tz & b4 %41=äß';
const PARAMETER = 'Pq3~officeKey/5+z w"';
const HOOK_TOKEN = 'hook-token-Zy8Xw7Vu6';
const SERVER_TOKEN = 'server-token-Tt5Ss4Rr3';
const REFRESH_TOKEN = 'refresh-token-Nn1Mm2Ll3';

const RSA = rsaJwks();
const EC = ecJwks();

const SENSITIVE = [
  ...[SECRET, PARAMETER].flatMap(spellings),
  ...[HOOK_TOKEN, SERVER_TOKEN, REFRESH_TOKEN],
  ...['d', 'p', 'q', 'dp', 'dq', 'qi'].map((member) => RSA.keys[0][member]),
  EC.keys[0].d,
  ...pemLines(pkcs8Pem(RSA)),
  ...pemLines(sec1Pem(EC)),
];

/** Of every client here, unless a test says otherwise. */
const SETTINGS = {
  clientId: 'secretive',
  clientSecret: SECRET,
  additionalParameters: { officekey: PARAMETER },
};

let certificates;
const published = [];

test.before(async () => {
  certificates = await makeCertificates();
  Keystores.register('secrecy-rsa', { jwks: RSA });
  Keystores.register('secrecy-ec', { jwks: EC });
  subscribe('smart-m2m:warning', (message) => published.push(message));
});

/** Answers that hold what was sent, in every way in which servers do that. */
const ECHOES = {
  'the body as text': ({ body }) => text(400, body),
  'the body, decoded, as text': ({ body }) => text(400, formPairs(body).flat().join(' ')),
  'the Authorization header as text': ({ headers }) =>
    text(401, `bad ${headers.authorization ?? 'credentials'}`),
  'the credentials, decoded from Base64, as text': ({ headers }) => text(401, basicOf(headers)),
  'the credentials, fully decoded, as text': ({ headers }) => text(401, decodeURIComponent(basicOf(headers))),
  'the body in error_description': ({ body }) =>
    json(400, { error: 'invalid_request', error_description: body, error_uri: `https://h/?${body}` }),
  'the decoded parameters in error_description': ({ body }) =>
    json(400, { error: 'invalid_request', error_description: formPairs(body).flat().join(' ') }),
  'the header in error': ({ headers }) => json(401, { error: `${headers.authorization}` }),
  'the parameters in an OperationOutcome': ({ body }) =>
    json(400, {
      resourceType: 'OperationOutcome',
      issue: [{ diagnostics: formPairs(body).flat().join(' ') }],
    }),
  'the parameters in problem details': ({ body }) =>
    json(403, { title: 'no', detail: formPairs(body).flat().join(' ') }),
  'the parameters as a JSON string': ({ body }) => json(400, formPairs(body).flat().join(' ')),
  'the parameters in a JSON array': ({ body }) => json(400, formPairs(body)),
  'the parameters in members of no meaning': ({ body }) => json(400, Object.fromEntries(formPairs(body))),
  'each parameter alone, in Base64': ({ body }) => text(400, formPairs(body).map(inBase64).join(' ')),
  'the secret alone, in Base64, among other bytes': ({ headers }) =>
    text(401, inBase64(['', `x:${decodeURIComponent(basicOf(headers)) || SECRET}`])),
  'the parameters in header fields': ({ body, headers }) =>
    text(500, 'no', {
      'x-request-id': encodeURIComponent(formPairs(body).flat().join(' ')),
      'www-authenticate': headers.authorization ?? `Bearer error="${encodeURIComponent(PARAMETER)}"`,
    }),
  'the body under 500': ({ body }) => text(500, body),
  'the body in a page': ({ body }) => ({ status: 403, body: `<html><pre>${body}</pre></html>` }),
  'the parameters escaped for a page': ({ body }) => text(400, formPairs(body).flat().map(escaped).join(' ')),
  'the body in a redirect': ({ body }) => ({
    status: 307,
    headers: { location: `https://h.invalid/?${body}` },
  }),
  'the parameters in the path of a redirect': ({ body }) => ({
    status: 302,
    headers: { location: `https://h.invalid/${formPairs(body).flat().map(encodeURIComponent).join('/')}` },
  }),
  'the secret as token_type': ({ headers, body }) =>
    tokenResponse({ token_type: basicOf(headers) || formValue(body, 'officekey') }),
  'a token beside an error': () => json(200, { error: 'x', access_token: SERVER_TOKEN }),
  'a token that breaks the header': () => tokenResponse({ access_token: `${SERVER_TOKEN}\r\nx: y` }),
  'a token under an error status': () =>
    json(400, { access_token: SERVER_TOKEN, refresh_token: REFRESH_TOKEN }),
  'a token in text under 200': () => text(200, `access_token=${SERVER_TOKEN}`),
  'a token in a truncated document': () => text(200, `{"access_token":"${SERVER_TOKEN}`),
  'a token of another type': () => tokenResponse({ access_token: SERVER_TOKEN, token_type: 'mac' }),
};
const FLOWS = {
  'HTTP Basic': { clientSecret: SECRET },
  'form post': { clientSecret: SECRET, clientAuthMethod: 'client_secret_post' },
  'an RSA key': { keystore: 'secrecy-rsa', clientSecret: undefined },
};

for (const [flow, credentials] of Object.entries(FLOWS)) {
  for (const [kind, echo] of Object.entries(ECHOES)) {
    test(`nothing shows when a server that was asked by ${flow} sends ${kind}`, async (t) => {
      const server = await start(t);
      server.on('POST /token', echo);
      const interceptor = create(server, { ...credentials, retry: { attempts: 1 } });
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
      clean(t, [error, interceptor], sentTo(server));
    });
  }
}

for (const clientSecret of ['?!#%-=', '?! ++ a', '...---...']) {
  test(`nothing shows of a secret of hardly a letter or digit: ${clientSecret}`, async (t) => {
    const server = await start(t);
    const echo = [clientSecret, encodeURIComponent(clientSecret), clientSecret.replaceAll(' ', '+')];
    server.on('POST /token', [...echo.map((spelling) => text(400, `got ${spelling}`))]);
    for (const [index] of echo.entries()) {
      const interceptor = create(server, { clientSecret, clientId: `bare ${index} ${clientSecret}` });
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
      t.regex(error.message, /\(not shown: it repeats a credential of the request\)/);
    }
  });
}

const SETUP_FAILURES = {
  'a client secret of the wrong type': () => ({ clientSecret: [SECRET] }),
  'a client secret under an unknown name': () => ({ clientSecrett: SECRET }),
  'a client secret as keystore name': () => ({ clientSecret: undefined, keystore: SECRET }),
  'a private key as keystore name': () => ({ clientSecret: undefined, keystore: pkcs8Pem(RSA) }),
  'credentials in a URL': () => ({ tokenEndpoint: `https://user:${encodeURIComponent(SECRET)}@h/token` }),
  'a secret in the query of a clear-text URL': () => ({
    tokenEndpoint: `http://h.example.org/token?key=${encodeURIComponent(PARAMETER)}`,
  }),
  'a reserved parameter': () => ({ additionalParameters: { client_secret: PARAMETER } }),
  'a parameter of the wrong type': () => ({ additionalParameters: [['officekey', [PARAMETER]]] }),
  'a proxy URL with a password that is no URL': () => ({
    http: { proxy: `htp//user:${encodeURIComponent(SECRET)}@proxy` },
  }),
  'a private key in place of a CA certificate': () => ({ http: { ca: pkcs8Pem(RSA) } }),
};
for (const [kind, options] of Object.entries(SETUP_FAILURES)) {
  test(`nothing shows when settings are refused: ${kind}`, async (t) => {
    const server = await start(t);
    const error = t.throws(() => create(server, options()));
    clean(t, [error]);
  });
}

const KEY_FAILURES = {
  'a private key with a broken number': () => ({ jwks: { keys: [{ ...RSA.keys[0], e: 'AQAC' }] } }),
  'a private key with a member of the wrong type': () => ({ jwks: { keys: [{ ...RSA.keys[0], kid: 7 }] } }),
  'a key set cut short': () => ({ jwks: JSON.stringify(RSA).slice(0, -10) }),
  'a PEM text cut short': () => ({ data: pkcs8Pem(RSA).slice(0, -200) }),
  'a PEM text with a damaged line': () => ({ data: pkcs8Pem(RSA).replace('\nM', '\n*') }),
  'a key id that is not there': () => ({ jwks: EC, keyId: 'another' }),
  'an encryption key': () => ({ jwks: { keys: [{ ...EC.keys[0], use: 'enc' }] } }),
  'a private key in place of a path': () => ({ path: pkcs8Pem(RSA) }),
};
for (const [kind, source] of Object.entries(KEY_FAILURES)) {
  test(`nothing shows when a key is refused: ${kind}`, (t) => {
    const error = t.throws(() => Keystores.register('secrecy-refused', source()));
    clean(t, [error]);
  });
}

test('nothing shows when a proxy that wants a password cannot be reached', async (t) => {
  const server = await start(t);
  const proxy = `http://user:${encodeURIComponent(SECRET)}@127.0.0.1:1`;
  const interceptor = create(server, { http: { proxy }, retry: { attempts: 1 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  clean(t, [error, interceptor]);
});

test('nothing shows when a hook returns a token that cannot be used', async (t) => {
  const server = await start(t);
  for (const supplied of [`${HOOK_TOKEN} x`, { accessToken: [HOOK_TOKEN] }, { access_token: HOOK_TOKEN }]) {
    const interceptor = create(server, { clientId: JSON.stringify(supplied).slice(0, 9) });
    interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => supplied });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_PRE_TOKEN_HOOK' });
    clean(t, [error, interceptor]);
  }
});

test('nothing shows of a working client either, except the token to whoever asks for it', async (t) => {
  const server = await start(t);
  // Without a lifetime, so that there is a warning to look at.
  server.on(
    'POST /token',
    tokenResponse({ access_token: SERVER_TOKEN, refresh_token: REFRESH_TOKEN, expires_in: undefined }),
  );
  const params = ClientAuthParams.from({ ...server.options, ...SETTINGS, http: server.options.http });
  const interceptor = ClientAuthInterceptorFactory.create(params);
  t.is(await interceptor.getAuthorizationHeader(), `Bearer ${SERVER_TOKEN}`);
  const token = await interceptor.getAccessToken();
  t.is(token.accessToken, SERVER_TOKEN);
  clean(t, [params, interceptor, token], sentTo(server));
});

test('nothing shows of the keystores', (t) => {
  clean(t, [
    Keystores,
    Keystores.list(),
    Keystores.publicJwks('secrecy-rsa'),
    Keystores.publicJwks('secrecy-ec'),
  ]);
});

test.after.always('nothing shows in what was published on diagnostics channels', (t) => {
  t.true(published.length > 0);
  clean(t, published);
});

function create(server, options) {
  const http = { ...server.options.http, ...options.http };
  return ClientAuthInterceptorFactory.create({ ...server.options, ...SETTINGS, ...options, http });
}

function start(t) {
  return openTokenEndpoint(t, { certificates });
}

/** Greps everything that a program could print of these values. */
function clean(t, values, sent = []) {
  const shown = values.flatMap((value) => (value.stats ? [value, value.stats()] : [value]));
  for (const printed of shown.flatMap(everythingOf)) {
    for (const needle of [...SENSITIVE, ...sent]) {
      if (printed.includes(needle)) return t.fail(`'${needle}' shows in: ${printed.slice(0, 500)}`);
    }
  }
  return t.pass();
}

function everythingOf(value) {
  return [
    inspect(value, { depth: 10, showHidden: true, getters: false }),
    inspect(value, { depth: 10 }),
    JSON.stringify(value) ?? '',
    String(value),
    value.message ?? '',
    value.stack ?? '',
    ...(value.cause ? everythingOf(value.cause) : []),
  ];
}

/** Credentials that were made for the occasion: Basic values and assertions with their parts. */
function sentTo(server) {
  return server.tokenRequests().flatMap(({ headers, body }) => {
    const assertion = formValue(body, 'client_assertion');
    const basic = headers.authorization?.replace('Basic ', '');
    return [basic, basic && basicOf(headers), assertion, ...(assertion?.split('.') ?? [])].filter(Boolean);
  });
}

/** A value as it can stand in a URL, a form, JSON, a page, and Base64. */
function spellings(value) {
  return [
    value,
    encodeURIComponent(value),
    new URLSearchParams({ value }).toString().slice('value='.length),
    JSON.stringify(value).slice(1, -1),
    escaped(value),
    Buffer.from(value).toString('base64'),
    Buffer.from(value).toString('base64url'),
  ];
}

function pemLines(pem) {
  // Not the short last one: a few characters turn up anywhere.
  return pem.split('\n').filter((line) => line.length === 64);
}

function inBase64([_name, value]) {
  return Buffer.from(value).toString('base64');
}

function basicOf({ authorization = '' }) {
  return Buffer.from(authorization.replace('Basic ', ''), 'base64').toString();
}

function escaped(value) {
  return value.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
