import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { atOnce } from './support/at-once.mjs';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text } from './support/recording-server.mjs';
import { createInterceptor as create } from './support/token-endpoint.mjs';
import { collectWarnings } from './support/warnings.mjs';

// Who uses a token always has one: the next is requested before the old one ends, and nobody waits for it.

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

test('a token that was used is renewed without another call', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]);
  const interceptor = create(server);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  await eventually(() => interceptor.stats().expiresAt > Date.now() + 10_000);
  t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer token-2');
  t.like(interceptor.stats(), { tokenRequests: 2, renewals: 1, failures: 0 });
  t.is(server.tokenRequests().length, 2);
});

test('what a renewal in the background is worth a warning of is told', async (t) => {
  const { server } = t.context;
  const warnings = collectWarnings(t, server.options.clientId);
  server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue({ scope: 'system/Group.read' })]);
  const interceptor = create(server);
  await interceptor.getAuthorizationHeader();
  await eventually(() => interceptor.stats().expiresAt > Date.now() + 10_000);
  t.deepEqual(warnings, []);
  await interceptor.getAuthorizationHeader();
  t.deepEqual(
    warnings.map(({ code }) => code),
    ['SCOPE_NOT_GRANTED'],
  );
});

test('a token that nobody uses any more is renewed once at most', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 1 }));
  const interceptor = create(server);
  for (const round of [1, 2]) {
    await interceptor.getAuthorizationHeader();
    const requests = server.tokenRequests().length;
    await sleep(5000);
    t.true(server.tokenRequests().length <= requests + 1, `in round ${round}`);
  }
});

test('in steady use nobody waits for a server that takes a quarter of the lifetime to answer', async (t) => {
  t.timeout(60_000);
  const LIFETIME_SECONDS = 8;
  const { server } = t.context;
  const issue = server.issue({ expires_in: LIFETIME_SECONDS });
  server.on('POST /token', () => ({ ...issue(), delayMs: (LIFETIME_SECONDS * 1000) / 4 }));
  const interceptor = create(server);
  await interceptor.getAuthorizationHeader();
  const headers = await useSteadily(t, interceptor, () => server.tokenRequests().length === 6);
  t.deepEqual([...new Set(headers.map(({ header }) => header))], tokens(1, headers.at(-1).number));
  for (const { number, calledAt } of headers) {
    // It arrived there after it had left here, from when on the lifetime counts.
    const requestedAt = server.tokenRequests()[number - 1].at.getTime();
    t.true(calledAt < requestedAt + LIFETIME_SECONDS * 1000, `token-${number} was dead`);
  }
});

test('a renewal that outlasts the token is what callers wait for then', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 2 }));
  const interceptor = create(server, { renewal: { marginSeconds: 1 } });
  const { expiresAt } = await interceptor.getAccessToken();
  const gate = server.holdTokens(server.issue());
  await gate.reached(2);
  await sleep(expiresAt - Date.now() + 10);
  const waiting = Array.from({ length: 10 }, () => interceptor.getAuthorizationHeader());
  t.is(await atOnce(waiting[0]), undefined);
  gate.open();
  t.deepEqual([...new Set(await Promise.all(waiting))], tokens(2, 2));
  t.is(server.tokenRequests().length, 2);
});

test('no token is requested past the hook of the only interceptor that wants one', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 1 }));
  const interceptor = create(server);
  let asked = 0;
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST() {
      asked += 1;
    },
  });
  await interceptor.getAuthorizationHeader();
  // Idle at first, then in steady use.
  await sleep(2000);
  const end = Date.now() + 3000;
  while (Date.now() < end) {
    await interceptor.getAuthorizationHeader();
    await sleep(5);
  }
  t.true(server.tokenRequests().length <= asked, `${server.tokenRequests().length} requests, asked ${asked}`);
});

/** The second of two connections that are dropped is no kept one any more, but a failure. */
const PASSING = {
  'a 503': [text(503, 'down')],
  'dropped connections': [{ destroy: true }, { destroy: true }],
};
for (const [kind, failure] of Object.entries(PASSING)) {
  for (const times of [1, 2]) {
    test(`nobody notices that a renewal meets ${kind} ${times === 1 ? 'once' : 'twice'}`, async (t) => {
      const { server } = t.context;
      const failures = Array.from({ length: times }, () => failure).flat();
      server.on('POST /token', [server.issue({ expires_in: 6 }), ...failures, server.issue()]);
      const interceptor = create(server, { renewal: { marginSeconds: 3 }, retry: { attempts: 1 } });
      await interceptor.getAuthorizationHeader();
      const headers = await useSteadily(t, interceptor, ({ header }) => header === 'Bearer token-2');
      t.deepEqual([...new Set(headers.map(({ header }) => header))], tokens(1, 2));
      t.like(interceptor.stats(), { failures: times, renewals: times + 1 });
      t.is(server.tokenRequests().length, 2 + failures.length);
    });
  }
}

test('a renewal that is refused leaves the living token in use, and is not repeated in a loop', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 6 }), json(401, { error: 'invalid_client' })]);
  const interceptor = create(server, { renewal: { marginSeconds: 3 } });
  const { expiresAt } = await interceptor.getAccessToken();
  const headers = await useSteadily(t, interceptor, ({ calledAt }) => calledAt > expiresAt - 500);
  t.deepEqual([...new Set(headers.map(({ header }) => header))], tokens(1, 1));
  const requests = server.tokenRequests().length;
  t.true(requests >= 2 && requests <= 4, `${requests} token requests`);

  await sleep(expiresAt - Date.now() + 10);
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
});

test('without background renewal, the call that finds the token due waits for the next one', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 6 }));
  const interceptor = create(server, { renewal: { background: false, marginSeconds: 3 } });
  await interceptor.getAuthorizationHeader();
  t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer token-1');
  const gate = server.holdTokens(server.issue());
  await sleep(interceptor.stats().renewsAt - Date.now() + 100);
  t.is(server.tokenRequests().length, 1, 'nothing happens without a call');

  const waiting = interceptor.getAuthorizationHeader();
  t.is(await atOnce(waiting), undefined);
  await gate.reached(2);
  t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer token-1', 'one who waits is enough');
  gate.open();
  t.is(await waiting, 'Bearer token-2');
  t.is(server.tokenRequests().length, 2);
});

test('without background renewal, who waits gets the living token when the renewal fails', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 8 }), text(503, 'down'), server.issue()]);
  const interceptor = create(server, {
    renewal: { background: false, marginSeconds: 4 },
    retry: { attempts: 1 },
  });
  await interceptor.getAuthorizationHeader();
  await sleep(interceptor.stats().renewsAt - Date.now() + 100);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
  t.is(server.tokenRequests().length, 2);
  t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer token-1', 'for a while without waiting');
  await eventually(async () => (await interceptor.getAuthorizationHeader()) === 'Bearer token-2');
  t.is(server.tokenRequests().length, 3);
});

const MARGINS = {
  'by default': [undefined, 30],
  'with a margin of its own': [100, 100],
  'with a margin that is too large for the lifetime': [250, 150],
};
for (const [kind, [marginSeconds, counted]] of Object.entries(MARGINS)) {
  test(`without jitter a token of 300 s is renewed at its margin, ${kind}`, async (t) => {
    const { server } = t.context;
    const interceptor = create(server, { renewal: { marginSeconds, jitter: 0 } });
    const began = performance.now();
    await interceptor.getAuthorizationHeader();
    const took = performance.now() - began;
    const early = earlySeconds(interceptor);
    // The time that the request took counts as well; a millisecond for rounding.
    t.true(early >= counted - 0.001 && early <= counted + took / 1000 + 0.001, `${early} s before its end`);
  });
}

test('with jitter 1 clients renew at moments of their own, up to a whole margin earlier', async (t) => {
  const { server } = t.context;
  const began = performance.now();
  const fleet = Array.from({ length: 20 }, (_, index) =>
    create(server, { clientId: `fleet-${index}`, renewal: { jitter: 1 } }),
  );
  await Promise.all(fleet.map((interceptor) => interceptor.getAuthorizationHeader()));
  const took = performance.now() - began;
  const early = fleet.map(earlySeconds);
  for (const seconds of early) {
    t.true(seconds >= 30 - 0.001 && seconds <= 60 + took / 1000 + 0.001, `${seconds} s before its end`);
  }
  // By chance alone they would lie within a tenth of the window once in 10^17 runs.
  t.true(Math.max(...early) - Math.min(...early) > 3, early.join());
});

/**
 * Calls all the time until it is enough. Each call is answered at once.
 *
 * @returns {Promise<{ header: string, number: number, calledAt: number }[]>}
 */
async function useSteadily(t, interceptor, isEnough) {
  const answers = [];
  for (;;) {
    const calledAt = Date.now();
    const header = await atOnce(interceptor.getAuthorizationHeader());
    if (header === undefined) {
      t.fail('a call had to wait');
      return answers;
    }
    const answer = { header, number: Number(header.slice('Bearer token-'.length)), calledAt };
    answers.push(answer);
    if (isEnough(answer)) return answers;
    await sleep(5);
  }
}

function tokens(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => `Bearer token-${first + index}`);
}

/** How long before its end the current token is to be renewed. */
function earlySeconds(interceptor) {
  const { expiresAt, renewsAt } = interceptor.stats();
  return (expiresAt - renewsAt) / 1000;
}
