import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import { authorizeClient } from '@org/smart-m2m/fhirclient';
import test from 'ava';
import FHIR from 'fhirclient';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { json, text } from '../support/recording-server.mjs';

const agent = new Agent({ ca: caPem });

testAdapter(test, { library: 'fhirclient 2, FhirClient', connect: connectWith(fhirClient, 'fhirRequest') });
testAdapter(test, { library: 'fhirclient 2, Client', connect: connectWith(smartClient, 'request') });

test('pages and references go with the token to the FHIR server, and without it elsewhere', async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const patient = { resourceType: 'Patient', managingOrganization: { reference: 'Organization/1' } };
  const page = (next, reference) => ({
    resourceType: 'Bundle',
    link: next === null ? [] : [{ relation: 'next', url: next }],
    entry: [{ resource: { ...patient, managingOrganization: { reference } } }],
  });
  server.on('GET /fhir/Patient', json(200, page(server.url('/fhir/page/2'), 'Organization/1')));
  server.on('GET /fhir/page/2', json(200, page(elsewhere.url('/page/3'), elsewhere.url('/Organization/2'))));
  server.on('GET /fhir/Organization/1', json(200, { resourceType: 'Organization' }));
  elsewhere.on('GET /page/3', json(200, page(null, server.url('/fhir/Organization/1'))));
  const fhir = smartClient(server);
  authorizeClient(fhir, interceptor);
  const settings = { pageLimit: 0, flat: true, resolveReferences: 'managingOrganization' };
  const patients = await fhir.request('Patient', settings);
  t.is(patients.length, 3);
  for (const path of ['/fhir/Patient', '/fhir/page/2']) t.deepEqual(server.authorizations(path), [FIRST]);
  t.true(server.authorizations('/fhir/Organization/1').every((header) => header === FIRST));
  t.deepEqual(elsewhere.requests.map(({ url }) => url).sort(), ['/Organization/2', '/page/3']);
  for (const { headers } of elsewhere.requests) t.is(headers.authorization, undefined);
});

test('a 401 of a later page is tried again for that page alone', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const link = [{ relation: 'next', url: server.url('/fhir/page/2') }];
  server.on('GET /fhir/Patient', json(200, { resourceType: 'Bundle', link }));
  server.on('GET /fhir/page/2', json(401, {}));
  const fhir = smartClient(server);
  authorizeClient(fhir, interceptor);
  await t.throwsAsync(fhir.request('Patient', { pageLimit: 0 }), { message: /^401 / });
  t.deepEqual(server.authorizations(), [FIRST]);
  t.deepEqual(server.authorizations('/fhir/page/2'), [FIRST, SECOND]);
});

test('an error of a token request for a later page is not taken for an answer', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const link = [{ relation: 'next', url: server.url('/fhir/page/2') }];
  server.on('GET /fhir/Patient', json(200, { resourceType: 'Bundle', link }));
  server.on('GET /fhir/page/2', json(401, {}));
  server.on('POST /token', [server.issue(), json(401, { error: 'invalid_client' })]);
  const fhir = smartClient(server);
  authorizeClient(fhir, interceptor);
  await t.throwsAsync(fhir.request('Patient', { pageLimit: 0 }), { code: 'ERR_TOKEN_REJECTED' });
  t.deepEqual(server.authorizations(), [FIRST]);
});

test('the Location of an empty 201 is asked for, and elsewhere without the token', async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const fhir = fhirClient(server);
  authorizeClient(fhir, interceptor);
  server.on('GET /fhir/Patient/1', json(200, { resourceType: 'Patient', id: '1' }));
  server.on('POST /fhir/Patient', { status: 201, headers: { location: server.url('/fhir/Patient/1') } });
  t.is((await fhir.create({ resourceType: 'Patient' })).id, '1');
  t.deepEqual(server.authorizations('/fhir/Patient/1'), [FIRST]);
  server.on('POST /fhir/Patient', { status: 201, headers: { location: elsewhere.url('/Patient/1') } });
  t.is((await fhir.create({ resourceType: 'Patient' })).resourceType, 'Elsewhere');
  t.is(elsewhere.requests[0].headers.authorization, undefined);
  t.is(elsewhere.requests[0].method, 'GET');
});

test('redirects are followed as fetch follows them', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const fhir = fhirClient(server);
  authorizeClient(fhir, interceptor);
  for (const method of ['GET', 'POST', 'PUT']) {
    server.on(`${method} /fhir/There`, ({ body }) => json(200, { method, body }));
  }
  for (const [status, method, sent] of [
    [301, 'POST', { method: 'GET', body: '' }],
    [302, 'POST', { method: 'GET', body: '' }],
    [302, 'PUT', { method: 'PUT', body: 'x' }],
    [303, 'PUT', { method: 'GET', body: '' }],
    [307, 'POST', { method: 'POST', body: 'x' }],
    [308, 'PUT', { method: 'PUT', body: 'x' }],
  ]) {
    server.on(`${method} /fhir/Moved`, { status, headers: { location: '/fhir/There' } });
    t.deepEqual(await fhir.fhirRequest('Moved', { method, body: 'x' }), sent, `${status} ${method}`);
  }
  server.on('PUT /fhir/Moved', { status: 308, headers: { location: '/fhir/There' } });
  const body = Readable.from(['streamed']);
  await t.throwsAsync(fhir.fhirRequest('Moved', { method: 'PUT', body }), { message: /^308 / });
  server.on('GET /fhir/Circle', { status: 302, headers: { location: '/fhir/Circle' } });
  await t.throwsAsync(fhir.fhirRequest('Circle'), { message: /^302 / });
  t.is(server.requestsTo('/fhir/Circle').length, 21);
});

test("with a redirect setting of the caller's own the token stays all the same", async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const fhir = fhirClient(server);
  authorizeClient(fhir, interceptor);
  server.on('GET /fhir/Moved', { status: 302, headers: { location: elsewhere.url('/x') } });
  await t.throwsAsync(fhir.fhirRequest('Moved', { redirect: 'follow' }), { message: /another origin/ });
  t.is(elsewhere.requests.length, 0);
});

test("the caller's own Authorization goes to other origins, and after the undoing anywhere", async (t) => {
  const { server, elsewhere, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const fhir = fhirClient(server);
  const undo = authorizeClient(fhir, interceptor);
  const headers = { Authorization: 'Basic mine' };
  await fhir.fhirRequest(elsewhere.url('/x'), { headers });
  await fhir.fhirRequest('Patient', { headers });
  undo();
  await fhir.fhirRequest('Patient', { headers });
  t.is(elsewhere.requests[0].headers.authorization, 'Basic mine');
  t.deepEqual(server.authorizations(), [FIRST, 'Basic mine']);
});

test('other methods of a client go with the token too', async (t) => {
  const { server, client } = await startServers(t, () => null);
  const { interceptor } = await client();
  const fhir = smartClient(server);
  authorizeClient(fhir, interceptor);
  server.on('PUT /fhir/Patient/1', acceptOnly(SECOND));
  server.on('DELETE /fhir/Patient/1', text(200, 'gone'));
  await fhir.update({ resourceType: 'Patient', id: '1' });
  await fhir.delete('Patient/1');
  t.deepEqual(server.authorizations('/fhir/Patient/1'), [FIRST, SECOND, SECOND]);
});

function fhirClient({ fhirBaseUrl }) {
  const client = new FHIR.FhirClient(fhirBaseUrl);
  client.getRequestDefaults = async () => ({ agent });
  return client;
}

function smartClient({ fhirBaseUrl }) {
  const client = FHIR({}, {}, {}).client(fhirBaseUrl);
  client.getRequestDefaults = async () => ({ agent });
  return client;
}

function connectWith(create, method) {
  return ({ interceptor, server, options }) => {
    const client = create(server);
    authorizeClient(client, interceptor, options);
    return async ({ url = 'Patient', method: httpMethod = 'GET', body, stream, signal } = {}) => {
      const settings = {
        method: httpMethod,
        headers: { 'content-type': 'application/fhir+json' },
        includeResponse: true,
        ...(signal === undefined ? {} : { signal }),
        ...(stream === undefined ? { body } : { body: Readable.from([stream]) }),
      };
      try {
        const answer = await (method === 'request'
          ? client.request({ ...settings, url })
          : client.fhirRequest(url, settings));
        return { status: answer.response.status, body: JSON.stringify(answer.body) };
      } catch (error) {
        if (error?.status === undefined || error.name !== 'HttpError') throw error;
        return { status: error.status, body: error.message };
      }
    };
  };
}
