export const TITLE = 'A process whose prototypes and globals are not what they were';
export const KIND = 'input';

const DATE_OF_ANOTHER_YEAR = `
  const Real = Date;
  globalThis.Date = class extends Real { static now() { return Real.UTC(2099, 1); } };`;

/** Every call that names no FHIR server, or has the chance to. */
const CALLS = {
  'getAuthorizationHeader()': 'interceptor.getAuthorizationHeader()',
  'getAuthorizationHeader({})': 'interceptor.getAuthorizationHeader({})',
  'getAccessToken()': 'interceptor.getAccessToken()',
  'fetch(url)': 'interceptor.fetch(patients)',
  'fetch(url, {})': 'interceptor.fetch(patients, {})',
  'interceptRequest(request)': 'interceptor.interceptRequest({ url: patients, headers: {} })',
  'getAuthorizationHeaderFor(url)': 'interceptor.getAuthorizationHeaderFor(patients)',
  'diagnose()': 'interceptor.diagnose()',
};

const pollutedBase = Object.entries(CALLS).map(([call, script]) => ({
  name: `Object.prototype.fhirBaseUrl before ${call}`,
  outcome: 'nothing is asked there; the call goes to the server of the options',
  script: `
    const interceptor = create();
    Object.prototype.fhirBaseUrl = elsewhere;
    await ${script};
    tell(interceptor.stats().failures);`,
  told: [0],
  verify: (t, server) => t.is(server.tokenRequests().length, 1, 'a token was meant to go with it'),
}));

const ADAPTERS = {
  axios: `
    const { authorizeAxios } = await import('@org/smart-m2m/axios');
    const { default: axios } = await import('axios');
    const instance = axios.create();
    Object.prototype.fhirBaseUrl = elsewhere;
    authorizeAxios(instance, interceptor);
    delete Object.prototype.fhirBaseUrl;
    tell((await instance.get(patients)).status);`,
  'fhir-kit-client': `
    const { requestSigner } = await import('@org/smart-m2m/fhir-kit-client');
    Object.prototype.fhirBaseUrl = elsewhere;
    const sign = requestSigner(interceptor);
    delete Object.prototype.fhirBaseUrl;
    const headers = new Headers();
    await sign(patients, { headers });
    tell(headers.has('authorization') && 200);`,
  medplum: `
    const { authorizedFetch } = await import('@org/smart-m2m/medplum');
    Object.prototype.fhirBaseUrl = elsewhere;
    const send = authorizedFetch(interceptor);
    delete Object.prototype.fhirBaseUrl;
    tell((await send(patients)).status);`,
  got: `
    const { authorizationHooks } = await import('@org/smart-m2m/got');
    const { default: got } = await import('got');
    Object.prototype.fhirBaseUrl = elsewhere;
    const hooks = authorizationHooks(interceptor);
    delete Object.prototype.fhirBaseUrl;
    tell((await got(patients, hooks.hooks === undefined ? { hooks } : hooks)).statusCode);`,
  undici: `
    const { authorizationInterceptor } = await import('@org/smart-m2m/undici');
    const { Agent, request } = await import('undici');
    Object.assign(Object.prototype, { fhirBaseUrl: elsewhere, origin: elsewhere });
    const compose = authorizationInterceptor(interceptor);
    delete Object.prototype.fhirBaseUrl;
    delete Object.prototype.origin;
    const dispatcher = new Agent().compose(compose);
    const { statusCode, body } = await request(patients, { dispatcher });
    await body.dump();
    tell(statusCode);`,
};

const adapters = Object.entries(ADAPTERS).map(([adapter, script]) => ({
  name: `Object.prototype.fhirBaseUrl when the adapter for ${adapter} is made`,
  outcome: 'nothing is asked there; the request has its token',
  script: `const interceptor = create(); ${script}`,
  told: [200],
}));

const polluted = [
  {
    name: 'Object.prototype.additionalParameters',
    outcome: 'not in the token request',
    script: `
      Object.prototype.additionalParameters = { resource: 'https://elsewhere.test' };
      tell(await create().getAuthorizationHeader());`,
    told: ['Bearer token-1'],
    verify: (t, server) => t.false(server.tokenRequests().some(({ body }) => body.includes('elsewhere'))),
  },
  {
    name: 'Object.prototype.clientSecret, and a client without one',
    outcome: 'ERR_INVALID_CONFIG, as without it',
    script: `
      Object.prototype.clientSecret = 'not-the-clients';
      tell(codeOf(() => create({ clientSecret: undefined })));`,
    told: ['ERR_INVALID_CONFIG'],
  },
  ...['error', 'value', 'event', 'outcome', 'signer', 'forgottenSigner', 'lookedFor', 'diagnosed'].map(
    (member) => ({
      name: `Object.prototype.${member}`,
      outcome: 'the client is made and has its token',
      script: `
        Object.prototype.${member} = { code: 'ERR_NETWORK', message: 'no' };
        tell(await create().getAuthorizationHeader());`,
      told: ['Bearer token-1'],
    }),
  ),
  {
    name: 'Object.prototype.then, which never settles',
    outcome: 'the header comes all the same',
    script: `
      const interceptor = create();
      Object.prototype.then = () => {};
      await new Promise((resolve) => {
        interceptor.getAuthorizationHeader().then((header) => {
          delete Object.prototype.then;
          tell(header);
          resolve();
        });
      });`,
    told: ['Bearer token-1'],
  },
  {
    name: 'Object.prototype.signal, aborted',
    outcome: 'no call is ended by it',
    script: `
      Object.prototype.signal = AbortSignal.abort();
      const interceptor = create();
      tell(await interceptor.getAuthorizationHeader({}));
      tell((await interceptor.getAccessToken({})).accessToken);
      tell((await interceptor.diagnose({})).error);`,
    told: ['Bearer token-1', 'token-1', null],
  },
  {
    name: 'Object.prototype.headers, and bare Headers to put the token into',
    outcome: 'the token is in the Headers and nowhere else',
    script: `
      Object.prototype.headers = {};
      const headers = await create().interceptRequest(new Headers());
      tell(headers.get('authorization'), Object.keys(Object.prototype.headers));`,
    told: ['Bearer token-1', []],
  },
  {
    name: 'Object.prototype.sign and publicJwk, and a keystore with a key',
    outcome: 'a keystore with a key',
    script: `
      const { keys } = Keystores.generate({ algorithm: 'ES384' });
      Object.assign(Object.prototype, { sign() {}, publicJwk: {} });
      tell(Keystores.register('own', { jwks: { keys } }).format);`,
    told: ['jwks'],
  },
  {
    name: 'Object.prototype.url, status, attempts, transient and cause',
    outcome: 'an error has its own fields alone',
    script: `
      Object.assign(Object.prototype, { url: 'u', status: 1, attempts: 2, transient: true, cause: 'c', failedCall: 0 });
      try { create({ scope: 7 }); } catch (error) { tell(Object.keys(error)); tell(Object.hasOwn(error, 'cause'), error.transient); }`,
    told: [['code', 'transient'], false, false],
  },
  {
    name: 'Object.prototype.durationMs and error, and a subscriber to token requests',
    outcome: 'start and end are told',
    script: `
      const { subscribe } = await import('node:diagnostics_channel');
      for (const phase of ['start', 'error', 'end']) subscribe('tracing:smart-m2m:token:' + phase, () => tell(phase));
      const interceptor = create();
      Object.assign(Object.prototype, { durationMs: 7, error: { code: 'ERR_NETWORK', message: 'no' } });
      await interceptor.getAuthorizationHeader();
      while (told.length < 2) await new Promise(setImmediate);`,
    told: ['start', 'end'],
  },
  {
    name: 'Object.prototype.withClientSecret and Symbol.iterator',
    outcome: 'plain options stay plain options',
    script: `
      Object.prototype.withClientSecret = true;
      Object.prototype[Symbol.iterator] = function* () { yield ['x', 'y']; };
      tell(await create({ additionalParameters: { resource: 'r' } }).getAuthorizationHeader());`,
    told: ['Bearer token-1'],
    verify: (t, server) => t.true(server.tokenRequests()[0].body.endsWith('&resource=r')),
  },
  {
    name: 'Array.prototype with elements and members of its own',
    outcome: 'no parameter, origin or header more',
    script: `
      Array.prototype[0] = ['x', 'y'];
      Array.prototype[1] = 'https://elsewhere.test';
      Array.prototype.more = () => 'z';
      tell(await create({ additionalParameters: [], allowedOrigins: [] }).getAuthorizationHeader());`,
    told: ['Bearer token-1'],
    verify: (t, server) => t.false(/x=y|elsewhere/.test(server.tokenRequests()[0].body)),
  },
];

const fhir = [
  {
    name: 'Object.prototype.versionId and ifNoneExist, and writes of the FHIR client',
    outcome: 'none of them is conditional',
    script: `
      Object.assign(Object.prototype, { versionId: '7', ifNoneExist: 'family=x' });
      const client = (await import('@org/smart-m2m/fhir-client')).FhirClientFactory.newClient(options.fhirBaseUrl);
      await client.create({ resourceType: 'Patient' });
      await client.update({ resourceType: 'Patient', id: '1' });
      await client.delete('Patient/1');
      tell(JSON.stringify(client.transaction().update({ resourceType: 'Patient', id: '1' }).toBundle()).includes('ifMatch'));`,
    told: [false],
    verify(t, server) {
      const writes = server.requests.filter(({ method }) => method !== 'GET');
      t.is(writes.length, 3);
      for (const { headers } of writes) {
        t.is(headers['if-match'] ?? headers['if-none-exist'], undefined);
      }
    },
  },
  {
    name: 'Object.prototype.timeoutMs, maxResponseBytes, headers, method and max, and the FHIR client',
    outcome: 'its calls have their own limits and headers alone',
    script: `
      const { FhirClientFactory } = await import('@org/smart-m2m/fhir-client');
      Object.assign(Object.prototype, {
        timeoutMs: 1, maxResponseBytes: 1, headers: { x: 'y' }, method: 'GET', max: 0,
      });
      const client = FhirClientFactory.newClient(options.fhirBaseUrl);
      tell((await client.search().forResource('Patient').asList()).length);
      tell((await client.operation('Patient/$match', { resourceType: 'Parameters' })).resourceType);`,
    told: [0, 'Bundle'],
    verify: (t, server) => t.true(server.requests.every(({ headers }) => headers.x === undefined)),
  },
  {
    name: 'Object.prototype.cause, status, method, url and operationOutcome, and an error of the FHIR client',
    outcome: 'it has its own fields alone',
    script: `
      const { FhirClientError } = await import('@org/smart-m2m/fhir-client');
      Object.assign(Object.prototype, { cause: 'c', status: 503, method: 'm', url: 'u', operationOutcome: {} });
      const error = new FhirClientError('ERR_FHIR_STATUS', 'no');
      tell(Object.hasOwn(error, 'cause'), Object.keys(error).join(), error.transient);`,
    told: [false, 'code,transient', false],
    verify: (t, server) => t.is(server.requests.length, 0),
  },
].map((row) => ({
  ...row,
  routes: ['PUT /fhir/Patient/1', 'DELETE /fhir/Patient/1', 'POST /fhir/Patient/$match'],
}));

const replaced = [
  ['Date.now that says 2099, as in tests with a clock of their own', DATE_OF_ANOTHER_YEAR],
  ['Date.now that throws', "Date.now = () => { throw new Error('no clock'); };"],
  ['Promise of another library', 'globalThis.Promise = class extends Promise {};'],
  [
    'Object.keys, Object.hasOwn and Object.entries that throw',
    `
    for (const name of ['keys', 'hasOwn', 'entries']) Object[name] = () => { throw new Error('no'); };`,
  ],
  [
    'JSON.parse and JSON.stringify that throw',
    `
    JSON.parse = () => { throw new Error('no'); };
    const { stringify } = JSON;
    JSON.stringify = (value) => { if (value === 'Bearer token-1') return stringify(value); throw new Error('no'); };`,
  ],
  [
    'no fetch, Headers, Request, Response and URL',
    `
    for (const name of ['fetch', 'Headers', 'Request', 'Response', 'URL']) globalThis[name] = undefined;`,
  ],
  ['process.emitWarning that throws', "process.emitWarning = () => { throw new Error('no'); };"],
  [
    'setTimeout, setImmediate and queueMicrotask that throw',
    `
    for (const name of ['setTimeout', 'setImmediate', 'queueMicrotask']) globalThis[name] = () => { throw new Error('no'); };`,
  ],
  [
    'intrinsics that are frozen',
    `
    for (const one of [Object, Error, Function, Array, Promise, Map, RegExp, String]) {
      Object.freeze(one.prototype);
      Object.freeze(one);
    }`,
  ],
].map(([name, script]) => ({
  name: `After the package was loaded: ${name}`,
  outcome: 'the client is made and has its token',
  script: `${script}\n      tell(await create().getAuthorizationHeader());`,
  told: ['Bearer token-1'],
}));

const STACKS = {
  'Error.prepareStackTrace that throws': "Error.prepareStackTrace = () => { throw new Error('no stack'); };",
  'Error.prepareStackTrace that returns no text': 'Error.prepareStackTrace = (_, sites) => sites;',
  'no Error.captureStackTrace': 'delete Error.captureStackTrace;',
  'Error.stackTraceLimit of 0': 'Error.stackTraceLimit = 0;',
  'Error.stackTraceLimit of NaN': 'Error.stackTraceLimit = NaN;',
  'no Error.stackTraceLimit': 'delete Error.stackTraceLimit;',
};
const stacks = Object.entries(STACKS).map(([name, script]) => ({
  name,
  outcome: 'each of three waiting callers has its error, with its code; the next call has a token',
  script: `
    const interceptor = create({ renewal: { failureCooldownSeconds: 0 } });
    ${script}
    const refused = await Promise.allSettled([1, 2, 3].map(() => interceptor.getAuthorizationHeader()));
    delete Error.prepareStackTrace;
    for (const { reason } of refused) tell(reason.code);
    tell(codeOf(() => create({ scope: 7 })));
    tell(await interceptor.getAuthorizationHeader());`,
  told: [
    'ERR_TOKEN_REJECTED',
    'ERR_TOKEN_REJECTED',
    'ERR_TOKEN_REJECTED',
    'ERR_INVALID_CONFIG',
    'Bearer token-1',
  ],
  refusesFirst: true,
}));

const others = [
  {
    name: 'A setTimeout that returns a number, as of a browser or jsdom',
    outcome: 'a pre-token hook is asked, and its token used',
    script: `
      const { setTimeout: start } = globalThis;
      globalThis.setTimeout = (...args) => Number(start(...args).unref());
      globalThis.clearTimeout = () => {};
      const interceptor = create().registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => 'supplied' });
      tell(await interceptor.getAuthorizationHeader());`,
    told: ['Bearer supplied'],
  },
  {
    name: 'A global fetch that throws',
    outcome: 'fetch rejects with what it threw; the header is to be had',
    script: `
      const interceptor = create();
      globalThis.fetch = () => { throw new RangeError('mine'); };
      tell((await interceptor.fetch(patients).catch((error) => error)).message);
      tell(await interceptor.getAuthorizationHeader());`,
    told: ['mine', 'Bearer token-1'],
  },
  {
    name: 'JSON.parse that throws, and what has to be parsed',
    outcome: 'publicJwks and diagnose fail with what it threw, and work once it is back',
    script: `
      Keystores.register('parsed', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
      const interceptor = create({ keystore: 'parsed' });
      const { parse } = JSON;
      JSON.parse = () => { throw new RangeError('mine'); };
      try { interceptor.publicJwks(); } catch (error) { tell(error.message); }
      tell((await interceptor.diagnose().catch((error) => error)).message);
      JSON.parse = parse;
      tell(interceptor.publicJwks().keys.length, (await interceptor.diagnose()).error);`,
    told: ['mine', 'mine', 1, null],
  },
  {
    name: 'node --frozen-intrinsics --disable-proto=throw',
    outcome: 'the client is made and has its token; errors have their codes',
    nodeArgs: ['--frozen-intrinsics', '--disable-proto=throw', '--no-warnings'],
    script: `
      tell(await create().getAuthorizationHeader(), codeOf(() => create({ scope: 7 })));
      tell((await create({ fhirBaseUrl: patients }).getAuthorizationHeader().catch((error) => error)).code);`,
    told: ['Bearer token-1', 'ERR_INVALID_CONFIG', 'ERR_DISCOVERY'],
  },
];

export const ROWS = [...pollutedBase, ...adapters, ...polluted, ...fhir, ...replaced, ...stacks, ...others];
