import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { OAuth2Server } from 'oauth2-mock-server';
import { collectWarnings } from './support/warnings.mjs';

// oauth2-mock-server with its answers changed by its events, to what servers in the field answer at times.

let server;
let clients = 0;
/** What is done to the answers to a client, one after the other. */
const faults = new Map();

test.before(async () => {
  server = new OAuth2Server();
  await server.issuer.keys.generate('RS256');
  await server.start(0, '127.0.0.1');
  server.service.on('beforeResponse', (answer, request) => {
    faults.get(clientOf(request))?.shift()?.(answer, request.res);
  });
});

test.after.always(() => server?.listening && server.stop());

test('oauth2-mock-server without a fault: a token, by the issuer', async (t) => {
  const token = await create([]).getAccessToken();
  t.deepEqual([token.tokenType, token.grantedScopes], ['Bearer', ['system/*.read']]);
});

test('oauth2-mock-server that answers 500 twice: the third attempt gets a token', async (t) => {
  const fails = status(500);
  const interceptor = create([fails, fails]);
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

test('oauth2-mock-server that answers 500 throughout: ERR_SERVER after three attempts', async (t) => {
  const fails = status(500);
  const error = await failure(t, [fails, fails, fails], { code: 'ERR_SERVER' });
  t.deepEqual([error.status, error.attempts, error.transient], [500, 3, true]);
});

test('oauth2-mock-server that answers 503 with a short Retry-After: the next attempt gets a token', async (t) => {
  const interceptor = create([status(503, { 'Retry-After': '1' })]);
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

test('oauth2-mock-server that answers 503 with a long Retry-After: ERR_SERVER at once, with the time', async (t) => {
  const error = await failure(t, [status(503, { 'Retry-After': '3600' })], { code: 'ERR_SERVER' });
  t.deepEqual([error.status, error.attempts, error.retryAfterMs, error.transient], [503, 1, 3_600_000, true]);
});

test('oauth2-mock-server that answers 429: ERR_RATE_LIMITED, with the time', async (t) => {
  const error = await failure(t, [status(429, { 'Retry-After': '600' })], { code: 'ERR_RATE_LIMITED' });
  t.deepEqual([error.status, error.retryAfterMs, error.transient], [429, 600_000, true]);
});

test('oauth2-mock-server with expires_in as a string: the lifetime is read from it', async (t) => {
  await lives(t, { expires_in: '1200' }, 1200);
});

test('oauth2-mock-server without expires_in: a lifetime of 300 s', async (t) => {
  await lives(t, { expires_in: undefined }, 300);
});

test('oauth2-mock-server with token_type in another case: a Bearer header', async (t) => {
  for (const type of ['bearer', 'BEARER']) {
    const interceptor = create([members({ token_type: type, access_token: 'opaque' })]);
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer opaque');
  }
});

test('oauth2-mock-server without token_type: a Bearer header, and a warning', async (t) => {
  const clientId = nextClientId();
  const warnings = collectWarnings(t, clientId);
  const interceptor = create([members({ token_type: undefined, access_token: 'opaque' })], { clientId });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer opaque');
  t.true(
    warnings.some(({ message }) => message.includes('token_type')),
    JSON.stringify(warnings),
  );
});

test('oauth2-mock-server with token_type mac: ERR_UNSUPPORTED_TOKEN_TYPE', async (t) => {
  const error = await failure(t, [members({ token_type: 'mac' })], { code: 'ERR_UNSUPPORTED_TOKEN_TYPE' });
  t.regex(error.message, /mac/);
});

test('oauth2-mock-server with an error under status 200: ERR_TOKEN_REJECTED', async (t) => {
  const refuse = body({ error: 'invalid_scope', error_description: 'unknown scope' });
  const error = await failure(t, [refuse], { code: 'ERR_TOKEN_REJECTED' });
  t.deepEqual(
    [error.status, error.oauth],
    [200, { error: 'invalid_scope', errorDescription: 'unknown scope' }],
  );
  t.regex(error.message, /check scope/);
});

test('oauth2-mock-server without access_token: ERR_TOKEN_RESPONSE', async (t) => {
  const error = await failure(t, [members({ access_token: undefined })], { code: 'ERR_TOKEN_RESPONSE' });
  t.regex(error.message, /access_token/);
});

test('oauth2-mock-server with a string in place of the token response: ERR_TOKEN_RESPONSE', async (t) => {
  await failure(t, [body('')], { code: 'ERR_TOKEN_RESPONSE' });
});

test('oauth2-mock-server that grants less than was asked for: the token, and what is missing', async (t) => {
  const interceptor = create([members({ scope: 'system/Patient.read' })]);
  const { grantedScopes, missingScopes } = await interceptor.getAccessToken();
  t.deepEqual([grantedScopes, missingScopes], [['system/Patient.read'], ['system/*.read']]);
});

test('oauth2-mock-server with a refresh_token: it is neither used nor handed out', async (t) => {
  const grants = [];
  const refreshable = (answer, { req }) => {
    grants.push(req.body.grant_type);
    answer.body = { ...answer.body, refresh_token: 'refresh-me', patient: '123' };
  };
  const interceptor = create([refreshable, refreshable]);
  const { extra } = await interceptor.getAccessToken();
  t.deepEqual(extra, { patient: '123' });
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.deepEqual(grants, ['client_credentials', 'client_credentials']);
});

function status(code, headers = {}) {
  return (answer, response) => {
    answer.statusCode = code;
    answer.body = { message: 'not now' };
    response.set(headers);
  };
}

function members(changes) {
  return (answer) => {
    answer.body = { ...answer.body, ...changes };
  };
}

function body(text) {
  return (answer) => {
    answer.body = text;
  };
}

/** A client of its own, to whose token requests these faults happen. */
function create(list, { clientId = nextClientId() } = {}) {
  faults.set(clientId, [...list]);
  return ClientAuthInterceptorFactory.create({
    clientId,
    clientSecret: 'secret',
    scope: 'system/*.read',
    issuer: server.issuer.url,
    http: { proxy: null },
  });
}

/** The error's message names the token endpoint, whatever it is about. */
async function failure(t, list, expectation) {
  const error = await t.throwsAsync(create(list).getAuthorizationHeader(), expectation);
  t.is(error.url, `${server.issuer.url}/token`);
  t.true(error.message.includes(error.url), error.message);
  return error;
}

/** Counted from when the token was asked for, which is between these two. */
async function lives(t, changes, seconds) {
  const COARSE_CLOCK_MS = 50;
  const from = Date.now() - COARSE_CLOCK_MS;
  const { expiresAt } = await create([members(changes)]).getAccessToken();
  const requestedAt = expiresAt.getTime() - seconds * 1000;
  t.true(from <= requestedAt && requestedAt <= Date.now(), `${expiresAt.toISOString()}`);
}

function nextClientId() {
  clients += 1;
  return `client-${clients}`;
}

function clientOf({ headers }) {
  const credentials = Buffer.from(headers.authorization.replace('Basic ', ''), 'base64').toString();
  return credentials.split(':')[0];
}
