import { inspect } from 'node:util';
import * as main from '@org/smart-m2m';
import * as fhir from '@org/smart-m2m/fhir-client';

export const TITLE = 'Public classes that are used as none should be';
export const KIND = 'input';

const ALL = { ...main, ...fhir };

/** One of each class, with what is secret in it: `secret-marker`. */
const INSTANCES = {
  ClientAuthInterceptor: ({ interceptor }) => interceptor,
  AccessToken: ({ token }) => token,
  ClientAuthParams: () => new main.ClientAuthParams('some-client').withClientSecret('secret-marker'),
  BasicNameValuePair: () => new main.BasicNameValuePair('resource', 'secret-marker'),
  ClientAuthError: () => new main.ClientAuthError('ERR_CLOSED', 'over'),
  FhirClientError: () => new fhir.FhirClientError('ERR_FHIR_STATUS', 'no'),
  TransactionBuilder: () => fhir.TransactionBuilder.newTransactionBuilder(),
  FhirClient: ({ client }) => client,
  FhirSearch: ({ client }) => client.search(),
  RegisteredClient: ({ registered }) => registered,
};

const ways = {
  'inspect with showHidden and getters': (one) =>
    inspect(one, { showHidden: true, getters: true, depth: 9, customInspect: true }),
  'JSON.stringify': (one) => JSON.stringify(one),
  structuredClone: (one) => inspect(structuredClone(one), { showHidden: true, getters: true }),
  'String()': (one) => String(one),
  'inspect of a Proxy of it': (one) =>
    inspect(new Proxy(one, {}), { showProxy: false, showHidden: true, getters: true }),
};

const printing = Object.entries(INSTANCES).map(([name, make]) => ({
  name: `inspect, JSON.stringify, structuredClone and String() of ${article(name)}`,
  outcome: 'text or a copy, with nothing secret in it',
  run(t, parts) {
    const one = make(parts);
    for (const [way, print] of Object.entries(ways)) {
      const told = print(one);
      t.is(typeof told, 'string', way);
      t.notRegex(told, /secret-marker/, way);
    }
  },
}));

const CLASSES = [
  'ClientAuthInterceptor',
  'ClientAuthInterceptorFactory',
  'ClientAuthParams',
  'BasicNameValuePair',
  'ClientAuthError',
  'FhirClientError',
  'TransactionBuilder',
];
const withoutNew = CLASSES.map((name) => ({
  name: `${name} called without new`,
  outcome: 'TypeError that asks for new',
  run: (t) => t.throws(() => ALL[name]('a', 'b'), { instanceOf: TypeError, message: /without 'new'/ }),
}));

/** Constructed or extended, with no arguments. */
const CONSTRUCTED = {
  ClientAuthInterceptor: [
    'TypeError that names the factory',
    (t, make) => t.throws(make, { instanceOf: TypeError, message: /ClientAuthInterceptorFactory\.create/ }),
  ],
  ClientAuthParams: [
    'an object; create then asks for the client id',
    (t, make) => {
      const error = t.throws(() => main.ClientAuthInterceptorFactory.create(make()));
      t.is(error.code, 'ERR_INVALID_CONFIG');
      t.regex(error.message, /clientId/);
    },
  ],
  BasicNameValuePair: [
    'ERR_INVALID_CONFIG',
    (t, make) => t.throws(make, { instanceOf: main.ClientAuthError, code: 'ERR_INVALID_CONFIG' }),
  ],
  ClientAuthError: [
    'an error',
    (t, make) => {
      t.true(make() instanceof main.ClientAuthError);
      t.is(make().name, 'ClientAuthError');
    },
  ],
  TransactionBuilder: [
    'a builder that belongs to no client: its execute says so',
    (t, make) => t.throwsAsync(make().execute(), { instanceOf: TypeError, message: /belongs to no client/ }),
  ],
};
const constructed = Object.entries(CONSTRUCTED).flatMap(([name, [outcome, run]]) => [
  { name: `new ${name}() with nothing`, outcome, run: (t) => run(t, () => new ALL[name]()) },
  {
    name: `A subclass of ${name} constructed with nothing`,
    outcome,
    run: (t) => run(t, () => new (class extends ALL[name] {})()),
  },
]);

const inherited = [
  {
    name: 'A subclass of ClientAuthParams with a constructor of its own',
    outcome: 'a client with its settings',
    async run(t, { server }) {
      class Ours extends main.ClientAuthParams {
        constructor() {
          super(`client of ${t.title}`);
          this.withClientSecret('secret-marker').with({
            scope: null,
            fhirBaseUrl: server.fhirBaseUrl,
            http: server.options.http,
          });
        }
      }
      const interceptor = main.ClientAuthInterceptorFactory.create(new Ours());
      t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
    },
  },
];

/** What has no settings or token of its own. */
const RECEIVERS = {
  undefined: () => undefined,
  'an empty object': () => ({}),
  'Object.create of the prototype': (one) => Object.create(Object.getPrototypeOf(one)),
  'a Proxy of an instance': (one) => new Proxy(one, {}),
};
/** Enough for each method to get to the object that it is called on. */
const ARGUMENTS = {
  with: [{}],
  interceptResponse: [{ headers: {} }, { status: 401 }],
  getAuthorizationHeaderFor: ['https://a.test'],
  create: [{ resourceType: 'Patient' }],
  read: ['Patient/1'],
  update: [{ resourceType: 'Patient', id: '1' }],
  patch: ['Patient/1', []],
  delete: ['Patient/1'],
  operation: ['$reindex'],
  nextPage: [{ resourceType: 'Bundle', link: [{ relation: 'next', url: 'a' }] }],
  createConditional: [{ resourceType: 'Patient' }],
  updateConditional: [{ resourceType: 'Patient' }],
  forResource: ['Patient'],
  where: ['a', 'b'],
  and: ['a', 'b'],
  whereString: ['a', 'b'],
  whereToken: ['a', 'b'],
  whereReference: ['a', 'b'],
  count: [1],
  include: ['a'],
  revInclude: ['a'],
  replaceSecret: ['other'],
  replaceKeys: [{ keys: [] }],
};
/** Gives back what it is called on, or a builder that says so when it is used. */
const HARMLESS = new Set(['returnBundle', 'transaction', 'entries', 'pages', Symbol.asyncIterator]);

const receivers = Object.keys(INSTANCES)
  .filter((name) => !name.endsWith('Error'))
  .flatMap((name) =>
    Object.entries(RECEIVERS).map(([what, receiver]) => ({
      name: `Methods and getters of ${article(name)}, called on ${what}`,
      outcome: 'TypeError, thrown or rejected; the instance works on',
      async run(t, parts) {
        const one = INSTANCES[name](parts);
        await assertRefuseReceiver(t, one, receiver(one));
      },
    })),
  );

async function assertRefuseReceiver(t, one, receiver) {
  const prototype = Object.getPrototypeOf(one);
  for (const method of Reflect.ownKeys(prototype)) {
    if (method === 'constructor' || method === inspect.custom || HARMLESS.has(method)) continue;
    const { get, value } = Object.getOwnPropertyDescriptor(prototype, method);
    const call = async () => (get ?? value).apply(receiver, ARGUMENTS[method] ?? []);
    await t.throwsAsync(call, { instanceOf: TypeError }, String(method));
  }
}

const MOCKED = ['ClientAuthInterceptor', 'ClientAuthParams', 'AccessToken', 'BasicNameValuePair'];
const mocked = MOCKED.map((name) => ({
  name: `Object.create of the prototype of ${name}, as a mocking library makes it, printed`,
  outcome: 'the name of the class and nothing else',
  run(t, parts) {
    const mock = Object.create(Object.getPrototypeOf(INSTANCES[name](parts)));
    t.is(inspect(mock), `${name} {}`);
    t.notThrows(() => inspect(mock, { showHidden: true, getters: true }));
    t.is(JSON.stringify(mock), '{}');
  },
}));

function article(name) {
  return `${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name}`;
}

export const ROWS = [...printing, ...withoutNew, ...constructed, ...inherited, ...receivers, ...mocked];
