import { inspect } from 'node:util';
import { ClientAuthError, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
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

const THROWN = {
  'an Error': new RangeError('no token to be had'),
  'a string': 'no token to be had',
  undefined,
  null: null,
};
for (const [name, thrown] of Object.entries(THROWN)) {
  for (const way of ['thrown', 'rejected']) {
    test(`${name}, ${way} by a hook, is the cause of the error`, async (t) => {
      const { server, interceptor } = t.context;
      interceptor.registerInterceptor({
        CLIENT_AUTH_PRE_TOKEN_REQUEST() {
          if (way === 'thrown') throw thrown;
          return Promise.reject(thrown);
        },
      });
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), {
        instanceOf: ClientAuthError,
      });
      t.is(error.code, 'ERR_PRE_TOKEN_HOOK');
      t.true(Object.hasOwn(error, 'cause'));
      t.is(error.cause, thrown);
      t.is(server.requests.length, 0);
    });
  }
}

test('each waiting caller gets an error of its own, which points at its own call', async (t) => {
  const { interceptor } = t.context;
  interceptor.registerInterceptor({
    async CLIENT_AUTH_PRE_TOKEN_REQUEST() {
      throw new Error('no');
    },
  });
  async function oneCaller() {
    return interceptor.getAuthorizationHeader();
  }
  async function otherCaller() {
    return interceptor.getAuthorizationHeader();
  }
  const [one, other] = (await Promise.allSettled([oneCaller(), otherCaller()])).map(({ reason }) => reason);
  t.not(one, other);
  t.is(one.cause, other.cause);
  t.regex(one.stack, /at (?:async )?oneCaller/);
  t.regex(other.stack, /at (?:async )?otherCaller/);
});

test('when hooks fail for two FHIR servers at once, each caller gets the cause of its own', async (t) => {
  const { server, interceptor } = t.context;
  const bases = [server.url('/one/fhir'), server.url('/two/fhir')];
  const asked = new Map();
  const hook = ({ fhirBaseUrl }) => new Promise((_, reject) => asked.set(fhirBaseUrl, reject));
  interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: hook });
  const waiting = bases.map((fhirBaseUrl) =>
    t.throwsAsync(interceptor.getAuthorizationHeader({ fhirBaseUrl })),
  );
  // Joins the acquisition of the first one, whose hook it did not lend.
  waiting.push(t.throwsAsync(interceptor.getAuthorizationHeader({ fhirBaseUrl: `${bases[0]}/` })));
  await eventually(() => asked.size === 2);
  for (const [fhirBaseUrl, reject] of asked) reject(new Error(fhirBaseUrl));
  const causes = (await Promise.all(waiting)).map(({ cause }) => cause.message);
  t.deepEqual(causes, [...bases, bases[0]]);
});

const UNUSABLE = [
  '',
  'marker with space',
  'marker\r\nX-Injected: line',
  'märker',
  42,
  true,
  [],
  {},
  { accessToken: '' },
  { accessToken: 42 },
  { accessToken: 'marker\nline' },
  { accessToken: 'marker', expiresIn: 'märker' },
];
for (const supplied of UNUSABLE) {
  test(`a hook cannot supply ${inspect(supplied)}`, async (t) => {
    const { server, interceptor } = t.context;
    interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => supplied });
    const error = await t.throwsAsync(interceptor.getAuthorizationHeader());
    t.is(error.code, 'ERR_PRE_TOKEN_HOOK');
    t.false(Object.hasOwn(error, 'cause'));
    t.notRegex(error.message, /m[aä]rker/);
    t.is(server.requests.length, 0);
  });
}

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

test('closing tells a running hook, and fails the calls that wait for it', async (t) => {
  const { interceptor } = t.context;
  const entered = withResolvers();
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: ({ signal }) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
        entered.resolve(signal);
      }),
  });
  const waiting = interceptor.getAuthorizationHeader();
  const signal = await entered.promise;
  interceptor.close();
  t.true(signal.aborted);
  t.is(signal.reason.code, 'ERR_CLOSED');
  await t.throwsAsync(waiting, { code: 'ERR_CLOSED' });
});

test('a hook that does not answer in time fails the call, and its signal is aborted', async (t) => {
  const { server } = t.context;
  const http = { ...server.options.http, timeoutMs: 50 };
  const interceptor = ClientAuthInterceptorFactory.create({ ...server.options, http });
  const signals = [];
  interceptor.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST({ signal }) {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_PRE_TOKEN_HOOK' });
  await eventually(() => signals[0].aborted);
  t.is(signals[0].reason.name, 'TimeoutError');
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

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers() {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
}
