import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { ecJwks } from './support/keys.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text } from './support/recording-server.mjs';
import { decodeAssertion, formValue } from './support/wire.mjs';

// What can pass is tried again, each time with another assertion, within one deadline.

const KEYSTORE = 'retries';
Keystores.register(KEYSTORE, { jwks: ecJwks() });

/** Clocks of one machine, read by two programs. */
const CLOCK_SLACK_MS = 50;

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

const PASSING = {
  ...Object.fromEntries([408, 425, 429, 500, 502, 503, 504].map((status) => [status, text(status, 'no')])),
  'a dropped connection': { destroy: true },
};
for (const [kind, failure] of Object.entries(PASSING)) {
  test(`after ${kind} the request is sent again with a fresh assertion`, async (t) => {
    const { server } = t.context;
    server.on('POST /token', [failure, failure, server.issue()]);
    const interceptor = create(server);
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
    t.is(assertionIds(server).size, 3);
    t.is(server.tokenRequests().length, 3);
    t.like(interceptor.stats(), { tokenRequests: 1, failures: 0 });
  });
}

test('a kept connection that the server gives up in mid-request costs an attempt, not an assertion', async (t) => {
  const { server } = t.context;
  const issue = server.issue({ expires_in: 0 });
  const used = new Set();
  let givenUp;
  server.on('POST /token', ({ socket }, response, _body) => {
    const port = socket.remotePort;
    if (givenUp === undefined && used.has(port)) {
      givenUp = port;
      socket.destroy();
      return;
    }
    used.add(port);
    const { status, headers, body } = issue();
    response.writeHead(status, headers).end(body);
  });
  const interceptor = create(server);
  let calls = 0;
  // A request that follows at once may come before the connection is free again.
  while (givenUp === undefined && calls < 20) {
    calls += 1;
    t.is(await interceptor.getAuthorizationHeader(), `Bearer token-${calls}`);
  }
  t.true(calls > 1 && used.has(givenUp), 'one was kept');
  t.is(server.tokenRequests().length, calls + 1);
  t.is(assertionIds(server).size, calls + 1);
});

test('a new connection that is dropped costs an attempt like any other', async (t) => {
  const { server } = t.context;
  const found = json(200, { token_endpoint: server.url('/token') }, { connection: 'close' });
  server.on('GET /fhir/.well-known/smart-configuration', found);
  server.on('POST /token', { destroy: true });
  const error = await t.throwsAsync(create(server, { retry: { attempts: 1 } }).getAuthorizationHeader());
  t.like(error, { code: 'ERR_NETWORK', attempts: 1 });
  t.is(server.tokenRequests().length, 1);
});

const ASKED = {
  'in seconds': () => ({ header: '1', earliest: Date.now() + 1000 }),
  'by a date': () => {
    const earliest = (Math.ceil(Date.now() / 1000) + 1) * 1000;
    return { header: new Date(earliest).toUTCString(), earliest };
  },
};
for (const [kind, ask] of Object.entries(ASKED)) {
  for (const status of [429, 503]) {
    test(`Retry-After ${kind} is waited for after ${status}`, async (t) => {
      const { server } = t.context;
      let earliest;
      server.on('POST /token', [
        () => {
          const asked = ask();
          earliest = asked.earliest;
          return text(status, 'later', { 'retry-after': asked.header });
        },
        server.issue(),
      ]);
      t.is(await create(server).getAuthorizationHeader(), 'Bearer token-1');
      const [, second] = server.tokenRequests();
      t.true(second.at.getTime() >= earliest - CLOCK_SLACK_MS, `${second.at.getTime() - earliest} ms`);
    });
  }
}

test('Retry-After of zero, or by a date that is past, asks for nothing more than the usual pause', async (t) => {
  const { server } = t.context;
  const past = { 'retry-after': new Date(Date.now() - 60_000).toUTCString() };
  server.on('POST /token', [
    text(503, 'later', past),
    text(503, 'later', { 'retry-after': '0' }),
    server.issue(),
  ]);
  t.is(await create(server).getAuthorizationHeader(), 'Bearer token-1');
});

const IMPATIENT = {
  'retry.maxRetryAfterSeconds': { maxRetryAfterSeconds: 1 },
  'retry.deadlineMs': { deadlineMs: 2000 },
};
for (const [name, retry] of Object.entries(IMPATIENT)) {
  test(`a server that asks for more patience than ${name} allows is not asked again`, async (t) => {
    const { server } = t.context;
    const later = new Date((Math.ceil(Date.now() / 1000) + 30) * 1000).toUTCString();
    for (const header of ['30', later]) {
      const before = server.tokenRequests().length;
      server.on('POST /token', text(429, 'later', { 'retry-after': header }));
      const interceptor = create(server, { clientId: `patience ${header}`, retry });
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
      t.like(error, { code: 'ERR_RATE_LIMITED', status: 429, attempts: 1, transient: true });
      t.true(error.retryAfterMs > 15_000 && error.retryAfterMs <= 31_000, `${error.retryAfterMs} ms`);
      t.is(server.tokenRequests().length, before + 1);
    }
  });
}

test('no attempt begins after retry.deadlineMs', async (t) => {
  const { server } = t.context;
  server.on('POST /token', text(503, 'down'));
  const interceptor = create(server, { retry: { attempts: 10, deadlineMs: 1500 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.like(error, { code: 'ERR_SERVER', status: 503, transient: true });
  const requests = server.tokenRequests();
  const lasted = requests.at(-1).at - requests[0].at;
  // It can be on its way for a while.
  t.true(lasted < 1500 + 1000, `${lasted} ms`);
});

test('an error counts the attempts that were made before retry.deadlineMs', async (t) => {
  const { server } = t.context;
  server.on('POST /token', text(503, 'down', { 'retry-after': '2' }));
  const interceptor = create(server, { retry: { attempts: 10, deadlineMs: 3800 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  // The third would come after 4 s.
  t.like(error, { code: 'ERR_SERVER', status: 503, transient: true, attempts: 2 });
  t.is(server.tokenRequests().length, 2);
});

test('a server that never answers is given up at retry.deadlineMs', async (t) => {
  const { server } = t.context;
  server.holdTokens();
  const interceptor = create(server, { retry: { deadlineMs: 500 } });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.like(error, { code: 'ERR_TIMEOUT', transient: true });
  t.true(error.message.includes('retry.deadlineMs'), error.message);
});

/** @returns {Set<string>} jti of every token request */
function assertionIds(server) {
  const assertions = server.tokenRequests().map(({ body }) => formValue(body, 'client_assertion'));
  return new Set(assertions.map((assertion) => decodeAssertion(assertion).claims.jti));
}

function create(server, options = {}) {
  return ClientAuthInterceptorFactory.create({
    ...server.options,
    clientSecret: undefined,
    keystore: KEYSTORE,
    ...options,
  });
}
