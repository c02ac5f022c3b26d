import { once } from 'node:events';
import test from 'ava';
import { atOnce } from './support/at-once.mjs';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { tokenResponse } from './support/recording-server.mjs';
import { createInterceptor as create } from './support/token-endpoint.mjs';
import { startTokenWorker } from './support/workers.mjs';

// Who waits for a shared request leaves it for reasons of his own, and nobody else notices.

const CLOSED = { code: 'ERR_CLOSED' };

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

test('callers with signals of their own leave one by one, of both interceptors that share a request', async (t) => {
  const { server } = t.context;
  const gate = server.holdTokens();
  const pair = [create(server), create(server)];
  const callers = Array.from({ length: 40 }, (_, index) => {
    const controller = new AbortController();
    return { controller, wait: pair[index % 2].getAuthorizationHeader({ signal: controller.signal }) };
  });
  await sharedBy(pair);
  const leaving = callers.filter((_, index) => index % 4 < 2);
  const staying = callers.filter((caller) => !leaving.includes(caller));
  for (const { controller, wait } of leaving) {
    const reason = new Error('of its own');
    controller.abort(reason);
    t.is(await wait.catch((error) => error), reason);
  }
  gate.open();
  const headers = await Promise.all(staying.map(({ wait }) => wait));
  t.deepEqual([...new Set(headers)], ['Bearer held']);
  t.is(server.tokenRequests().length, 1);
});

for (const [who, first] of [
  ['the interceptor that started a request', true],
  ['an interceptor that joined a request', false],
]) {
  test(`closing ${who} ends its own waits at once, and no others`, async (t) => {
    const { server } = t.context;
    const gate = server.holdTokens();
    const [starter, joiner] = [create(server), create(server)];
    const waits = [starter, joiner].map((interceptor) => [
      interceptor.getAuthorizationHeader(),
      interceptor.getAccessToken({ signal: new AbortController().signal }),
      interceptor.fetch(server.patients),
    ]);
    await sharedBy([starter, joiner]);
    const [closed, left] = first ? waits : waits.toReversed();
    (first ? starter : joiner).close();
    // The gate is still shut.
    for (const wait of closed) await t.throwsAsync(wait, CLOSED);
    await t.throwsAsync((first ? starter : joiner).getAuthorizationHeader(), CLOSED);
    gate.open();
    const [header, { accessToken }, { status }] = await Promise.all(left);
    t.deepEqual([header, accessToken, status], ['Bearer held', 'held', 200]);
    t.is(await atOnce((first ? joiner : starter).getAuthorizationHeader()), 'Bearer held');
    t.is(server.tokenRequests().length, 1);
  });
}

test('closing in one thread ends no wait in another', async (t) => {
  const { server } = t.context;
  const gate = server.holdTokens();
  const [worker, other] = await Promise.all([
    startTokenWorker(server.options),
    startTokenWorker(server.options),
  ]);
  t.teardown(() => Promise.all([worker.end(), other.end()]));
  const leaving = t.throwsAsync(worker.header(), CLOSED);
  const staying = other.header();
  await eventually(async () => {
    const both = await Promise.all([worker.stats(), other.stats()]);
    return both.every(({ tokenRequests }) => tokenRequests === 1);
  });
  await worker.close();
  await leaving;
  gate.open();
  t.is(await staying, 'Bearer held');
  t.is(server.tokenRequests().length, 1);
});

test('closing during a renewal leaves the renewal to those who share it', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 6 }));
  const renewal = { marginSeconds: 3 };
  const [closing, staying] = [create(server, { renewal }), create(server, { renewal })];
  for (const interceptor of [closing, staying]) await interceptor.getAuthorizationHeader();
  const gate = server.holdTokens();
  await gate.reached(2);
  closing.close();
  await t.throwsAsync(closing.getAuthorizationHeader(), CLOSED);
  t.is(await atOnce(staying.getAuthorizationHeader()), 'Bearer token-1');
  gate.open();
  await eventually(async () => (await staying.getAuthorizationHeader()) === 'Bearer held');
  t.is(server.tokenRequests().length, 2);
});

for (const order of ['before', 'after']) {
  test(`a result that was on its way at invalidate() is not kept, arriving ${order} the next one`, async (t) => {
    const { server } = t.context;
    const answers = holdEach(server);
    const interceptor = create(server);
    const early = interceptor.getAuthorizationHeader();
    await answers.reached(1);
    t.true(interceptor.invalidate());
    const late = interceptor.getAuthorizationHeader();
    await answers.reached(2);
    const arrivals = [
      async () => {
        answers.send(0);
        t.is(await early, 'Bearer answer-1', 'who asked before still gets it');
      },
      async () => {
        answers.send(1);
        t.is(await late, 'Bearer answer-2');
      },
    ];
    for (const arrive of order === 'before' ? arrivals : arrivals.toReversed()) await arrive();
    t.is(await atOnce(interceptor.getAuthorizationHeader()), 'Bearer answer-2');
    t.is(await create(server).getAuthorizationHeader(), 'Bearer answer-2');
    t.is(server.tokenRequests().length, 2);
  });
}

test('the result of a renewal that was on its way at invalidate() is not kept', async (t) => {
  const { server } = t.context;
  server.on('POST /token', server.issue({ expires_in: 6 }));
  const interceptor = create(server, { renewal: { marginSeconds: 3 } });
  await interceptor.getAuthorizationHeader();
  const answers = holdEach(server);
  await answers.reached(1);
  t.true(interceptor.invalidate());
  answers.send(0);
  const header = interceptor.getAuthorizationHeader();
  await answers.reached(2);
  answers.send(1);
  t.is(await header, 'Bearer answer-2');
  t.is(server.tokenRequests().length, 3);
});

/** Keeps every token request waiting until its own answer is sent. */
function holdEach(server) {
  const responses = [];
  server.on('POST /token', async (_request, response, _body) => {
    responses.push(response);
    await once(response, 'close');
  });
  return {
    reached: (count) => eventually(() => responses.length >= count),
    send(index) {
      const { status, headers, body } = tokenResponse({ access_token: `answer-${index + 1}` });
      responses[index].writeHead(status, headers).end(body);
    },
  };
}

/** Both wait for the same request by then. */
function sharedBy(interceptors) {
  return eventually(() => interceptors.every((interceptor) => interceptor.stats().tokenRequests === 1));
}
