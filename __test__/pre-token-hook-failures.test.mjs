import { inspect } from 'node:util';
import { ClientAuthError, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';

// Hooks that throw, supply what is no token, or do not answer.

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

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

/** Promise.withResolvers, which Node 20 lacks. */
function withResolvers() {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
}
