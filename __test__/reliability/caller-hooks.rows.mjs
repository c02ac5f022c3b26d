export const TITLE = 'Pre-token hooks that do what no hook should';
export const KIND = 'input';

const REFUSED = 'ERR_PRE_TOKEN_HOOK';
const never = () => new Promise(() => {});
const FAILS = 'ERR_PRE_TOKEN_HOOK; without the hook the next call has its token';
const TOLD_AS_CAUSE =
  'ERR_PRE_TOKEN_HOOK with that as its cause; without the hook the next call has its token';

function revoked() {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** Everything that is asked of it throws. */
function throwing() {
  return new Proxy(
    {},
    Object.fromEntries(
      ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'].map((trap) => [
        trap,
        () => {
          throw new Error(`marker of ${trap}`);
        },
      ]),
    ),
  );
}

const messageThatThrows = Object.defineProperty(new Error('x'), 'message', {
  get() {
    throw new Error('marker');
  },
});

/** What it throws, or rejects with. */
const thrown = [
  ['a Proxy that throws at every question', throwing()],
  ['a revoked Proxy', revoked()],
  ['a text of ten million characters', 'marker'.repeat(1_700_000)],
  ['an error whose message throws', messageThatThrows],
  ['a Symbol', Symbol('marker')],
  ['a function', () => 'marker'],
  [
    'the very error class of this package, with a code of its own',
    Object.assign(new Error('marker'), { code: 'ERR_CLOSED' }),
  ],
].flatMap(([what, value]) => [
  {
    name: `It throws ${what}`,
    outcome: TOLD_AS_CAUSE,
    hook: () => {
      throw value;
    },
    cause: value,
    code: REFUSED,
  },
  {
    name: `It rejects with ${what}`,
    outcome: TOLD_AS_CAUSE,
    hook: () => Promise.reject(value),
    cause: value,
    code: REFUSED,
  },
]);

/** What it returns: a getter that throws is a member of a wrong type. */
const returned = [
  ['a Symbol', Symbol('marker')],
  ['a BigInt', 7n],
  ['a function', () => 'marker'],
  ['NaN', Number.NaN],
  ['a boxed string', new String('marker')],
  ['an array with a token', ['marker']],
  ['a Map', new Map([['accessToken', 'marker']])],
  ['a token of ten million characters, and a line break', `${'m'.repeat(10_000_000)}\n`],
  ['half a surrogate pair', 'marker\ud83d'],
  ['an accessToken that is boxed', { accessToken: new String('marker') }],
  ['an accessToken with CR and LF', { accessToken: 'marker\r\nX-Other: 1', expiresIn: 60 }],
  ['expiresIn that is a BigInt', { accessToken: 'marker', expiresIn: 60n }],
  ['expiresIn that is a Date', { accessToken: 'marker', expiresIn: new Date() }],
  ['expiresIn that is a Symbol', { accessToken: 'marker', expiresIn: Symbol('marker') }],
  [
    'an accessToken whose getter throws',
    {
      get accessToken() {
        throw new Error('marker');
      },
    },
  ],
  [
    'an expiresIn whose getter throws',
    {
      accessToken: 'marker',
      get expiresIn() {
        throw new Error('marker');
      },
    },
  ],
].map(([what, value]) => ({
  name: `It returns ${what}`,
  outcome: FAILS,
  hook: () => value,
  code: REFUSED,
}));

const expiries = [
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
  ['-1', -1],
  ['-0', -0],
  ['1e308', 1e308],
  ['5e-324', 5e-324],
].map(([what, expiresIn]) => ({
  name: `It returns a token with expiresIn ${what}`,
  outcome: 'that token for this call, or ERR_PRE_TOKEN_HOOK; never one that is kept for ever',
  hook: () => ({ accessToken: 'supplied', expiresIn }),
  orHeader: 'Bearer supplied',
  code: REFUSED,
}));

const thenables = [
  {
    name: 'Its thenable throws in then',
    outcome: FAILS,
    hook: () => ({
      // biome-ignore lint/suspicious/noThenProperty: a thenable is what this is about.
      then() {
        throw new Error('marker');
      },
    }),
    code: REFUSED,
  },
  {
    name: 'Its thenable has a then whose getter throws',
    outcome: FAILS,
    hook: () =>
      Object.defineProperty({}, 'then', {
        get() {
          throw new Error('marker');
        },
      }),
    code: REFUSED,
  },
  {
    name: 'Its thenable settles twice, with two tokens',
    outcome: 'the first one',
    hook: () => ({
      // biome-ignore lint/suspicious/noThenProperty: as above.
      then(resolve) {
        resolve('first');
        resolve('second');
      },
    }),
    header: 'Bearer first',
  },
  {
    name: 'Its thenable calls both resolve and reject, and throws',
    outcome: 'what it called first counts',
    hook: () => ({
      // biome-ignore lint/suspicious/noThenProperty: as above.
      then(resolve, reject) {
        resolve('first');
        reject(new Error('marker'));
        throw new Error('marker');
      },
    }),
    header: 'Bearer first',
  },
  {
    name: 'Its thenable never settles',
    outcome: 'ERR_PRE_TOKEN_HOOK when http.timeoutMs is over; another client has its token',
    hook: () => ({
      // biome-ignore lint/suspicious/noThenProperty: as above.
      then() {},
    }),
    timeoutMs: 200,
    code: REFUSED,
  },
  {
    name: 'Its thenable resolves with another, a thousand deep',
    outcome: 'the token at the end',
    hook: () => {
      let value = 'deep';
      for (let depth = 0; depth < 1000; depth++) {
        const inner = value;
        // biome-ignore lint/suspicious/noThenProperty: as above.
        value = { then: (resolve) => resolve(inner) };
      }
      return value;
    },
    header: 'Bearer deep',
  },
];

const reentrant = [
  {
    name: 'It waits for a header of its own interceptor',
    outcome: 'ERR_PRE_TOKEN_HOOK when http.timeoutMs is over, no deadlock; another client has its token',
    hook: (_context, interceptor) => interceptor.getAuthorizationHeader(),
    timeoutMs: 300,
    code: REFUSED,
  },
  {
    name: 'It waits for an access token of its own interceptor',
    outcome: 'ERR_PRE_TOKEN_HOOK when http.timeoutMs is over, no deadlock; another client has its token',
    hook: async (_context, interceptor) => (await interceptor.getAccessToken()).accessToken,
    timeoutMs: 300,
    code: REFUSED,
  },
  {
    name: 'It waits for fetch of its own interceptor',
    outcome: 'ERR_PRE_TOKEN_HOOK when http.timeoutMs is over, no deadlock; another client has its token',
    hook: async (_context, interceptor, { patients }) => void (await interceptor.fetch(patients)),
    timeoutMs: 300,
    code: REFUSED,
  },
  {
    name: 'It waits for a diagnosis of its own interceptor, which asks no hook',
    outcome: 'the diagnosis, and then the token',
    hook: async (_context, interceptor) => void (await interceptor.diagnose()),
    header: /^Bearer token-\d+$/,
  },
  {
    name: 'It calls invalidate() of its own interceptor',
    outcome: 'the call that waits has its token',
    hook: (_context, interceptor) => void interceptor.invalidate(),
    header: /^Bearer token-\d+$/,
  },
  {
    name: 'It takes itself out',
    outcome: 'what it returned counts; the next call asks the server',
    hook(_context, interceptor) {
      interceptor.unregisterInterceptor(this);
      return 'last';
    },
    header: 'Bearer last',
  },
  {
    name: 'It registers a thousand others meanwhile',
    outcome: 'its own token counts; those are asked once it is gone',
    hook(_context, interceptor) {
      for (let count = 0; count < 1000; count++) {
        interceptor.registerInterceptor({
          CLIENT_AUTH_PRE_TOKEN_REQUEST() {
            throw new Error('too early');
          },
        });
      }
      return 'mine';
    },
    header: 'Bearer mine',
    leavesOthers: true,
  },
  {
    name: 'It closes its interceptor and returns a token',
    outcome: 'ERR_CLOSED',
    hook(_context, interceptor) {
      interceptor.close();
      return 'marker';
    },
    code: 'ERR_CLOSED',
    isClosed: true,
  },
  {
    name: 'It closes its interceptor and never answers',
    outcome: 'ERR_CLOSED at once',
    hook(_context, interceptor) {
      interceptor.close();
      return never();
    },
    code: 'ERR_CLOSED',
    isClosed: true,
  },
  {
    name: 'It changes its context and aborts what it was given',
    outcome: 'the context is frozen; the token comes',
    hook(context) {
      try {
        context.clientId = 'another';
      } catch {}
      context.signal.dispatchEvent(new Event('abort'));
    },
    header: /^Bearer token-\d+$/,
  },
  {
    name: 'It registers a hook whose getter throws from the second time on',
    outcome: 'ERR_PRE_TOKEN_HOOK with that as its cause, as a rejection and no throw',
    hooks: () => {
      let reads = 0;
      return {
        get CLIENT_AUTH_PRE_TOKEN_REQUEST() {
          reads += 1;
          if (reads > 1) throw new RangeError('marker');
          return () => null;
        },
      };
    },
    code: REFUSED,
  },
  {
    name: 'Its object is a Proxy that is revoked after it was registered',
    outcome: FAILS,
    hooks: () => {
      const { proxy, revoke } = Proxy.revocable({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => null }, {});
      setImmediate(revoke);
      return proxy;
    },
    later: true,
    code: REFUSED,
  },
  {
    name: 'Its function is exchanged for a number after it was registered',
    outcome: FAILS,
    hooks: () => {
      const hooks = { CLIENT_AUTH_PRE_TOKEN_REQUEST: () => null };
      setImmediate(() => {
        hooks.CLIENT_AUTH_PRE_TOKEN_REQUEST = 7;
      });
      return hooks;
    },
    later: true,
    code: REFUSED,
  },
];

/** In a process of its own: a blocked thread would block the other tests. */
const blocking = [
  {
    name: 'It blocks its thread for 10 s',
    outcome:
      'another thread has its token meanwhile; then the call has its own, and the process ends by itself',
    script: `
      import { Worker } from 'node:worker_threads';
      import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
      const options = JSON.parse(process.argv[1]);
      const got = new Int32Array(new SharedArrayBuffer(8));
      new Worker(\`
        const { workerData: { options, got, root } } = require('node:worker_threads');
        const { ClientAuthInterceptorFactory } = require(root);
        Atomics.wait(got, 0, 0);
        ClientAuthInterceptorFactory.create(options).getAuthorizationHeader().then(() => Atomics.store(got, 1, 1));
      \`, { eval: true, execArgv: [], workerData: { options, got, root: process.cwd() } });
      await new Promise((resolve) => setTimeout(resolve, 500));
      let meanwhile;
      const interceptor = ClientAuthInterceptorFactory.create(options).registerInterceptor({
        CLIENT_AUTH_PRE_TOKEN_REQUEST() {
          Atomics.store(got, 0, 1);
          Atomics.notify(got, 0);
          const end = performance.now() + 10_000;
          while (performance.now() < end);
          meanwhile = Atomics.load(got, 1);
          return 'own';
        },
      });
      console.log(await interceptor.getAuthorizationHeader(), meanwhile);`,
    told: 'Bearer own 1\n',
  },
];

export const ROWS = [...blocking, ...thrown, ...returned, ...expiries, ...thenables, ...reentrant];
