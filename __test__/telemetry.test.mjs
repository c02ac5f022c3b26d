import { inspect } from 'node:util';
import { ClientAuthError, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { eventually } from './support/eventually.mjs';
import { ecJwks } from './support/keys.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text } from './support/recording-server.mjs';
import { createInterceptor as create } from './support/token-endpoint.mjs';
import { collectTraces } from './support/token-traces.mjs';
import { formPairs, formValue } from './support/wire.mjs';
import { startTokenWorker } from './support/workers.mjs';

// Each HTTP attempt of a token request is told of: when it starts, if it fails, and when it has ended.

const KEYSTORE = 'telemetry';
const JWKS = ecJwks();
Keystores.register(KEYSTORE, { jwks: JWKS });

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

test('a token request is told of when it starts and when it has ended, by the same object', async (t) => {
  const { server } = t.context;
  const { events, phases } = collectTraces(t, server.options.clientId);
  const gate = server.holdTokens();
  const waiting = create(server).getAuthorizationHeader();
  await eventually(() => events.length === 1);
  await gate.reached();
  gate.open();
  await waiting;
  t.deepEqual(phases(), ['start 1', 'end 1'], 'told by the time that the caller has the token');
  const [start, end] = events;
  t.is(start.trace, end.trace);
  const { durationMs, ...rest } = end.trace;
  t.deepEqual(rest, {
    clientId: server.options.clientId,
    tokenEndpoint: server.url('/token'),
    reason: 'initial',
    attempt: 1,
  });
  t.deepEqual(start.members, Object.keys(rest));
  t.true(typeof durationMs === 'number' && durationMs > 0, `${durationMs} ms`);
});

test('every attempt is told of by itself, and a failed one with its error', async (t) => {
  const { server } = t.context;
  const { events, phases } = collectTraces(t, server.options.clientId);
  server.on('POST /token', [text(503, 'down'), text(429, 'busy'), server.issue()]);
  await create(server).getAuthorizationHeader();
  t.deepEqual(phases(), [
    ...['start 1', 'error 1', 'end 1'],
    ...['start 2', 'error 2', 'end 2'],
    ...['start 3', 'end 3'],
  ]);
  const [first, second, third] = [1, 2, 3].map((attempt) =>
    events.filter(({ trace }) => trace.attempt === attempt),
  );
  for (const told of [first, second, third]) {
    t.is(new Set(told.map(({ trace }) => trace)).size, 1, 'the same object');
    t.false(told[0].members.includes('error'));
    for (const { phase, members } of told.slice(1)) {
      t.true(members.includes('durationMs'), phase);
    }
  }
  t.true(first[0].trace.error instanceof ClientAuthError);
  t.like(first[0].trace.error, { code: 'ERR_SERVER', status: 503, transient: true, attempts: 1 });
  t.like(second[0].trace.error, { code: 'ERR_RATE_LIMITED', status: 429, transient: true, attempts: 1 });
  t.false('error' in third[0].trace);
  for (const { trace } of events) t.is(trace.reason, 'initial');
});

test('a refusal is told of once, and not again while it is remembered', async (t) => {
  const { server } = t.context;
  const { events, phases } = collectTraces(t, server.options.clientId);
  server.on('POST /token', json(401, { error: 'invalid_client' }));
  const interceptor = create(server);
  for (let call = 0; call < 5; call += 1) await t.throwsAsync(interceptor.getAuthorizationHeader());
  t.deepEqual(phases(), ['start 1', 'error 1', 'end 1']);
  t.like(events[1].trace.error, { code: 'ERR_TOKEN_REJECTED', transient: false });
});

test('the reason is initial, expiring or rejected; renewals in the background are told of', async (t) => {
  const { server } = t.context;
  const { events } = collectTraces(t, server.options.clientId);
  server.on('POST /token', [server.issue({ expires_in: 1 }), server.issue()]);
  const interceptor = create(server);
  await interceptor.getAuthorizationHeader();
  await eventually(() => events.length === 4);
  t.true(interceptor.invalidate(await interceptor.getAuthorizationHeader()));
  await interceptor.getAuthorizationHeader();
  t.deepEqual(
    events.map(({ phase, trace }) => `${phase} ${trace.reason}`),
    ['initial', 'expiring', 'rejected'].flatMap((reason) => [`start ${reason}`, `end ${reason}`]),
  );
});

test('a token that is at hand, and one of a hook, are not told of', async (t) => {
  const { server } = t.context;
  const { events } = collectTraces(t, server.options.clientId);
  const interceptor = create(server);
  for (let call = 0; call < 10; call += 1) await interceptor.getAuthorizationHeader();
  t.is(events.length, 2);
  const hooked = create(server);
  hooked.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => 'of-a-hook' });
  await hooked.getAuthorizationHeader();
  t.is(events.length, 2);
});

test('who subscribes later hears of what comes then, and who unsubscribes of nothing more', async (t) => {
  const { server } = t.context;
  const { stdout } = await listenInProcess(
    server,
    `const next = () => {
      interceptor.invalidate();
      return interceptor.getAuthorizationHeader();
    };
    await next();
    for (const round of [1, 2]) {
      listen();
      await next();
      events.push('stop');
      stop();
      await next();
    }`,
  );
  t.deepEqual(JSON.parse(stdout), Array(2).fill(['start rejected', 'end rejected', 'stop']).flat());
  t.is(server.tokenRequests().length, 5);
});

test('what the first create() runs in is not the asynchronous context of every token request to come', async (t) => {
  const program = `
    import { AsyncLocalStorage } from 'node:async_hooks';
    import { subscribe } from 'node:diagnostics_channel';
    import { createRequire } from 'node:module';

    const { ClientAuthInterceptorFactory } = createRequire(${JSON.stringify(import.meta.url)})('@org/smart-m2m');
    const requests = new AsyncLocalStorage();
    const options = ${JSON.stringify(t.context.server.options)};
    const interceptor = requests.run('first', () => ClientAuthInterceptorFactory.create(options));
    subscribe('tracing:smart-m2m:token:end', () => console.log(requests.getStore()));
    await interceptor.getAuthorizationHeader();`;
  const { code, stdout, stderr } = await runNode(program, { evaluate: true });
  t.is(code, 0, stderr);
  t.is(stdout, 'undefined\n');
});

test('every thread with an interceptor of the client hears of the shared request, and no other thread', async (t) => {
  const { server } = t.context;
  const { events, phases } = collectTraces(t, server.options.clientId);
  const others = { ...server.options, clientId: 'of-others' };
  const workers = await Promise.all(
    [server.options, server.options, others].map((options) => startTokenWorker(options, { trace: true })),
  );
  t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
  const [first, second, stranger] = workers;
  const interceptor = create(server);
  await interceptor.getAuthorizationHeader();
  // From here on all share the source.
  for (const worker of [first, second]) await worker.header();
  await stranger.header();
  const before = events.length;
  t.true(interceptor.invalidate());
  await first.header();
  await eventually(() => events.length === before + 2);
  t.deepEqual(phases().slice(before), ['start 1', 'end 1']);
  for (const worker of [first, second]) {
    await eventually(async () => (await worker.traced()).length === 2);
    const [start, end] = await worker.traced();
    t.like(start, { phase: 'start', clientId: server.options.clientId, reason: 'rejected', attempt: 1 });
    t.like(end, { phase: 'end', clientId: server.options.clientId, reason: 'rejected', attempt: 1 });
    t.is(typeof end.durationMs, 'number');
  }
  t.deepEqual([...new Set((await stranger.traced()).map(({ clientId }) => clientId))], ['of-others']);
});

test('a worker hears of renewals in the background as well', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]);
  const worker = await startTokenWorker(server.options, { trace: true });
  t.teardown(worker.end);
  await worker.header();
  await eventually(async () => (await worker.traced()).length === 4);
  const told = (await worker.traced()).map(({ phase, reason }) => `${phase} ${reason}`);
  t.deepEqual(told, ['start initial', 'end initial', 'start expiring', 'end expiring']);
});

test('who subscribes after the last call hears of renewals in the background', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]);
  const { stdout } = await listenInProcess(
    server,
    `await interceptor.getAuthorizationHeader();
    await interceptor.getAuthorizationHeader();
    listen();
    await interceptor.getAuthorizationHeader();
    const { expiresAt } = interceptor.stats();
    while (interceptor.stats().expiresAt.getTime() === expiresAt.getTime()) await sleep(10);
    await sleep(200);`,
  );
  t.deepEqual(JSON.parse(stdout), ['start expiring', 'end expiring']);
});

test('a thread that joins a request under way hears of no end without a start', async (t) => {
  const { server } = t.context;
  const workers = await Promise.all([1, 2].map(() => startTokenWorker(server.options, { trace: true })));
  t.teardown(() => Promise.all(workers.map((worker) => worker.end())));
  const [first, second] = workers;
  const gate = server.holdTokens();
  const waiting = [first.header()];
  await gate.reached();
  waiting.push(second.header());
  await eventually(async () => (await second.stats()).tokenRequests === 1);
  gate.open();
  await Promise.all(waiting);
  const phases = (await second.traced()).map(({ phase }) => phase);
  t.is(phases.filter((phase) => phase === 'start').length, phases.filter((phase) => phase === 'end').length);
});

test('an attempt that retry.deadlineMs cuts short is told of to its end', async (t) => {
  const { server } = t.context;
  server.holdTokens();
  const { events, phases } = collectTraces(t, server.options.clientId);
  // Without discovery, which on a busy machine may take as long as that.
  const tokenEndpoint = server.url('/token');
  const interceptor = create(server, { tokenEndpoint, retry: { deadlineMs: 300 } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TIMEOUT' });
  t.deepEqual(phases(), ['start 1', 'error 1', 'end 1']);
  t.is(events[1]?.trace.error.code, 'ERR_TIMEOUT');
});

const FLOWS = {
  'HTTP Basic': {},
  'form post': { clientAuthMethod: 'client_secret_post' },
  'a private key': { clientSecret: undefined, keystore: KEYSTORE },
};
for (const [flow, credentials] of Object.entries(FLOWS)) {
  test(`nothing in an event is secret: ${flow}`, async (t) => {
    const { server } = t.context;
    const clientId = `secretive ${flow}`;
    const secret = 'sS4-secret-Zz9';
    const parameter = 'pP5-parameter-Yy8';
    const { events } = collectTraces(t, clientId);
    const path = '/token?key=qQ6-query-Xx7';
    // Answers that repeat what was sent, in every way; then a token.
    server.on('POST /token', [
      ({ body, headers }) => text(503, `${body} ${headers.authorization}`),
      ({ body }) => json(503, { error: 'x', error_description: formPairs(body).flat().join(' ') }),
      ({ body }) => json(400, { error: 'invalid_request', error_description: body }),
      server.issue({ access_token: 'tT7-token-Ww6', refresh_token: 'rR8-refresh-Vv5' }),
    ]);
    const interceptor = create(server, {
      clientId,
      clientSecret: secret,
      tokenEndpoint: server.url(path),
      additionalParameters: { officekey: parameter },
      renewal: { failureCooldownSeconds: 0 },
      ...credentials,
    });
    await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
    await interceptor.getAuthorizationHeader();
    t.is(events.length, 3 * 3 + 2);
    t.true(events[0].trace.tokenEndpoint.startsWith(server.url('/token')));

    const sensitive = [
      ...[secret, parameter, 'qQ6-query-Xx7', 'tT7-token-Ww6', 'rR8-refresh-Vv5', JWKS.keys[0].d],
      ...server
        .tokenRequests()
        .map(({ body, headers }) => formValue(body, 'client_assertion') ?? headers.authorization?.slice(6)),
    ].filter((value) => value !== undefined);
    for (const { trace } of events) {
      const shown = [
        inspect(trace, { depth: 9, showHidden: true }),
        JSON.stringify(trace),
        JSON.stringify(trace.error, Object.getOwnPropertyNames(trace.error ?? {})),
        trace.error?.stack,
      ].join('\n');
      for (const value of sensitive) t.false(shown.includes(value), shown);
    }
  });
}

/** In a process of its own, where nobody else subscribes to anything. Prints the events. */
function listenInProcess(server, script) {
  return runNode(
    `import { subscribe, unsubscribe } from 'node:diagnostics_channel';
    import { setTimeout as sleep } from 'node:timers/promises';
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));
    const events = [];
    const listeners = ['start', 'error', 'end'].map((phase) => [
      'tracing:smart-m2m:token:' + phase,
      ({ reason }) => events.push(phase + ' ' + reason),
    ]);
    const listen = () => listeners.forEach((listener) => subscribe(...listener));
    const stop = () => listeners.forEach((listener) => unsubscribe(...listener));
    ${script}
    console.log(JSON.stringify(events));`,
    { evaluate: true, args: [JSON.stringify(server.options)] },
  );
}
