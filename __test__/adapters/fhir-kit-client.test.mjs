import { Readable } from 'node:stream';
import { authorizeClient, requestSigner } from '@org/smart-m2m/fhir-kit-client';
import test from 'ava';
import { Client } from 'fhir-kit-client';
import { Agent, setGlobalDispatcher } from 'undici';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { json } from '../support/recording-server.mjs';

// The library sends by Node's own fetch.
setGlobalDispatcher(new Agent({ connect: { ca: caPem } }));

const STREAM = 'a streamed body is sent once, and its 401 gets the next request a new token';
const REDIRECTED_401 = 'a 401 of the server that a redirect led to says nothing about the token';

testAdapter(test, {
  library: 'fhir-kit-client 2',
  connect: connectClient,
  excused: [STREAM, REDIRECTED_401],
});
testAdapter(test, {
  library: 'fhir-kit-client 2, requestSigner',
  connect: connectSigner,
  excused: [
    STREAM,
    'after a 401 the request is sent once more with a new token',
    'a body that can be sent again is, as it was',
    'a second 401 is returned as it is',
    'many requests with one dead token lead to one new token',
    'when no new token can be had after a 401, the call fails with the reason',
    'a signal ends the wait for a new token after a 401',
  ],
});

test('the library has no streams for bodies: what is no text is sent as JSON, and so sent again', async (t) => {
  const { server, client } = await startServers(t, connectClient);
  server.on('POST /fhir/Patient', acceptOnly(SECOND));
  const { send } = await client();
  t.is((await send({ method: 'POST', stream: 'streamed' })).status, 200);
  const [first, second] = server.requestsTo('/fhir/Patient');
  t.true(first.body.startsWith('{'), first.body);
  t.is(second.body, first.body);
});

test('the library does not tell where a redirect led to: a 401 from there costs one new token', async (t) => {
  const { server, elsewhere, client } = await startServers(t, connectClient);
  elsewhere.on('GET /binary', json(401, { resourceType: 'OperationOutcome' }));
  server.on('GET /fhir/Binary/1', { status: 307, headers: { location: elsewhere.url('/binary') } });
  const { send } = await client();
  t.is((await send({ url: 'Binary/1' })).status, 401);
  t.deepEqual(server.authorizations('/fhir/Binary/1'), [FIRST, SECOND]);
  for (const { headers } of elsewhere.requests) t.is(headers.authorization, undefined);
});

test('requestSigner sees no 401: the token stays until it is given up by hand', async (t) => {
  const { server, client } = await startServers(t, connectSigner);
  server.on('GET /fhir/Patient', acceptOnly(SECOND));
  const { send, interceptor } = await client();
  t.is((await send()).status, 401);
  t.is((await send()).status, 401);
  interceptor.invalidate();
  t.is((await send()).status, 200);
  t.deepEqual(server.authorizations(), [FIRST, FIRST, SECOND]);
});

test("the client's own methods go with the token, page after page, and a token of its own gives way", async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const link = (url) => ({ resourceType: 'Bundle', type: 'searchset', link: [{ relation: 'next', url }] });
  server.on('GET /fhir/Patient', [
    json(200, link(server.url('/fhir/page/2'))),
    json(200, { resourceType: 'Bundle' }),
  ]);
  server.on('GET /fhir/page/2', json(200, link(elsewhere.url('/page/3'))));
  const fhir = new Client({
    baseUrl: server.fhirBaseUrl,
    customHeaders: { Authorization: 'Basic own' },
  });
  const undo = authorizeClient(fhir, interceptor);
  const first = await fhir.search({ resourceType: 'Patient', searchParams: { _count: 3 } });
  const second = await fhir.nextPage({ bundle: first });
  fhir.customHeaders = {};
  const third = await fhir.nextPage({ bundle: second });
  t.is(third.resourceType, 'Elsewhere');
  t.deepEqual(server.authorizations(), [FIRST]);
  t.deepEqual(server.authorizations('/fhir/page/2'), [FIRST]);
  t.is(elsewhere.requests[0].headers.authorization, undefined);
  undo();
  await fhir.request('Patient');
  t.deepEqual(server.authorizations(), [FIRST, undefined]);
});

test('a signal that cannot be left ends the request, and not the wait', async (t) => {
  const { server, client } = await startServers(t, connectClient);
  const gate = server.holdTokens();
  const { send } = await client();
  const { signal, abort } = oldSignal();
  const waiting = send({ signal });
  await gate.reached();
  abort();
  gate.open();
  await t.throwsAsync(waiting, { any: true });
  t.is(server.requestsTo('/fhir/Patient').length, 0);
});

function connectClient({ interceptor, server, options }) {
  const client = new Client({ baseUrl: server.fhirBaseUrl });
  authorizeClient(client, interceptor, options);
  return sendBy(client);
}

function connectSigner({ interceptor, server, options }) {
  return sendBy(
    new Client({ baseUrl: server.fhirBaseUrl, requestSigner: requestSigner(interceptor, options) }),
  );
}

function sendBy(client) {
  return async ({ url = 'Patient', method = 'GET', body, stream, signal } = {}) => {
    const sent = stream === undefined ? body : Readable.from([stream]);
    const headers = sent === undefined ? {} : { 'content-type': 'application/fhir+json' };
    const options = { method, body: sent, options: { headers, ...(signal === undefined ? {} : { signal }) } };
    try {
      const resource = await client.request(url, options);
      return { status: Client.httpFor(resource).response.status, body: JSON.stringify(resource) };
    } catch (error) {
      if (error?.response === undefined) throw error;
      return { status: error.response.status, body: JSON.stringify(error.response.data) };
    }
  };
}

/** As of an old polyfill, which the library takes too. */
function oldSignal() {
  const listeners = [];
  const signal = { aborted: false, addEventListener: (_type, listener) => listeners.push(listener) };
  const abort = () => {
    signal.aborted = true;
    for (const listener of listeners) listener();
  };
  return { signal, abort };
}
