import { FhirClientError, TransactionBuilder } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { openFhirStore, patient } from '../support/fhir-client.mjs';

const PLACEHOLDER = 'urn:uuid:0f0c2d4e-6a3c-4f3f-9d53-0c2b6a5e1a11';

test('a transaction is built entry by entry and sent in one request', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('Old', { id: 'old' }));
  const builder = TransactionBuilder.newTransactionBuilder()
    .create(patient('New', { id: PLACEHOLDER }))
    .create({ resourceType: 'Observation', status: 'final', subject: { reference: PLACEHOLDER } })
    .update(patient('Changed', { id: 'old' }), { versionId: '1' })
    .delete('Patient/none');
  const answer = await client.transaction(builder);
  const [{ method, url, body }] = store.fhirRequests();
  t.is(`${method} ${url}`, 'POST /fhir');
  const { type, entry } = JSON.parse(body);
  t.is(type, 'transaction');
  t.is(entry[0].fullUrl, PLACEHOLDER);
  t.is(entry[0].resource.id, undefined, 'a placeholder is no id');
  t.deepEqual(
    entry.map(({ request }) => request),
    [
      { method: 'POST', url: 'Patient' },
      { method: 'POST', url: 'Observation' },
      { method: 'PUT', url: 'Patient/old', ifMatch: 'W/"1"' },
      { method: 'DELETE', url: 'Patient/none' },
    ],
  );
  t.is(answer.type, 'transaction-response');
  t.deepEqual(
    answer.entry.map(({ response }) => response.status),
    ['201', '201', '200', '404'],
  );
  t.is((await client.read('Patient/old')).name[0].family, 'Changed');
});

test('conditional entries say which resource is meant', async (t) => {
  const { client, store } = await openFhirStore(t);
  const withMrn = (family) => patient(family, { identifier: [{ system: 'urn:mrn', value: 'M&1' }] });
  store.put({ ...withMrn('Old'), id: 'old' });
  const builder = client.transaction();
  builder.createConditional(withMrn('Second')).onToken('identifier', 'urn:mrn', 'M&1');
  builder.updateConditional(withMrn('Changed')).onToken('identifier', 'urn:mrn', 'M&1');
  await builder.execute();
  const { entry } = JSON.parse(store.fhirRequests()[0].body);
  t.deepEqual(
    entry.map(({ request }) => request),
    [
      { method: 'POST', url: 'Patient', ifNoneExist: 'identifier=urn%3Amrn%7CM%261' },
      { method: 'PUT', url: 'Patient?identifier=urn%3Amrn%7CM%261' },
    ],
  );
  const list = await client.search().forResource('Patient').asList();
  t.deepEqual(
    list.map(({ id, name }) => `${id} ${name[0].family}`),
    ['old Changed'],
  );
});

test('a condition without a value is refused: it would match any resource', (t) => {
  const builder = TransactionBuilder.newTransactionBuilder();
  const unfinished = builder.updateConditional(patient('A'));
  t.throws(() => builder.toBundle(), { message: /updateConditional\(Patient\)/ });
  for (const token of [
    ['identifier', 'urn:mrn', undefined],
    ['identifier', 'urn:mrn', ''],
    ['identifier', 'x'],
  ]) {
    t.throws(() => unfinished.onToken(...token), { instanceOf: TypeError });
  }
  unfinished.onToken('identifier', 'urn:mrn', '1');
  t.is(builder.toBundle().entry.length, 1);
  t.throws(() => unfinished.onToken('identifier', 'urn:mrn', '1'), { message: /before/ });
});

test('a Bundle is sent as it is, and a batch tells of each entry', async (t) => {
  const { client } = await openFhirStore(t);
  const answer = await client.transaction({
    resourceType: 'Bundle',
    type: 'batch',
    entry: [{ request: { method: 'GET', url: 'Patient/none' } }],
  });
  t.is(answer.type, 'batch-response');
  t.is(answer.entry[0].response.status, '404');
});

test('a transaction that is refused is one error', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) => (url === '/fhir' ? { status: 409, body: 'busy' } : undefined));
  const builder = client.transaction().create(patient('A'));
  const error = await t.throwsAsync(builder.execute(), { instanceOf: FhirClientError });
  t.is(error.message, `POST ${store.base}: 409 Conflict: busy`);
});

test('a deletion is of the resource, whatever version the reference has', (t) => {
  const builder = TransactionBuilder.newTransactionBuilder().delete('Patient/1/_history/2');
  t.deepEqual(builder.toBundle().entry, [{ request: { method: 'DELETE', url: 'Patient/1' } }]);
});

test('a builder of no client is not executed, and entries are checked', async (t) => {
  const builder = TransactionBuilder.newTransactionBuilder();
  await t.throwsAsync(builder.execute(), { message: /client\.transaction\(builder\)/ });
  t.throws(() => builder.update(patient('A')), { instanceOf: TypeError });
  t.throws(() => builder.update(patient('A', { id: 'a' }), { versionId: undefined }), {
    instanceOf: TypeError,
  });
  t.throws(() => builder.delete('Patient'), { instanceOf: TypeError });
  t.throws(() => builder.create('Patient'), { instanceOf: TypeError });
});
