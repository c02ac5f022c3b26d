import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('a bare token takes the place of a token request', async (t) => {
  const { server, interceptor } = t.context;
  interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => 'from-the-hook' });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer from-the-hook');
  t.is(server.requests.length, 0);
});

test('the hook is told what the token is for', async (t) => {
  const { server, interceptor } = t.context;
  const seen = [];
  const hooks = {
    CLIENT_AUTH_PRE_TOKEN_REQUEST(context) {
      seen.push([this, context]);
      return null;
    },
  };
  t.is(interceptor.registerInterceptor(hooks), interceptor);
  await interceptor.getAuthorizationHeader();
  t.is(seen.length, 1);
  const [[self, { signal, ...context }]] = seen;
  t.is(self, hooks);
  t.deepEqual(context, {
    clientId: server.options.clientId,
    scope: 'system/*.read',
    fhirBaseUrl: server.fhirBaseUrl,
    reason: 'initial',
  });
  t.true(signal instanceof AbortSignal);
  t.false(signal.aborted);
  t.true(Object.isFrozen(seen[0][1]));
});

test('the hook is asked in the asynchronous context of its call, whichever one the package was loaded in', async (t) => {
  const program = `
    import { AsyncLocalStorage } from 'node:async_hooks';
    import { createRequire } from 'node:module';

    const requests = new AsyncLocalStorage();
    const interceptor = requests.run('first', () => {
      const { ClientAuthInterceptorFactory } = createRequire(${JSON.stringify(import.meta.url)})('@org/smart-m2m');
      return ClientAuthInterceptorFactory.create(${JSON.stringify(t.context.server.options)});
    });
    const seen = [];
    interceptor.registerInterceptor({
      // A bare token is not kept: the hook is asked for each call.
      async CLIENT_AUTH_PRE_TOKEN_REQUEST() {
        await null;
        seen.push(requests.getStore());
        return 'token';
      },
    });
    await requests.run('second', () => interceptor.getAuthorizationHeader());
    await requests.run('third', () => interceptor.getAuthorizationHeader());
    console.log(seen.join(' '));`;
  const { code, stdout, stderr } = await runNode(program, { evaluate: true });
  t.is(code, 0, stderr);
  t.is(stdout, 'second third\n');
});

test('the hook is told of the server that the call names, and of a deliberate lack of scope', async (t) => {
  const { server } = t.context;
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    fhirBaseUrl: undefined,
    scope: null,
  });
  const seen = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: ({ fhirBaseUrl, scope }) => {
      seen.push({ fhirBaseUrl, scope });
    },
  });
  await interceptor.getAuthorizationHeader({ fhirBaseUrl: server.fhirBaseUrl });
  t.deepEqual(seen, [{ fhirBaseUrl: server.fhirBaseUrl, scope: null }]);
});

for (const nothing of [null, undefined]) {
  test(`${nothing} lets the flow go on`, async (t) => {
    const { server, interceptor } = t.context;
    interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => nothing });
    t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
    t.is(server.tokenRequests().length, 1);
  });
}

test('the first hook that returns a token wins, in the order of registration', async (t) => {
  const { interceptor } = t.context;
  const called = [];
  const hook = (name, token) => ({
    async CLIENT_AUTH_PRE_TOKEN_REQUEST() {
      called.push(name);
      return token;
    },
  });
  interceptor
    .registerInterceptor(hook('first', null))
    .registerInterceptor({})
    .registerInterceptor(hook('second', 'second-token'))
    .registerInterceptor(hook('third', 'third-token'));
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer second-token');
  t.deepEqual(called, ['first', 'second']);
});

test('a bare token is not kept', async (t) => {
  const { interceptor } = t.context;
  let calls = 0;
  interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => `token-of-call-${++calls}` });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-of-call-1');
  const { accessToken, expiresAt } = await interceptor.getAccessToken();
  t.is(accessToken, 'token-of-call-2');
  t.is(expiresAt, null);
});

test('a token with its lifetime is kept', async (t) => {
  const { interceptor } = t.context;
  let calls = 0;
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => ({ accessToken: `token-of-call-${++calls}`, expiresIn: 600 }),
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-of-call-1');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-of-call-1');
  t.true((await interceptor.getAccessToken()).expiresAt instanceof Date);
  t.is(calls, 1);
});

test('a bare token that a server refused makes the next reason rejected', async (t) => {
  const { interceptor } = t.context;
  const reasons = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ reason }) {
      reasons.push(reason);
      return `bare-${reasons.length}`;
    },
  });
  const header = await interceptor.getAuthorizationHeader();
  t.false(interceptor.invalidate('Bearer another'));
  t.true(interceptor.invalidate(header));
  t.false(interceptor.invalidate(header));
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer bare-2');
  t.deepEqual(reasons, ['initial', 'rejected']);
});

test('a hook that supplied a token is asked again after it, although others have one by now', async (t) => {
  const { server, interceptor } = t.context;
  const other = ClientAuthInterceptorFactory.create(server.options);
  let calls = 0;
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST() {
      calls += 1;
      return { accessToken: `supplied-${calls}`, expiresIn: 1 };
    },
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer supplied-1');
  await other.getAuthorizationHeader();
  await eventually(async () => (await interceptor.getAuthorizationHeader()) === 'Bearer supplied-2');
});

test('a caller that comes after invalidate() does not get what a hook was asked for before it', async (t) => {
  const { interceptor } = t.context;
  const answers = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: () => new Promise((resolve) => answers.push(resolve)),
  });
  const before = interceptor.getAuthorizationHeader();
  await eventually(() => answers.length === 1);
  interceptor.invalidate();
  const after = interceptor.getAuthorizationHeader();
  await eventually(() => answers.length === 2);
  answers[0]('first');
  answers[1]('second');
  t.deepEqual(await Promise.all([before, after]), ['Bearer first', 'Bearer second']);
});

test('a kept token of a hook is for its own interceptor alone', async (t) => {
  const { server, interceptor } = t.context;
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: () => ({ accessToken: 'private', expiresIn: 600 }),
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer private');
  const other = ClientAuthInterceptorFactory.create(server.options);
  t.is(await other.getAuthorizationHeader(), 'Bearer token-1');
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer private');
});

test('after a token was dropped the reason is rejected', async (t) => {
  const { interceptor } = t.context;
  const reasons = collectReasons(interceptor);
  const header = await interceptor.getAuthorizationHeader();
  interceptor.invalidate(header);
  await interceptor.getAuthorizationHeader();
  t.deepEqual(reasons, ['initial', 'rejected']);
});

test('when the token is at its end the reason is expiring', async (t) => {
  const { interceptor } = t.context;
  const reasons = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ reason }) {
      reasons.push(reason);
      return { accessToken: `token-of-call-${reasons.length}`, expiresIn: 2 };
    },
  });
  await interceptor.getAuthorizationHeader();
  await eventually(async () => {
    await interceptor.getAuthorizationHeader();
    return reasons.length > 1;
  });
  t.deepEqual(reasons.slice(0, 2), ['initial', 'expiring']);
});

test('concurrent callers wait for one call of the hook', async (t) => {
  const { interceptor } = t.context;
  let calls = 0;
  interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => `token-of-call-${++calls}` });
  const headers = await Promise.all(Array.from({ length: 50 }, () => interceptor.getAuthorizationHeader()));
  t.deepEqual([...new Set(headers)], ['Bearer token-of-call-1']);
});

test('a thenable that is no promise is waited for', async (t) => {
  const { interceptor } = t.context;
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
      then: (resolve) => resolve('from-a-thenable'),
    }),
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer from-a-thenable');
});

test('an object that is registered twice is called once, and is gone when it is unregistered', async (t) => {
  const { interceptor } = t.context;
  const reasons = [];
  const hooks = {
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ reason }) {
      reasons.push(reason);
    },
  };
  interceptor.registerInterceptor(hooks).registerInterceptor(hooks);
  await interceptor.getAuthorizationHeader();
  t.is(reasons.length, 1);
  t.true(interceptor.unregisterInterceptor(hooks));
  t.false(interceptor.unregisterInterceptor(hooks));
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.is(reasons.length, 1);
});

test('what is no set of hooks is refused', (t) => {
  const { interceptor } = t.context;
  for (const hooks of [undefined, null, 'hook', () => 'token', { CLIENT_AUTH_PRE_TOKEN_REQUEST: 'token' }]) {
    t.throws(() => interceptor.registerInterceptor(hooks), { code: 'ERR_INVALID_CONFIG', message: /^hooks/ });
  }
});

test('a hook that calls for a token of another interceptor gets it', async (t) => {
  const { server, interceptor } = t.context;
  const broker = ClientAuthInterceptorFactory.create(server.options);
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: async () => `exchanged-${(await broker.getAccessToken()).accessToken}`,
  });
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer exchanged-token-1');
});

function collectReasons(interceptor) {
  const reasons = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ reason }) {
      reasons.push(reason);
    },
  });
  return reasons;
}
