import { once } from 'node:events';
import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { authorizeAxios } from '@org/smart-m2m/axios';
import test from 'ava';
import axios, { Axios, AxiosError, CanceledError } from 'axios';
import { setGlobalDispatcher, Agent as UndiciAgent } from 'undici';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { json } from '../support/recording-server.mjs';

// For adapter: 'fetch', which has no other way to a CA.
setGlobalDispatcher(new UndiciAgent({ connect: { ca: caPem } }));

testAdapter(test, { library: 'axios 1', connect });
testAdapter(test, {
  library: 'axios 1, validateStatus accepts everything',
  connect: (connection) => connect(connection, { validateStatus: () => true }),
});
testAdapter(test, {
  library: 'axios 1, an object of the class Axios',
  connect: (connection) => connect(connection, {}, (config) => new Axios({ ...axios.defaults, ...config })),
});
testAdapter(test, {
  library: "axios 1, adapter: 'fetch'",
  connect: (connection) => connect(connection, { adapter: 'fetch' }),
  // It does not tell where a redirect has led to.
  excused: ['a 401 of the server that a redirect led to says nothing about the token'],
});

test("with adapter: 'fetch' a 401 of the server that a redirect led to costs one new token", async (t) => {
  const { server, elsewhere, client } = await startServers(t, (connection) =>
    connect(connection, { adapter: 'fetch' }),
  );
  elsewhere.on('GET /binary', json(401, {}));
  server.on('GET /fhir/Binary/1', { status: 307, headers: { location: elsewhere.url('/binary') } });
  const { send } = await client();
  t.is((await send({ url: 'Binary/1' })).status, 401);
  t.deepEqual(server.authorizations('/fhir/Binary/1'), [FIRST, SECOND]);
  t.deepEqual(
    elsewhere.requests.map(({ headers }) => headers.authorization),
    [undefined, undefined],
  );
});

test('a cancelled wait for a token is cancelled as axios has it', async (t) => {
  const { server, client } = await startServers(t, connect);
  const gate = server.holdTokens();
  const { send } = await client();
  const controller = new AbortController();
  const waiting = send({ signal: controller.signal });
  await gate.reached();
  controller.abort();
  t.true((await t.throwsAsync(waiting)) instanceof CanceledError);
  gate.open();
});

test('a refused request rejects with the AxiosError of the second answer', async (t) => {
  const { server, client } = await startServers(t, ({ interceptor, server }) => {
    const instance = create(server);
    authorizeAxios(instance, interceptor);
    return () => instance.get('Patient');
  });
  let answers = 0;
  server.on('GET /fhir/Patient', () => {
    answers += 1;
    return json(401, { answers });
  });
  const { send } = await client();
  const error = await t.throwsAsync(send());
  t.true(error instanceof AxiosError);
  t.deepEqual(error.response.data, { answers: 2 });
});

test('other interceptors and transforms see a request that is sent twice once', async (t) => {
  const { server, client } = await startServers(t, () => null);
  server.on('POST /fhir/Patient', acceptOnly(SECOND));
  const seen = [];
  const note = (name) => (value) => {
    seen.push(name);
    return value;
  };
  const { interceptor } = await client();
  const instance = create(server, {
    transformRequest: (data) => {
      seen.push('transform');
      return `<${data}>`;
    },
    headers: { 'Content-Type': 'text/plain' },
  });
  instance.interceptors.request.use(note('request, added before'));
  instance.interceptors.response.use(
    ({ data }) => data,
    (error) => {
      seen.push(`response, added before: ${error.response.status}`);
      throw error;
    },
  );
  authorizeAxios(instance, interceptor);
  instance.interceptors.request.use(note('request, added after'));
  instance.interceptors.response.use(({ data }) => data.resourceType);
  t.is(await instance.post('Patient', 'a body'), 'Bundle');
  t.deepEqual(seen, [
    'request, added after',
    'request, added before',
    'transform',
    'response, added before: 401',
  ]);
  t.deepEqual(
    server.requestsTo('/fhir/Patient').map(({ body }) => body),
    ['<a body>', '<a body>'],
  );
});

test("with responseType: 'stream' the first answer is given up, and the second one is read", async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const answers = [];
  server.on('GET /fhir/Patient', [
    (_request, response) => {
      answers.push(once(response, 'close'));
      response.writeHead(401).write('the beginning of an answer without end');
    },
    json(200, { resourceType: 'Bundle' }),
  ]);
  const instance = create(server, { responseType: 'stream' });
  authorizeAxios(instance, interceptor);
  t.is(await text((await instance.get('Patient')).data), '{"resourceType":"Bundle"}');
  await Promise.all(answers);
  t.is(answers.length, 1);
});

test('a form is sent again', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  server.on('POST /fhir/Patient', acceptOnly(SECOND));
  const instance = create(server);
  authorizeAxios(instance, interceptor);
  const form = new FormData();
  form.append('name', 'value');
  t.is((await instance.post('Patient', form)).status, 200);
  for (const { body, headers } of server.requestsTo('/fhir/Patient')) {
    t.true(body.includes('value'));
    t.regex(headers['content-type'], /^multipart\/form-data; boundary=/);
  }
  t.is(server.requestsTo('/fhir/Patient').length, 2);
});

test('a config that the application sends again is a request of its own', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  server.on('GET /fhir/Patient', [json(503, {}), json(401, {}), json(200, { resourceType: 'Bundle' })]);
  const instance = create(server);
  authorizeAxios(instance, interceptor);
  let own = 0;
  const beforeRedirect = () => {
    own += 1;
  };
  const { config } = await t.throwsAsync(instance.get('Patient', { beforeRedirect }));
  t.is((await instance.request(config)).data.resourceType, 'Bundle');
  t.deepEqual(server.authorizations(), [FIRST, FIRST, SECOND]);
  server.on('GET /fhir/Patient', { status: 307, headers: { location: '/fhir/There' } });
  server.on('GET /fhir/There', json(200, {}));
  await instance.request(config);
  t.is(own, 1);
  t.deepEqual(server.authorizations('/fhir/There'), [SECOND]);
});

test('after it was taken out, an instance sends requests as before', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const instance = create(server);
  const eject = authorizeAxios(instance, interceptor);
  await instance.get('Patient');
  eject();
  await instance.get('Patient', { headers: { Authorization: 'Basic mine' } });
  t.deepEqual(server.authorizations(), [FIRST, 'Basic mine']);
});

test('the base URL counts where the instance does not take absolute URLs', async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const instance = create(server, { baseURL: elsewhere.origin, allowAbsoluteUrls: false });
  authorizeAxios(instance, interceptor);
  await instance.get(server.patients);
  t.is(elsewhere.requests.length, 1);
  t.is(elsewhere.requests[0].headers.authorization, undefined);
  t.is(server.requests.length, 0);
});

test('an interceptor that sends the request elsewhere after all does not take the token along', async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  elsewhere.on('GET /mirror', json(401, {}));
  const { interceptor } = await client();
  const moves = {
    url: () => ({ url: elsewhere.url('/mirror') }),
    baseURL: () => ({ baseURL: elsewhere.origin, url: 'mirror' }),
    own: () => ({ url: elsewhere.url('/mirror'), headers: { Authorization: 'Basic mine' } }),
  };
  for (const [name, move] of Object.entries(moves)) {
    const instance = create(server);
    // Added before the adapter: axios runs it after it.
    instance.interceptors.request.use((config) => {
      const { headers, ...target } = move();
      config.headers.set(headers);
      return { ...config, ...target };
    });
    authorizeAxios(instance, interceptor);
    const { response } = await t.throwsAsync(instance.get('Patient'));
    t.is(response.status, 401, name);
  }
  t.deepEqual(
    elsewhere.requests.map(({ headers }) => headers.authorization),
    [undefined, undefined, 'Basic mine'],
  );
  t.is(interceptor.stats().invalidations, 0, 'that server refused no token');
});

test('a config with a password of its own gets the token in place of it', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const defaults = { auth: { username: 'user', password: 'secret' } };
  const instance = create(server, defaults);
  authorizeAxios(instance, interceptor);
  t.is((await instance.get('Patient')).status, 200);
  t.deepEqual(server.authorizations(), [FIRST]);
  t.deepEqual(instance.defaults.auth, defaults.auth);
});

test("the caller's own beforeRedirect is called, and cannot carry the token away", async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const location = elsewhere.url('/binary');
  server.on('GET /fhir/Binary/1', { status: 302, headers: { location } });
  const { interceptor } = await client();
  const instance = create(server);
  authorizeAxios(instance, interceptor);
  const hops = [];
  await instance.get('Binary/1', {
    beforeRedirect(options, _response, request) {
      hops.push(options.href);
      options.headers.AUTHORIZATION = request.headers.Authorization ?? FIRST;
    },
  });
  t.deepEqual(hops, [location]);
  t.is(elsewhere.requests[0].headers.authorization, undefined);
});

test('nor can a beforeRedirect that another interceptor sets', async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  elsewhere.on('GET /binary', json(401, {}));
  server.on('GET /fhir/Binary/1', { status: 302, headers: { location: elsewhere.url('/binary') } });
  const { interceptor } = await client();
  const instance = create(server);
  let hops = 0;
  instance.interceptors.request.use((config) => ({
    ...config,
    beforeRedirect(options) {
      hops += 1;
      options.headers.authorization = FIRST;
    },
  }));
  authorizeAxios(instance, interceptor);
  t.is((await t.throwsAsync(instance.get('Binary/1'))).response.status, 401);
  t.is(hops, 1);
  t.is(elsewhere.requests[0].headers.authorization, undefined);
  t.is(interceptor.stats().invalidations, 0);
});

test('a stream that breaks while the token is waited for fails its request alone', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const instance = create(server);
  authorizeAxios(instance, interceptor);
  const gate = server.holdTokens();
  const body = new Readable({ read() {} });
  const waiting = instance.post('Patient', body);
  await gate.reached();
  const reason = new Error('the disk is gone');
  body.destroy(reason);
  gate.open();
  t.is(await t.throwsAsync(waiting), reason);
  t.is(server.requestsTo('/fhir/Patient').length, 0);
});

function create(server, config = {}, make = axios.create) {
  return make({ baseURL: server.fhirBaseUrl, httpsAgent: new Agent({ ca: caPem }), proxy: false, ...config });
}

function connect({ interceptor, server, options }, config = {}, make = axios.create) {
  const instance = create(server, { responseType: 'text', ...config }, make);
  authorizeAxios(instance, interceptor, options);
  return async ({ url = 'Patient', method = 'GET', body, stream, signal } = {}) => {
    const data = stream === undefined ? body : Readable.from([stream]);
    const headers = data === undefined ? {} : { 'Content-Type': 'application/fhir+json' };
    try {
      const response = await instance.request({ url, method, data, headers, signal });
      return { status: response.status, body: response.data };
    } catch (error) {
      if (error?.response === undefined) throw error;
      return { status: error.response.status, body: error.response.data };
    }
  };
}
