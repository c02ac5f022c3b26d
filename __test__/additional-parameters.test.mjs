import { inspect } from 'node:util';
import { createContext, runInContext } from 'node:vm';
import { BasicNameValuePair, ClientAuthInterceptorFactory, ClientAuthParams } from '@org/smart-m2m';
import test from 'ava';
import { startPlainServer } from './support/plain-server.mjs';
import { formPairs } from './support/wire.mjs';

const SECRET = 'do-not-show-me';

const PAIRS = [
  ['resource', 'one'],
  ['audience', 'x y'],
  ['resource', 'two'],
];
const FORMS = {
  'an array of tuples': PAIRS,
  'BasicNameValuePair objects': PAIRS.map(([name, value]) => new BasicNameValuePair(name, value)),
  'plain { name, value } objects': PAIRS.map(([name, value]) => ({ name, value })),
  URLSearchParams: new URLSearchParams(PAIRS),
  'a generator': (function* pairs() {
    yield* PAIRS;
  })(),
  'forms side by side': [
    PAIRS[0],
    { name: 'audience', value: 'x y' },
    new BasicNameValuePair('resource', 'two'),
  ],
};
for (const [name, additionalParameters] of Object.entries(FORMS)) {
  test(`additional parameters keep order and repetition: ${name}`, async (t) => {
    t.deepEqual(await sentWith(t, additionalParameters), PAIRS);
  });
}

test('additional parameters may be a Map or a plain object, of another realm too', async (t) => {
  const expected = [
    ['a', '1'],
    ['b', '2'],
  ];
  t.deepEqual(await sentWith(t, new Map(expected)), expected);
  t.deepEqual(await sentWith(t, { a: '1', b: '2' }), expected);
  t.deepEqual(await sentWith(t, Object.assign(Object.create(null), { a: '1', b: '2' })), expected);
  t.deepEqual(await sentWith(t, runInContext("({ a: '1', b: '2' })", createContext())), expected);
});

const MALFORMED = {
  'a string': 'name=do-not-show-me',
  null: null,
  'a number': 7,
  'an object of a class': new (class Parameters {})(),
};
for (const [name, additionalParameters] of Object.entries(MALFORMED)) {
  test(`additional parameters cannot be ${name}`, (t) => {
    const error = t.throws(() => new ClientAuthParams('a').withAdditionalParameters(additionalParameters));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /^additionalParameters: /);
    t.false(error.message.includes(SECRET));
  });
}

const MALFORMED_ELEMENTS = [
  [SECRET],
  ['a', 'b', SECRET],
  [],
  SECRET,
  null,
  7,
  { name: 'a' },
  { value: SECRET },
  ['a', 7],
];
for (const element of MALFORMED_ELEMENTS) {
  test(`an additional parameter cannot be ${inspect(element)}, and is named by its index`, (t) => {
    const params = new ClientAuthParams('a');
    const error = t.throws(() => params.with({ additionalParameters: [['fine', 'x'], element] }));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, /^additionalParameters\[1\]/);
    t.false(error.message.includes(SECRET));
  });
}

test('a name/value pair shows its name only', (t) => {
  const pair = new BasicNameValuePair('password', SECRET);
  t.is(pair.name, 'password');
  t.is(pair.value, SECRET);
  t.is(inspect(pair), "BasicNameValuePair { name: 'password' }");
  t.is(JSON.stringify(pair), '{"name":"password"}');
  t.false(inspect(pair, { showHidden: true, depth: 9 }).includes(SECRET));
  t.throws(() => {
    pair.name = 'other';
  });
  t.throws(() => new BasicNameValuePair('a'), {
    code: 'ERR_INVALID_CONFIG',
    message: /value: expected a string/,
  });
  t.throws(() => new BasicNameValuePair(7, SECRET), {
    code: 'ERR_INVALID_CONFIG',
    message: /name: expected a string/,
  });
});

/** The additional parameters as they arrive. */
async function sentWith(t, additionalParameters) {
  const server = await startPlainServer();
  t.teardown(server.close);
  const params = ClientAuthParams.from(server.options).withAdditionalParameters(additionalParameters);
  await ClientAuthInterceptorFactory.create(params).getAuthorizationHeader();
  const [{ body }] = server.tokenRequests();
  return formPairs(body).filter(([name]) => name !== 'grant_type' && name !== 'scope');
}
