import { createRequire } from 'node:module';
import { inspect } from 'node:util';
import smartM2m, {
  BasicNameValuePair,
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
  ClientAuthState,
  Keystores,
} from '@org/smart-m2m';
import test from 'ava';
import { startPlainServer } from './support/plain-server.mjs';

const SECRET = 'do-not-show-me';

test('setters change the params and return them', (t) => {
  const params = new ClientAuthParams('my-client');
  t.is(params.clientId, 'my-client');
  t.is(params.keystoreName, null);
  t.is(params.scope, undefined);
  t.false(params.forceHttpInTokenRequestAudience);
  t.false(params.hasClientSecret);
  const same = params
    .withKeystore('my-keystore')
    .withClientSecret(SECRET)
    .withScope('system/*.read')
    .withAdditionalParameters([new BasicNameValuePair('a', 'b')])
    .withForceHttpInTokenRequestAudience()
    .withFhirBaseUrl('https://fhir.example.org/r4')
    .withIssuer('https://auth.example.org')
    .withTokenEndpoint('https://auth.example.org/token')
    .with({ basicEncoding: 'raw', retry: { attempts: 1 } });
  t.is(same, params);
  t.is(params.keystoreName, 'my-keystore');
  t.is(params.scope, 'system/*.read');
  t.true(params.forceHttpInTokenRequestAudience);
  t.true(params.hasClientSecret);
  t.is(params.withScope(null).scope, null);
  t.false(params.withForceHttpInTokenRequestAudience(false).forceHttpInTokenRequestAudience);
});

test('from takes the same settings as one object', (t) => {
  const params = ClientAuthParams.from({ clientId: 'my-client', keystore: 'my-keystore', scope: null });
  t.true(params instanceof ClientAuthParams);
  t.is(params.clientId, 'my-client');
  t.is(params.keystoreName, 'my-keystore');
  t.is(params.scope, null);
});

test('no way of looking at params shows the secret', (t) => {
  const params = ClientAuthParams.from({
    clientId: 'my-client',
    clientSecret: SECRET,
    scope: 'a',
    additionalParameters: { password: SECRET },
  });
  const looks = [
    inspect(params),
    inspect(params, { showHidden: true, depth: 9, getters: true }),
    inspect({ deep: { down: [params] } }, { depth: 9 }),
    JSON.stringify(params),
    String(params),
    inspect(structuredClone({ ...params })),
    Reflect.ownKeys(params).map(String).join(),
  ];
  for (const look of looks) t.false(look.includes(SECRET), look);
  t.is(
    inspect(params, { breakLength: Number.POSITIVE_INFINITY }),
    "ClientAuthParams { clientId: 'my-client', keystoreName: null, scope: 'a', " +
      'forceHttpInTokenRequestAudience: false, hasClientSecret: true }',
  );
});

test('an unknown option is named, with the nearest known one', (t) => {
  const options = { clientId: 'a', scope: null, clientSecrett: SECRET };
  const error = t.throws(() => ClientAuthParams.from(options), { instanceOf: ClientAuthError });
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.regex(error.message, /clientSecrett/);
  t.regex(error.message, /clientSecret\b/);
  t.false(error.message.includes(SECRET));
  t.true(error.stack.split('\n    at ')[1].includes('params.test.mjs'), error.stack);
});

for (const [options, hint] of [
  [{ secret: 's' }, 'secret: unknown option; did you mean clientSecret?'],
  [{ endpoint: 'e' }, 'endpoint: unknown option; did you mean tokenEndpoint?'],
  [{ client_id: 'c' }, 'client_id: unknown option; did you mean clientId?'],
  [{ http: { timeout: 1 } }, 'http.timeout: unknown option; did you mean http.timeoutMs?'],
]) {
  test(`the nearest known name is meant: ${hint}`, (t) => {
    t.throws(() => ClientAuthParams.from(options), { message: hint });
  });
}

test('a value of a wrong type is refused at once, without being shown', (t) => {
  const wrong = [
    () => new ClientAuthParams(7),
    () => new ClientAuthParams('a').withKeystore(7),
    () => new ClientAuthParams('a').withClientSecret({ SECRET }),
    () => new ClientAuthParams('a').withScope(['a', SECRET]),
    () => new ClientAuthParams('a').withFhirBaseUrl(new URL('https://fhir.example.org')),
    () => new ClientAuthParams('a').withForceHttpInTokenRequestAudience('yes'),
    () => new ClientAuthParams('a').with(null),
    () => new ClientAuthParams('a').with([]),
    () => ClientAuthParams.from(undefined),
    () => ClientAuthParams.from('a'),
    () => ClientAuthInterceptorFactory.create(),
    () => ClientAuthInterceptorFactory.create('a'),
    () => ClientAuthInterceptor.fromState(null),
  ];
  for (const call of wrong) {
    const error = t.throws(call, { instanceOf: ClientAuthError, code: 'ERR_INVALID_CONFIG' }, String(call));
    t.false(error.message.includes(SECRET), error.message);
    t.regex(error.message, /: expected /);
  }
});

test('several values of wrong types and unknown names are told at once', (t) => {
  const options = {
    clientId: 7,
    scop: 'a',
    audience: null,
    http: { timeoutMs: '1', timeout: 1 },
    retry: [],
    discovery: { order: ['smart-configuration', 'elsewhere'] },
  };
  const error = t.throws(() => ClientAuthParams.from(options), { code: 'ERR_INVALID_CONFIG' });
  t.deepEqual(error.problems.map(({ message }) => message.split(':', 1)[0]).sort(), [
    'audience',
    'clientId',
    'discovery.order',
    'http.timeout',
    'http.timeoutMs',
    'retry',
    'scop',
  ]);
  for (const { code, message } of error.problems) {
    t.is(code, 'ERR_INVALID_CONFIG');
    t.true(error.message.includes(`\n- ${message}`), error.message);
  }
  t.is(ClientAuthParams.from({ clientId: 'a', scope: 'b' }).scope, 'b');
});

for (const [kind, value] of [
  ['a boxed number', new Number(5)],
  ['a boxed string', new String('')],
  ['a boxed boolean', new Boolean(true)],
  ['a Date', new Date()],
  ['a Map', new Map([['marginSeconds', 1]])],
  ['a Promise', Promise.resolve({ marginSeconds: 1 })],
  ['a function', () => ({})],
  ['null', null],
]) {
  test(`${kind} is no object of options`, (t) => {
    const told = { code: 'ERR_INVALID_CONFIG', message: 'renewal: expected an object' };
    t.throws(() => new ClientAuthParams('a').with({ renewal: value }), told);
  });
}

test('options may be of a class, without a prototype, or a module', (t) => {
  class Renewal {
    marginSeconds = 1;
  }
  for (const renewal of [new Renewal(), Object.assign(Object.create(null), { marginSeconds: 1 })]) {
    t.notThrows(() => new ClientAuthParams('a').with({ renewal }));
  }
  const settings = { [Symbol.toStringTag]: 'Module', clientId: 'a', scope: 'b' };
  t.is(ClientAuthParams.from(settings).scope, 'b');
});

test('undefined, as from an environment variable that is not set, is refused by setters', (t) => {
  const params = new ClientAuthParams('a');
  const setters = [
    'withKeystore',
    'withClientSecret',
    'withScope',
    'withFhirBaseUrl',
    'withIssuer',
    'withTokenEndpoint',
  ];
  for (const name of [...setters, 'withAdditionalParameters']) {
    t.throws(() => params[name](undefined), { code: 'ERR_INVALID_CONFIG', message: /undefined/ }, name);
  }
});

test('create reports everything that is missing', (t) => {
  for (const params of [new ClientAuthParams(), {}]) {
    const error = t.throws(() => ClientAuthInterceptorFactory.create(params));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    const messages = error.problems.map(({ message }) => message).join('\n');
    for (const missing of [/clientId/, /scope/, /keystore/, /clientSecret/]) t.regex(messages, missing);
    for (const { message } of error.problems) t.true(error.message.includes(message));
    t.true(error.stack.split('\n    at ')[1].includes('params.test.mjs'), error.stack);
  }
});

test('a single problem is thrown under its own code', (t) => {
  const params = new ClientAuthParams('a').withScope('b').withKeystore('no-such-keystore');
  const error = t.throws(() => ClientAuthInterceptorFactory.create(params));
  t.is(error.code, 'ERR_KEYSTORE_NOT_FOUND');
  t.false(Object.hasOwn(error, 'problems'));
});

test('create takes a snapshot', async (t) => {
  const server = await startPlainServer();
  t.teardown(server.close);
  const params = ClientAuthParams.from(server.options);
  const interceptor = ClientAuthInterceptorFactory.create(params);
  params.withScope('changed').withFhirBaseUrl('http://127.0.0.1:1/');
  await interceptor.getAuthorizationHeader();
  const [{ body }] = server.tokenRequests();
  t.is(new URLSearchParams(body).get('scope'), 'system/*.read');
});

test.serial('what every object inherits is no setting', (t) => {
  const strange = {
    legacyHelper: () => {},
    tokenEndpoint: 'https://elsewhere.test/token',
    allowInsecureHttp: true,
  };
  Object.assign(Object.prototype, strange);
  t.teardown(() => {
    for (const name of Object.keys(strange)) delete Object.prototype[name];
  });
  const options = {
    clientId: 'c',
    clientSecret: SECRET,
    scope: 'x',
    fhirBaseUrl: 'http://fhir.example.org/r4',
  };
  t.throws(() => ClientAuthInterceptorFactory.create(options), { code: 'ERR_INSECURE_URL' });
  class Settings {
    clientId = 'c';
    get scope() {
      return null;
    }
  }
  const params = ClientAuthParams.from(new Settings());
  t.is(params.clientId, 'c');
  t.is(params.scope, null, 'what a class has is one');
});

test('the older spelling means the same', async (t) => {
  const server = await startPlainServer();
  t.teardown(server.close);
  t.is(ClientAuthState, ClientAuthParams);
  const interceptor = ClientAuthInterceptor.fromState(ClientAuthState.from(server.options));
  t.true(interceptor instanceof ClientAuthInterceptor);
  t.is(await interceptor.getAuthorizationHeader(), 'Bearer token-1');
});

test('import and require give the same classes', (t) => {
  const required = createRequire(import.meta.url)('@org/smart-m2m');
  t.is(smartM2m, required);
  const named = {
    BasicNameValuePair,
    ClientAuthError,
    ClientAuthInterceptor,
    ClientAuthInterceptorFactory,
    ClientAuthParams,
    ClientAuthState,
    Keystores,
  };
  t.deepEqual(Object.keys(required).sort(), Object.keys(named).sort());
  for (const [name, value] of Object.entries(named)) t.is(required[name], value, name);
});

test('an error has the fields that are known, and no others', (t) => {
  const bare = new ClientAuthError('ERR_TIMEOUT', 'too late');
  t.true(bare instanceof Error);
  t.is(bare.name, 'ClientAuthError');
  t.is(bare.message, 'too late');
  t.deepEqual({ ...bare }, { code: 'ERR_TIMEOUT', transient: false });
  t.false('cause' in bare);
  const fields = {
    url: 'https://a.example.org/token',
    status: 429,
    transient: true,
    retryAfterMs: 5,
    attempts: 2,
  };
  const full = new ClientAuthError('ERR_RATE_LIMITED', 'slow down', { ...fields, cause: bare });
  t.deepEqual({ ...full }, { code: 'ERR_RATE_LIMITED', ...fields });
  t.is(full.cause, bare);
});

for (const [name, value] of [
  ['clientSecret', 'secret\n'],
  ['clientId', 'id\r\n'],
  ['clientId', 'half \ud83d of a pair'],
  ['clientSecret', 'half \udca5 of a pair'],
]) {
  test(`text that would not go out as it was meant is refused: ${name} ${JSON.stringify(value)}`, (t) => {
    const options = { clientId: 'c', clientSecret: 's', scope: null, [name]: value };
    const error = t.throws(() => ClientAuthInterceptorFactory.create(options), {
      code: 'ERR_INVALID_CONFIG',
    });
    t.true(error.message.startsWith(`${name}: `), error.message);
    t.false(error.message.includes('pair') && error.message.includes('half'));
  });
}

test('params of another copy of the package are told apart from missing settings', (t) => {
  const foreign = { withClientSecret() {}, clientId: 'c' };
  const error = t.throws(() => ClientAuthInterceptorFactory.create(foreign), { code: 'ERR_INVALID_CONFIG' });
  t.regex(error.message, /another copy of @org\/smart-m2m/);
});

for (const [name, call] of Object.entries({
  'create()': () => ClientAuthInterceptorFactory.create({ clientID: 'misspelt' }),
  'fromState()': () => ClientAuthInterceptor.fromState({ clientID: 'misspelt' }),
  'from()': () => ClientAuthParams.from({ clientID: 'misspelt' }),
})) {
  test(`the stack of what ${name} refuses begins at its caller`, (t) => {
    const { stack } = t.throws(call, { code: 'ERR_INVALID_CONFIG' });
    t.regex(stack.split('\n')[1], /params\.test\.mjs/);
  });
}
