export const TITLE = 'Arguments and options of the wrong kind, or without an end';
export const KIND = 'input';

const INVALID = 'ERR_INVALID_CONFIG';
const MIB = 2 ** 20;

/** `create` is told of it at once. */
const options = [
  [
    'a list of 2^32 - 1 origins that takes no memory',
    { allowedOrigins: Object.assign([], { length: 2 ** 32 - 1 }) },
  ],
  ['a list of ten million token endpoint origins', { allowedTokenEndpointOrigins: new Array(10_000_000) }],
  ['a list of 2^32 - 1 certificates', { http: { ca: Object.assign([], { length: 2 ** 32 - 1 }) } }],
  ['a clientSecret of 100 MiB', { clientSecret: 'secret-marker'.padEnd(100 * MIB, 'x') }],
  ['a scope of 100 MiB', { scope: 'x'.repeat(100 * MIB) }],
  ['a clientId of more than 1 MiB', { clientId: 'x'.repeat(MIB + 1) }],
  ['a value of an additional parameter of 100 MiB', { additionalParameters: { a: 'x'.repeat(100 * MIB) } }],
  [
    'half a surrogate pair in an additional parameter',
    { additionalParameters: { a: 'secret-marker\ud83d' } },
  ],
  ['half a surrogate pair in an allowed origin', { allowedOrigins: ['https://a\udca5.test'] }],
  ['undefined in a list of origins', { allowedOrigins: [undefined] }],
  ['a boxed clientSecret', { clientSecret: new String('secret-marker') }],
  ['a Symbol as clientSecret', { clientSecret: Symbol('secret-marker') }],
  ['a BigInt as http.timeoutMs', { http: { timeoutMs: 7n } }],
  ['NaN as http.timeoutMs', { http: { timeoutMs: Number.NaN } }],
  ['Infinity as retry.deadlineMs', { retry: { deadlineMs: Number.POSITIVE_INFINITY } }],
  ['1e308 as discovery.ttlSeconds', { discovery: { ttlSeconds: 1e308 } }],
  ['a Proxy of an array of origins', { allowedOrigins: new Proxy(['https://a.test'], {}) }],
].map(([what, changes]) => ({ name: what, outcome: INVALID, changes }));

const endless = [
  {
    name: 'additional parameters without an end',
    outcome: `${INVALID}, and the iterable is told to stop`,
    makeChanges(row) {
      row.stopped = false;
      return {
        additionalParameters: (function* () {
          try {
            for (;;) yield ['a', 'b'];
          } finally {
            row.stopped = true;
          }
        })(),
      };
    },
  },
];

const abortAtOnce = (signal) => ({
  aborted: false,
  reason: 'mine',
  addEventListener: (_type, listener) => listener(),
  removeEventListener() {},
  ...signal,
});

/** What each call with a request rejects with. */
const requests = [
  ['a fhirBaseUrl that is a number the second time', () => twice('fhirBaseUrl', undefined, 7), 'answered'],
  ['a signal that is a number the second time', () => twice('signal', undefined, 7), 'answered'],
  ['a signal without throwIfAborted', () => ({ signal: quiet() }), 'answered'],
  ['a signal that is aborted in between', () => ({ signal: abortedInBetween() }), 'mine'],
  ['a signal that calls its listener at once', () => ({ signal: abortAtOnce() }), 'mine'],
  ['a signal whose reason throws', () => ({ signal: reasonThrows() }), 'mine'],
  ['a signal whose addEventListener throws', () => ({ signal: throwsIn('addEventListener') }), 'mine'],
  [
    'a signal whose removeEventListener throws',
    () => ({ signal: throwsIn('removeEventListener') }),
    'answered',
  ],
  [
    'a signal whose addEventListener is no function',
    () => ({ signal: quiet({ addEventListener: 7 }) }),
    INVALID,
  ],
  ['a Symbol as fhirBaseUrl', () => ({ fhirBaseUrl: Symbol('x') }), INVALID],
  ['a boxed fhirBaseUrl', () => ({ fhirBaseUrl: new String('https://a.test') }), INVALID],
  ['a function as request', () => () => {}, INVALID],
].map(([name, request, outcome]) => ({
  name: `A request with ${name}`,
  outcome: outcome === 'mine' ? 'rejects with what is thrown or the reason, and keeps no process' : outcome,
  request,
  rejects: outcome,
}));

function twice(name, first, second) {
  let reads = 0;
  return {
    get [name]() {
      reads += 1;
      return reads === 1 ? first : second;
    },
  };
}

function quiet(members) {
  return { aborted: false, addEventListener() {}, removeEventListener() {}, ...members };
}

function abortedInBetween() {
  let reads = 0;
  return Object.defineProperty(quiet({ reason: 'mine' }), 'aborted', {
    get() {
      reads += 1;
      return reads > 1;
    },
  });
}

function reasonThrows() {
  const signal = abortAtOnce();
  return Object.defineProperty(signal, 'reason', {
    get() {
      throw 'mine';
    },
  });
}

function throwsIn(method) {
  return quiet({
    [method]() {
      throw 'mine';
    },
  });
}

/** The state in which `close()` comes. */
const close = [
  ['before the first call', {}],
  ['in discovery', { route: 'GET /fhir/.well-known/smart-configuration' }],
  ['in a token request', { route: 'POST /token' }],
  ['in the wait between two attempts', { route: 'POST /token', retryAfter: true }],
  ['with a living token', { first: true }],
  ['twice, in a token request', { route: 'POST /token', times: 2 }],
].map(([state, settings]) => ({
  name: `close() ${state}`,
  outcome: 'ERR_CLOSED of every call that waits and of each later one',
  close: settings,
}));

export const ROWS = [...options, ...endless, ...requests, ...close];
