import { getEventListeners } from 'node:events';
import { FhirClientError, FhirClientFactory } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { eventually } from '../support/eventually.mjs';
import { openFhirStore, patient } from '../support/fhir-client.mjs';
import { startRecordingServer } from '../support/recording-server.mjs';

/** A server that never answers, in clear text: what is tested is the waiting. */
async function silentServer(t) {
  const server = await startRecordingServer({
    handler: (_request, _response, _body) => new Promise(() => {}),
  });
  t.teardown(server.close);
  return server;
}

test("a signal ends the call it was given to, with the signal's own reason", async (t) => {
  const server = await silentServer(t);
  const client = FhirClientFactory.newClient(server.url('/fhir'));
  const controller = new AbortController();
  const reason = new Error('enough');
  const call = client.read('Patient/1', { signal: controller.signal });
  await eventually(() => server.requests.length === 1);
  controller.abort(reason);
  t.is(await t.throwsAsync(call), reason);
  t.is(getEventListeners(controller.signal, 'abort').length, 0);
  t.is(await t.throwsAsync(client.read('Patient/1', { signal: controller.signal })), reason);
  t.is(server.requests.length, 1);
});

test("the client's own signal ends all its calls", async (t) => {
  const server = await silentServer(t);
  const controller = new AbortController();
  const client = FhirClientFactory.newClient(server.url('/fhir'), { signal: controller.signal });
  const calls = [
    client.read('Patient/1'),
    client.search().forResource('Patient').asList(),
    client.create(patient('A'), { signal: new AbortController().signal }),
  ];
  await eventually(() => server.requests.length === 3);
  const reason = new Error('the run is over');
  controller.abort(reason);
  for (const call of calls) t.is(await t.throwsAsync(call), reason);
});

test('a call has a time limit, of the client or its own', async (t) => {
  const server = await silentServer(t);
  const client = FhirClientFactory.newClient(server.url('/fhir'), { timeoutMs: 50 });
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: FhirClientError });
  t.is(error.code, 'ERR_FHIR_TIMEOUT');
  t.is(error.message, `GET ${server.url('/fhir')}/Patient/1: no answer within 50 ms (timeoutMs)`);
  t.true(error.transient);
  await t.throwsAsync(client.create(patient('A'), { timeoutMs: 20 }), { message: /within 20 ms/ });
});

test('the time limit counts for hooks as well', async (t) => {
  const client = FhirClientFactory.newClient('http://127.0.0.1:1/fhir', { timeoutMs: 50 });
  client.registerInterceptor({ CLIENT_REQUEST: () => new Promise(() => {}) });
  await t.throwsAsync(client.read('Patient/1'), { code: 'ERR_FHIR_TIMEOUT' });
});

test('a call that is given up before it begins asks no hook, and leaves no failure of one behind', async (t) => {
  const { client, store } = await openFhirStore(t);
  const asked = [];
  client.registerInterceptor({
    async CLIENT_REQUEST() {
      asked.push('a request');
      throw new Error('nobody hears this');
    },
  });
  const reason = new Error('enough');
  const call = client.read('Patient/1', { signal: AbortSignal.abort(reason) });
  t.is(await t.throwsAsync(call), reason);
  t.deepEqual(asked, []);
  t.is(store.requests.length, 0);
});

test('waiting for a token can be given up too', async (t) => {
  const { client, store } = await openFhirStore(t);
  const controller = new AbortController();
  let asked = false;
  client.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: () => {
      asked = true;
      return new Promise(() => {});
    },
  });
  const call = client.read('Patient/1', { signal: controller.signal });
  await eventually(() => asked);
  const reason = new Error('enough');
  controller.abort(reason);
  t.is(await t.throwsAsync(call), reason);
  t.is(store.fhirRequests().length, 0);
});

test('a server that is not there, or breaks off, is a network error with its reason', async (t) => {
  const gone = await startRecordingServer();
  await gone.close();
  const absent = FhirClientFactory.newClient(gone.url('/fhir'));
  const error = await t.throwsAsync(absent.read('Patient/1'), { instanceOf: FhirClientError });
  t.is(error.code, 'ERR_FHIR_NETWORK');
  t.regex(error.message, /no answer: .*ECONNREFUSED/);
  t.true(error.transient);
  t.is(error.cause.message, 'fetch failed');

  const server = await startRecordingServer({
    handler: (_request, response, _body) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{"resourceType"');
      setTimeout(() => response.destroy(), 20);
    },
  });
  t.teardown(server.close);
  const client = FhirClientFactory.newClient(server.url('/fhir'));
  await t.throwsAsync(client.read('Patient/1'), { code: 'ERR_FHIR_NETWORK' });
});

test('a certificate that is not trusted is called that, with what to do', async (t) => {
  const { store } = await openFhirStore(t);
  const error = await t.throwsAsync(FhirClientFactory.newClient(store.base).read('Patient/1'));
  t.is(error.code, 'ERR_FHIR_NETWORK');
  t.regex(error.message, /certificate is not trusted .*NODE_EXTRA_CA_CERTS/);
});

test('an answer is read up to a limit', async (t) => {
  const { newClient, store, interceptor } = await openFhirStore(t);
  const client = newClient({ maxResponseBytes: 1000 }).registerInterceptor(interceptor);
  store.put(patient('x'.repeat(2000), { id: 'long' }));
  store.put(patient('x', { id: 'short' }));
  t.truthy(await client.read('Patient/short'));
  await t.throwsAsync(client.read('Patient/long'), { code: 'ERR_FHIR_RESPONSE', message: /1000 bytes/ });
});

test('an answer that is no JSON object is told by its kind', async (t) => {
  const { client, store } = await openFhirStore(t);
  for (const [type, body] of [
    ['application/xml', '<Patient/>'],
    ['text/html', '<h1>Welcome</h1>'],
    ['application/json', '[]'],
  ]) {
    store.answerBy(({ url }) =>
      url === '/fhir/Patient/1' ? { headers: { 'content-type': type }, body } : undefined,
    );
    const error = await t.throwsAsync(client.read('Patient/1'), { code: 'ERR_FHIR_RESPONSE' });
    t.true(error.message.endsWith(`answered 200 with ${type} that is no JSON object`), error.message);
    t.is(error.status, 200);
  }
});

test('a write is not redirected: the error says where it would have gone', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient'
      ? { status: 308, headers: { location: 'https://other.example/fhir/Patient?token=abc' } }
      : undefined,
  );
  const error = await t.throwsAsync(client.create(patient('A')), { instanceOf: FhirClientError });
  t.is(error.status, 308);
  t.regex(error.message, /redirects to https:\/\/other\.example\/fhir\/Patient;/);
});
