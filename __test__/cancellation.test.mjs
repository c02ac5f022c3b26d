import { getEventListeners } from 'node:events';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { json, text } from './support/recording-server.mjs';

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

const WAITS = {
  getAuthorizationHeader: (interceptor, signal) => interceptor.getAuthorizationHeader({ signal }),
  getAccessToken: (interceptor, signal) => interceptor.getAccessToken({ signal }),
  interceptRequest: (interceptor, signal) => interceptor.interceptRequest(new Headers(), { signal }),
  fetch: (interceptor, signal, { patients }) => interceptor.fetch(patients, { signal }),
  'fetch of a Request': (interceptor, signal, { patients }) =>
    interceptor.fetch(new Request(patients, { signal })),
};
for (const [name, wait] of Object.entries(WAITS)) {
  test(`a signal that is aborted already ends the call before anything is sent: ${name}`, async (t) => {
    const { server, interceptor } = t.context;
    const reason = new Error('changed my mind');
    t.is(await rejection(wait(interceptor, AbortSignal.abort(reason), server)), reason);
    t.is(server.requests.length, 0);
  });

  test(`aborting ends the wait with the reason of the signal itself: ${name}`, async (t) => {
    const { server, interceptor } = t.context;
    const gate = server.holdTokens();
    const controller = new AbortController();
    const waiting = rejection(wait(interceptor, controller.signal, server));
    await gate.reached();
    const reason = { any: 'value' };
    controller.abort(reason);
    t.is(await waiting, reason);
    gate.open();
    t.is(server.requestsTo('/fhir/Patient').length, 0);
  });
}

test('also with a live token an aborted signal ends the call', async (t) => {
  const { interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  const signal = AbortSignal.abort();
  t.is(await rejection(interceptor.getAuthorizationHeader({ signal })), signal.reason);
  t.is(await rejection(interceptor.getAccessToken({ signal })), signal.reason);
});

test('whoever leaves, the others get the token of the same request', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const controller = new AbortController();
  const leaving = rejection(interceptor.getAuthorizationHeader({ signal: controller.signal }));
  const staying = [
    interceptor.getAuthorizationHeader(),
    interceptor.getAuthorizationHeader({ signal: new AbortController().signal }),
  ];
  await gate.reached();
  controller.abort();
  t.is(await leaving, controller.signal.reason);
  gate.open();
  t.deepEqual(await Promise.all(staying), ['Bearer held', 'Bearer held']);
  t.is(server.tokenRequests().length, 1);
});

test('when all have left, the request goes on for those who come', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const controller = new AbortController();
  const leaving = [1, 2].map(() => rejection(interceptor.getAuthorizationHeader(controller)));
  await gate.reached();
  controller.abort();
  for (const reason of await Promise.all(leaving)) t.is(reason, controller.signal.reason);
  const coming = interceptor.getAuthorizationHeader();
  gate.open();
  t.is(await coming, 'Bearer held');
  t.is(server.tokenRequests().length, 1);
});

test('one of two signals ends the waits that it was given to, and no others', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const [first, second] = [new AbortController(), new AbortController()];
  const leaving = [1, 2, 3].map(() => rejection(interceptor.getAuthorizationHeader(first)));
  const staying = [1, 2, 3].map(() => interceptor.getAuthorizationHeader(second));
  await gate.reached();
  first.abort('first');
  t.deepEqual(await Promise.all(leaving), ['first', 'first', 'first']);
  gate.open();
  t.deepEqual(await Promise.all(staying), ['Bearer held', 'Bearer held', 'Bearer held']);
});

test("what only looks like a signal is refused, and ends nobody's wait", async (t) => {
  const { interceptor } = t.context;
  const waiting = interceptor.getAuthorizationHeader();
  const lookalike = { aborted: false, addEventListener() {} };
  await t.throwsAsync(interceptor.getAuthorizationHeader({ signal: lookalike }), {
    code: 'ERR_INVALID_CONFIG',
    message: /^signal: /,
  });
  const broken = {
    ...lookalike,
    removeEventListener() {
      throw new Error('broken');
    },
  };
  t.is(await interceptor.getAuthorizationHeader({ signal: broken }), 'Bearer token-1');
  t.is(await waiting, 'Bearer token-1');
});

test('a getter that throws rejects the promise, and does not throw past it', async (t) => {
  const { interceptor } = t.context;
  const reason = new Error('no');
  const request = {
    get signal() {
      throw reason;
    },
  };
  t.is(await rejection(interceptor.getAuthorizationHeader(request)), reason);
});

test('no listener stays on a signal, however the wait ends', async (t) => {
  const { server, interceptor } = t.context;
  const { signal } = new AbortController();
  await interceptor.getAuthorizationHeader({ signal });
  t.is(getEventListeners(signal, 'abort').length, 0);
  interceptor.invalidate();
  server.on('POST /token', json(400, { error: 'invalid_client' }));
  await t.throwsAsync(interceptor.getAuthorizationHeader({ signal }));
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('a signal shared by many calls has one listener', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const { signal } = new AbortController();
  const waiting = Array.from({ length: 50 }, () => interceptor.getAuthorizationHeader({ signal }));
  t.is(getEventListeners(signal, 'abort').length, 1);
  await gate.reached();
  gate.open();
  t.deepEqual([...new Set(await Promise.all(waiting))], ['Bearer held']);
  t.is(getEventListeners(signal, 'abort').length, 0);
});

test('a signal without reason to end leaves everything as it is', async (t) => {
  const { interceptor } = t.context;
  const controller = new AbortController();
  t.is(await interceptor.getAuthorizationHeader(controller), 'Bearer token-1');
  t.is(await interceptor.getAuthorizationHeader(controller), 'Bearer token-1');
  controller.abort();
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
});

test('aborting while fetch waits for the second token ends the call', async (t) => {
  const { server, interceptor } = t.context;
  await interceptor.getAuthorizationHeader();
  server.on('GET /fhir/Patient', text(401, ''));
  const gate = server.holdTokens();
  const controller = new AbortController();
  const waiting = rejection(interceptor.fetch(server.patients, controller));
  await gate.reached(2);
  controller.abort();
  t.is(await waiting, controller.signal.reason);
  gate.open();
  t.is(server.requestsTo('/fhir/Patient').length, 1);
});

test('closing ends every wait', async (t) => {
  const { server, interceptor } = t.context;
  const gate = server.holdTokens();
  const waiting = [
    interceptor.getAuthorizationHeader(),
    interceptor.getAccessToken(new AbortController()),
    interceptor.fetch(server.patients),
  ].map(rejection);
  await gate.reached();
  interceptor.close();
  for (const { code } of await Promise.all(waiting)) t.is(code, 'ERR_CLOSED');
  gate.open();
});

const LEAVE = {
  'an aborted wait': 'setTimeout(() => controller.abort(), 50);',
  'a closed interceptor': 'setTimeout(() => interceptor.close(), 50);',
};
for (const [name, leave] of Object.entries(LEAVE)) {
  test(`${name} does not keep the process from ending, though the server never answers`, async (t) => {
    const { server } = t.context;
    server.holdTokens();
    const { code, signal, stdout, stderr } = await runNode(
      `import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
       const interceptor = ClientAuthInterceptorFactory.create(${JSON.stringify(server.options)});
       const controller = new AbortController();
       interceptor.getAuthorizationHeader(controller).catch(({ name, code }) => console.log(name));
       ${leave}`,
      { evaluate: true, timeoutMs: 25_000 },
    );
    t.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
    t.regex(stdout, /^(AbortError|ClientAuthError)\n$/);
  });
}

/** What it rejects with, of whatever kind. */
async function rejection(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('it did not reject');
}
