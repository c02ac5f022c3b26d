import { FhirClientError, FhirClientFactory } from '@org/smart-m2m/fhir-client';

export const TITLE = 'Wrong values for the FHIR client and the test kit';
export const KIND = 'input';

const TRAPS = ['get', 'has', 'ownKeys', 'getPrototypeOf', 'getOwnPropertyDescriptor'];
const mine = () => {
  throw new RangeError('mine');
};
const throwing = () => new Proxy({}, Object.fromEntries(TRAPS.map((trap) => [trap, mine])));
const getterThrows = (member) => Object.defineProperty({}, member, { get: mine, enumerable: true });

/** No text, no object, no list and no function of any use. */
const WRONG = { null: null, 'a number': 7, 'a BigInt': 7n, 'a Symbol': Symbol('x'), 'a function': () => {} };
const patient = { resourceType: 'Patient', id: '1' };

/** What is called with the value; a wrong one is a TypeError that begins with what is wrong. */
const CALLS = {
  'newClient(value)': [/^newClient: /, (value) => FhirClientFactory.newClient(value)],
  'newClient(base, { timeoutMs: value })': [
    /^newClient: timeoutMs: /,
    (timeoutMs, { base }) =>
      FhirClientFactory.newClient(base, { timeoutMs: timeoutMs === 7 ? -1 : timeoutMs }),
  ],
  'create(value)': [/^create: /, (value, { client }) => client.create(value)],
  'read(value)': [/^read: /, (value, { client }) => client.read(value)],
  'update(value)': [/^update: /, (value, { client }) => client.update(value)],
  'patch(reference, value)': [/^patch: /, (value, { client }) => client.patch('Patient/1', value)],
  'patch(value, patch)': [/^patch: /, (value, { client }) => client.patch(value, [])],
  'delete(value)': [/^delete: /, (value, { client }) => client.delete(value)],
  'transaction(value)': [/^transaction: /, (value, { client }) => client.transaction(value)],
  'operation(value)': [/^operation: /, (value, { client }) => client.operation(value)],
  'nextPage(value)': [/^nextPage: /, (value, { client }) => client.nextPage(value)],
  'registerInterceptor(value)': [
    /^registerInterceptor: /,
    (value, { client }) => client.registerInterceptor(value),
  ],
  'forResource(value)': [/^forResource: /, (value, { client }) => client.search().forResource(value)],
  'where(value, text)': [/^where: /, (value, { client }) => client.search().where(value, 'a')],
  'transaction().create(value)': [/^create: /, (value, { client }) => client.transaction().create(value)],
  'transaction().delete(value)': [/^delete: /, (value, { client }) => client.transaction().delete(value)],
  'startSmartServer(value)': [/^startSmartServer: /, (value, { start }) => start(value)],
  'startSmartServer({ tls: value })': [/^startSmartServer: tls: /, (tls, { start }) => start({ tls })],
  'startSmartServer({ clients: value })': [
    /^startSmartServer: clients: /,
    (clients, { start }) => start({ clients }),
  ],
  'configure(value)': [/^configure: /, (value, { kit }) => kit.configure(value)],
  'registerClient(value)': [/^registerClient: /, (value, { kit }) => kit.registerClient(value)],
  'registerClient({ jwks: value })': [
    /^registerClient: jwks: /,
    (jwks, { kit }) => kit.registerClient({ jwks }),
  ],
  'fail(endpoint, value)': [/^fail: /, (value, { kit }) => kit.fail('token', value)],
  'issueToken(value)': [/^issueToken: /, (value, { kit }) => kit.issueToken(value)],
  'revokeTokens(value)': [/^revokeTokens: /, (value, { kit }) => kit.revokeTokens(value)],
  'replaceSecret(value)': [/^replaceSecret: /, (value, { registered }) => registered.replaceSecret(value)],
  'replaceKeys(value)': [/^replaceKeys: /, (value, { registered }) => registered.replaceKeys(value)],
  'rotateKeys(value)': [/^rotateKeys: /, (value, { registered }) => registered.rotateKeys(value)],
};
const TAKES_NOTHING_TOO = /replaceSecret|replaceKeys/;

const wrong = Object.entries(CALLS).map(([call, [says, run]]) => ({
  name: `${call} with null, a number, a BigInt, a Symbol and a function`,
  outcome: 'TypeError that says where and what',
  values: { ...WRONG, ...(TAKES_NOTHING_TOO.test(call) && { undefined }) },
  run,
  says,
}));

const NOT_THROWN =
  /newClient\(value\)|read\(value\)|patch\(value|operation|forResource|where|\.delete|replaceSecret/;
const thrown = Object.entries(CALLS)
  .filter(([call]) => !NOT_THROWN.test(call))
  .map(([call, [, run]]) => ({
    name: `${call} with a Proxy that throws at every question`,
    outcome: 'what it throws, or TypeError; nothing hangs',
    values: { Proxy: throwing() },
    run,
    orMine: true,
  }));

const { 'a function': _, ...NO_OBJECTS } = WRONG;
const BAD_SIGNALS = {
  'a number': 7,
  0: 0,
  'an empty object': {},
  'one without methods': { aborted: false },
};
const options = [
  ...['read', 'update', 'create', 'delete', 'asList', 'operation'].map((method) => ({
    name: `Options of ${method} that are null, a number, a BigInt and a Symbol`,
    outcome: 'TypeError: options: expected an object',
    values: NO_OBJECTS,
    says: /^options: expected an object/,
    run: (value, { client }) => callWithOptions(client, method, value),
  })),
  {
    name: 'newClient(base, value) with null, a number, a BigInt and a Symbol',
    outcome: 'TypeError: newClient: options: expected an object',
    values: NO_OBJECTS,
    says: /^newClient: options: expected an object/,
    run: (value, { base }) => FhirClientFactory.newClient(base, value),
  },
  {
    name: 'newClient(base, { signal }) with what is no AbortSignal',
    outcome: 'TypeError that says so',
    values: BAD_SIGNALS,
    says: /^newClient: signal: expected an AbortSignal/,
    run: (signal, { base }) => FhirClientFactory.newClient(base, { signal }),
  },
  {
    name: 'A call with a signal that is no AbortSignal, of a client with one',
    outcome: 'TypeError that says so; no listener is left on the other',
    values: BAD_SIGNALS,
    says: /^signal: expected an AbortSignal/,
    run: (signal, { client }) => client.read('Patient/1', { signal }),
  },
  {
    name: 'A call with a signal whose methods throw, of a client with one',
    outcome: 'what it throws; no listener is left on the other',
    values: { signal: { aborted: false, addEventListener: mine, removeEventListener: mine } },
    orMine: true,
    run: (signal, { client }) => client.read('Patient/1', { signal }),
  },
  ...['signal', 'timeoutMs', 'headers'].map((member) => ({
    name: `A call with options whose ${member} throws`,
    outcome: 'what it throws; no listener is left',
    values: { options: getterThrows(member) },
    orMine: true,
    run: (value, { client }) => client.read('Patient/1', value),
  })),
];

function callWithOptions(client, method, value) {
  if (method === 'asList') return client.search().forResource('Patient').asList(value);
  if (method === 'operation') return client.operation('Patient/$match', undefined, value);
  return client[method](method === 'read' || method === 'delete' ? 'Patient/1' : patient, value);
}

const circular = { ...patient };
circular.self = circular;
const resources = [
  ['in a circle', circular, /circular/],
  ['with a BigInt', { ...patient, value: 7n }, /BigInt/],
  ['whose toJSON returns nothing', { ...patient, toJSON() {} }, /^the resource cannot be written as JSON/],
  ['whose toJSON throws', { ...patient, toJSON: mine }],
  ['whose resourceType throws', getterThrows('resourceType')],
].map(([what, resource, says]) => ({
  name: `update with a resource ${what}`,
  outcome: says === undefined ? 'what it throws; nothing is sent' : 'TypeError; nothing is sent',
  values: { resource },
  says,
  orMine: says === undefined,
  run: (value, { client }) => client.update(value),
}));

const hooks = ['CLIENT_REQUEST', 'CLIENT_RESPONSE'].map((pointcut) => ({
  name: `A hook at ${pointcut} that throws`,
  outcome: 'the call rejects with that; the next one without it is served',
  values: { hook: { [pointcut]: mine } },
  orMine: true,
  async run(hook, { client }) {
    client.registerInterceptor(hook);
    try {
      await client.search().forResource('Patient').asList();
    } finally {
      client.unregisterInterceptor(hook);
    }
  },
}));

const fields = {
  name: 'new FhirClientError(code, message, fields) with a Proxy that throws',
  outcome: 'what it throws',
  values: { Proxy: throwing() },
  orMine: true,
  run: (value) => new FhirClientError('ERR_FHIR_STATUS', 'no', value),
};

export const ROWS = [...wrong, ...thrown, ...options, ...resources, ...hooks, fields];
