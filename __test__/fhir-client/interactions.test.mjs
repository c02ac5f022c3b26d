import { FhirClientError, FhirClientFactory } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { openFhirStore, patient } from '../support/fhir-client.mjs';
import { outcome } from '../support/fhir-store.mjs';

test('a resource that is created gets its id and version, and the stored one comes back', async (t) => {
  const { client, store } = await openFhirStore(t);
  const given = patient('Lindqvist', { id: 'urn:uuid:3f1d', meta: { source: 'urn:source' } });
  const stored = await client.create(given);
  const [request] = store.fhirRequests();
  t.is(request.method, 'POST');
  t.is(request.url, '/fhir/Patient');
  t.is(request.headers['content-type'], 'application/fhir+json');
  t.is(request.headers.accept, 'application/fhir+json');
  t.is(JSON.parse(request.body).id, undefined, 'the server gives the id');
  t.is(given.id, stored.id);
  t.is(given.meta.versionId, '1');
  t.is(given.meta.source, 'urn:source');
  t.deepEqual(await client.read(`Patient/${given.id}`), stored);
});

test('a server that returns nothing says in Location what the id is', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient'
      ? { status: 201, headers: { location: 'http://behind-the-proxy/fhir/Patient/7/_history/2' } }
      : undefined,
  );
  const given = patient('Okafor');
  t.is(await client.create(given), given);
  t.is(given.id, '7');
  t.deepEqual(given.meta, { versionId: '2' });
});

test('a Location of another type says nothing of the id', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient' ? { status: 201, headers: { location: 'Binary/7/_history/2' } } : undefined,
  );
  const given = patient('Okafor');
  await client.create(given);
  t.deepEqual(given, patient('Okafor'));
});

test('a frozen resource is sent as it is and stays as it is', async (t) => {
  const { client } = await openFhirStore(t);
  const given = Object.freeze(patient('Haddad'));
  const stored = await client.create(given);
  t.is(given.id, undefined);
  t.truthy(stored.id);
});

test('a conditional create makes nothing where there is one already', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('Haddad', { id: 'a', identifier: [{ system: 'urn:mrn', value: 'MRN-1' }] }));
  const stored = await client.create(patient('Haddad'), { ifNoneExist: 'identifier=urn:mrn|MRN-1' });
  t.is(stored.id, 'a');
});

test('a condition that is no ASCII is sent as a URL has it', async (t) => {
  const { client, store } = await openFhirStore(t);
  await client.create(patient('A'), { ifNoneExist: 'family=Łukasz Müller&identifier=urn:mrn|%C3%BC' });
  const [{ headers }] = store.fhirRequests();
  t.is(headers['if-none-exist'], 'family=%C5%81ukasz%20M%C3%BCller&identifier=urn:mrn|%C3%BC');
});

test('a read that is answered with nothing is an error: it does not say that there is none', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) => (url === '/fhir/Patient/1' ? { status: 204 } : undefined));
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: FhirClientError });
  t.is(error.code, 'ERR_FHIR_RESPONSE');
  t.is(error.message, `GET ${store.base}/Patient/1: answered 204 with nothing`);
  t.is(error.status, 204);
});

test('read is null for what is not there, and for what was deleted', async (t) => {
  const { client } = await openFhirStore(t);
  const { id } = await client.create(patient('Lindqvist'));
  t.is(await client.read('Patient/none'), null);
  t.true(await client.delete(`Patient/${id}`));
  t.is(await client.read(`Patient/${id}`), null);
});

test('read takes a version, and the URL of a resource on the same server', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('Old', { id: 'p' }));
  store.put(patient('New', { id: 'p' }));
  t.is((await client.read('Patient/p/_history/1')).name[0].family, 'Old');
  t.is((await client.read(`${store.base}/Patient/p`)).name[0].family, 'New');
});

test('read is null for text that is no reference, without a request', async (t) => {
  const { client, store } = await openFhirStore(t);
  for (const reference of [
    '',
    'nonsense',
    'Patient',
    'Patient/',
    'Patient/..',
    'Patient/a b',
    'urn:uuid:1',
    'a/b/c',
  ]) {
    t.is(await client.read(reference), null, reference);
  }
  t.is(store.requests.length, 0);
});

test('read refuses another server, and what is no text', async (t) => {
  const { client, store } = await openFhirStore(t);
  await t.throwsAsync(client.read('https://elsewhere.example/Patient/1'), {
    instanceOf: TypeError,
    message: /another server/,
  });
  await t.throwsAsync(client.read(undefined), { instanceOf: TypeError });
  t.is(store.requests.length, 0);
});

test('a 404 that is a web page is an error: that is no FHIR server', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url.startsWith('/fhir/Patient/')
      ? { status: 404, headers: { 'content-type': 'text/html' }, body: '<h1>Nothing here</h1>' }
      : undefined,
  );
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: FhirClientError });
  t.is(error.code, 'ERR_FHIR_STATUS');
  t.is(error.status, 404);
  t.regex(error.message, /is https:\/\/localhost:\d+\/fhir a FHIR base URL\?/);
});

test('an update replaces the resource and tells its new version', async (t) => {
  const { client } = await openFhirStore(t);
  const given = await client.create(patient('Before'));
  given.name[0].family = 'After';
  const stored = await client.update(given);
  t.is(given.meta.versionId, '2');
  t.is(stored.name[0].family, 'After');
});

test('an update for a version that is not the current one is refused by the server', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('One', { id: 'p' }));
  const stored = await client.read('Patient/p');
  await client.update(stored, { versionId: stored.meta.versionId });
  const error = await t.throwsAsync(client.update(stored, { versionId: '1' }), {
    instanceOf: FhirClientError,
  });
  t.is(error.status, 412);
  t.false(error.transient);
  t.regex(error.message, /the current version is 2/);
  t.deepEqual(
    store
      .fhirRequests()
      .filter(({ method }) => method === 'PUT')
      .map(({ headers }) => headers['if-match']),
    ['W/"1"', 'W/"1"'],
  );
});

test('a patch is a JSON Patch, or Parameters', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('One', { id: 'p' }));
  const patched = await client.patch('Patient/p', [{ op: 'add', path: '/active', value: true }], {
    versionId: '1',
  });
  t.true(patched.active);
  store.answerBy(() => ({ status: 200 }));
  t.is(await client.patch('Patient/p', { resourceType: 'Parameters' }), null);
  t.deepEqual(
    store.fhirRequests().map(({ headers }) => headers['content-type']),
    ['application/json-patch+json', 'application/fhir+json'],
  );
});

test('delete tells whether there was something to delete', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('One', { id: 'p' }));
  const stored = await client.read('Patient/p');
  t.true(await client.delete(stored));
  t.false(await client.delete(stored));
  t.false(await client.delete('Patient/none'));
});

test('an operation is posted with Parameters, or asked for with GET', async (t) => {
  const { client, store } = await openFhirStore(t);
  const parameters = { resourceType: 'Parameters', parameter: [{ name: 'start', valueDate: '2026-01-01' }] };
  t.deepEqual((await client.operation('Patient/1/$everything', parameters)).got, parameters);
  t.deepEqual((await client.operation('$reindex')).got, { resourceType: 'Parameters' });
  t.is((await client.operation('Patient/$match?_count=2', undefined, { method: 'GET' })).got, null);
  t.deepEqual(
    store.fhirRequests().map(({ method, url }) => `${method} ${url}`),
    ['POST /fhir/Patient/1/$everything', 'POST /fhir/$reindex', 'GET /fhir/Patient/$match?_count=2'],
  );
});

test('what cannot be meant is refused before anything is sent', async (t) => {
  const { client, store } = await openFhirStore(t);
  const mistakes = {
    'a resource without a type': () => client.create({}),
    'a type that is a path': () => client.create({ resourceType: '../admin' }),
    nothing: () => client.create(null),
    'an update without an id': () => client.update(patient('A')),
    'an update of the way up': () => client.update(patient('A', { id: '..' })),
    'an odd version': () => client.update(patient('A', { id: 'a' }), { versionId: '"' }),
    'a version that is missing': () => client.update(patient('A', { id: 'a' }), { versionId: undefined }),
    'a delete of a version that is missing': () => client.delete('Patient/a', { versionId: undefined }),
    'a condition that is missing': () => client.create(patient('A'), { ifNoneExist: undefined }),
    'a condition that UTF-8 cannot hold': () => client.create(patient('A'), { ifNoneExist: 'family=\ud800' }),
    'a patch of nothing': () => client.patch('Patient', []),
    'a patch of another server': () => client.patch('https://elsewhere.example/Patient/1', []),
    'a delete without an id': () => client.delete(patient('A')),
    'a delete of a whole type': () => client.delete('Patient'),
    'an operation without a name': () => client.operation('Patient/1'),
    'an operation that leaves the base': () => client.operation('../../$export'),
    'a GET with a body': () => client.operation('$x', { resourceType: 'Parameters' }, { method: 'GET' }),
    'a bundle of another kind': () => client.transaction({ resourceType: 'Bundle', type: 'searchset' }),
    'a time limit that is none': () => client.read('Patient/1', { timeoutMs: Number.NaN }),
    'a time limit in words': () => client.search().forResource('Patient').asList({ timeoutMs: '5 s' }),
    'the next page of no bundle': () => client.nextPage(patient('A')),
  };
  for (const [mistake, call] of Object.entries(mistakes)) {
    await t.throwsAsync(async () => call(), { instanceOf: TypeError }, mistake);
  }
  t.is(store.requests.length, 0);
});

test('a base URL is absolute and nothing but a base, and a misspelt option is told', (t) => {
  t.is(
    FhirClientFactory.newClient('https://fhir.example.org/r4//').serverBase,
    'https://fhir.example.org/r4',
  );
  for (const base of [
    '',
    'fhir.example.org',
    'ftp://x/',
    'https://x/r4?a=b',
    'https://u:p@x/r4',
    undefined,
  ]) {
    const error = t.throws(() => FhirClientFactory.newClient(base), { instanceOf: TypeError });
    t.false(error.message.includes('u:p'));
  }
  t.throws(() => FhirClientFactory.newClient('https://x/r4', { timeout: 1 }), {
    message: /timeout: no such option/,
  });
  t.throws(() => FhirClientFactory.newClient('https://x/r4', { timeoutMs: '1' }), { instanceOf: TypeError });
});

test('headers of a call go with it and win', async (t) => {
  const { client, store } = await openFhirStore(t);
  await client.read('Patient/1', { headers: { 'X-Request-Id': 'abc', Accept: 'application/json' } });
  const [{ headers }] = store.fhirRequests();
  t.is(headers['x-request-id'], 'abc');
  t.is(headers.accept, 'application/json');
});

test('a server that answers without an OperationOutcome is quoted', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient' ? { status: 503, body: 'down for\u001b[31m maintenance\n' } : undefined,
  );
  const error = await t.throwsAsync(client.create(patient('A')), { instanceOf: FhirClientError });
  t.is(error.message, `POST ${store.base}/Patient: 503 Service Unavailable: down for maintenance`);
  t.true(error.transient);
  t.is(error.operationOutcome, undefined);
});

test('an OperationOutcome is put into the message, its gravest issue first', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) => {
    if (url !== '/fhir/Patient') return undefined;
    const answer = outcome(422, 'invalid', 'no such date');
    const [issue] = answer.body.issue;
    issue.expression = ['Patient.birthDate'];
    answer.body.issue.unshift({ severity: 'warning', code: 'informational', details: { text: 'be brief' } });
    return answer;
  });
  const error = await t.throwsAsync(client.create(patient('A')), { instanceOf: FhirClientError });
  t.is(
    error.message,
    `POST ${store.base}/Patient: 422 Unprocessable Entity: Patient.birthDate: no such date; be brief`,
  );
  t.is(error.code, 'ERR_FHIR_STATUS');
  t.is(error.method, 'POST');
  t.is(error.url, `${store.base}/Patient`);
  t.is(error.status, 422);
  t.is(error.operationOutcome.issue.length, 2);
  t.false(error.transient);
});
