import { FhirClientError } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { openFhirStore, patient } from '../support/fhir-client.mjs';
import { startRecordingServer, text } from '../support/recording-server.mjs';

function fill(store, count, family = 'Haddad') {
  for (let index = 1; index <= count; index += 1) store.put(patient(family, { id: `p${index}` }));
}

async function queryOf(t, build) {
  const { client, store } = await openFhirStore(t);
  await build(client.search().forResource('Patient')).execute();
  return [...new URL(store.fhirRequests().at(-1).url, store.origin).searchParams];
}

test('a search finds resources by token, as a list', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('Lindqvist', { id: 'a', identifier: [{ system: 'urn:mrn', value: 'MRN-1' }] }));
  store.put(patient('Okafor', { id: 'b', identifier: [{ system: 'urn:mrn', value: 'MRN-2' }] }));
  const list = await client
    .search()
    .forResource('Patient')
    .whereToken('identifier', 'urn:mrn', 'MRN-2')
    .asList();
  t.deepEqual(
    list.map(({ id }) => id),
    ['b'],
  );
  t.deepEqual(await client.search().forResource('Observation').asList(), []);
});

test('parameters are sent as they were given, in their order', async (t) => {
  const query = await queryOf(t, (search) =>
    search
      .where('birthdate', 'ge1990-01-01')
      .and('birthdate', new Date(0))
      .where('active', true)
      .where('gender', ['male', 'other'])
      .where('name:exact', 'Ada')
      .include('Patient:organization')
      .revInclude('Observation:subject')
      .count(5)
      .sort('name', '-birthdate')
      .returnBundle(),
  );
  t.deepEqual(query, [
    ['birthdate', 'ge1990-01-01'],
    ['birthdate', '1970-01-01T00:00:00.000Z'],
    ['active', 'true'],
    ['gender', 'male,other'],
    ['name:exact', 'Ada'],
    ['_include', 'Patient:organization'],
    ['_revinclude', 'Observation:subject'],
    ['_count', '5'],
    ['_sort', 'name,-birthdate'],
  ]);
});

test('text, codes and references stand for themselves', async (t) => {
  const query = await queryOf(t, (search) =>
    search
      .whereString('name', 'Smith, Jr')
      .whereString('address', ['a|b', 'c$d\\'])
      .whereToken('identifier', 'urn:mrn', '1|2')
      .whereToken('gender', 'female')
      .whereToken('identifier', '', 'x')
      .whereReference('organization', 'Organization/1')
      .whereReference('general-practitioner', { resourceType: 'Practitioner', id: '2' }),
  );
  t.deepEqual(query, [
    ['name', 'Smith\\, Jr'],
    ['address', 'a\\|b,c\\$d\\\\'],
    ['identifier', 'urn:mrn|1\\|2'],
    ['gender', 'female'],
    ['identifier', '|x'],
    ['organization', 'Organization/1'],
    ['general-practitioner', 'Practitioner/2'],
  ]);
});

test('a value that is missing never becomes a search for everything', async (t) => {
  const { client, store } = await openFhirStore(t);
  const search = () => client.search().forResource('Patient');
  const mistakes = [
    () => search().where('identifier', undefined),
    () => search().where('identifier', null),
    () => search().where('identifier', []),
    () => search().where('', 'x'),
    () => search().whereToken('identifier', 'urn:mrn', undefined),
    () => search().whereToken('identifier', undefined),
    () => search().whereToken('identifier'),
    () => search().whereString('name', undefined),
    () => search().whereReference('organization', { resourceType: 'Organization' }),
    () => search().count(-1),
    () => search().sort(undefined),
    () => client.search().forResource('Patient?x'),
    () => client.search().forResource(undefined),
  ];
  for (const mistake of mistakes) t.throws(mistake, { instanceOf: TypeError }, String(mistake));
  await t.throwsAsync(client.search().where('name', 'x').asList(), { message: /forResource/ });
  t.is(store.requests.length, 0);
});

test('pages are asked for when they are wanted', async (t) => {
  const { client, store } = await openFhirStore(t);
  fill(store, 5);
  const search = client.search().forResource('Patient').count(2);
  const ids = [];
  for await (const { id } of search) {
    ids.push(id);
    if (ids.length === 3) break;
  }
  t.deepEqual(ids, ['p1', 'p2', 'p3']);
  t.is(store.fhirRequests().length, 2, 'nobody wanted the third page');

  const sizes = [];
  for await (const page of search.pages()) sizes.push(page.entry.length);
  t.deepEqual(sizes, [2, 2, 1]);

  const modes = [];
  for await (const {
    search: { mode },
  } of search.entries())
    modes.push(mode);
  t.deepEqual(modes, Array(5).fill('match'));
  t.is((await search.asList()).length, 5);
});

test('nextPage goes from one Bundle to the next', async (t) => {
  const { client, store } = await openFhirStore(t);
  fill(store, 3);
  const first = await client.search().forResource('Patient').count(2).asBundle();
  t.is(first.total, 3);
  const second = await client.nextPage(first);
  t.is(second.entry[0].resource.id, 'p3');
  t.is(await client.nextPage(second), null);
});

test('a list has a bound', async (t) => {
  const { client, store } = await openFhirStore(t);
  fill(store, 5);
  const search = client.search().forResource('Patient').count(2);
  t.is((await search.asList({ max: 5 })).length, 5);
  await t.throwsAsync(search.asList({ max: 4 }), { instanceOf: RangeError, message: /more than 4/ });
  await t.throwsAsync(search.asList({ max: 0 }), { instanceOf: TypeError });
});

test("the server's remarks on a search are no result", async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url.startsWith('/fhir/Patient')
      ? {
          body: {
            resourceType: 'Bundle',
            type: 'searchset',
            entry: [
              { resource: patient('A', { id: 'a' }), search: { mode: 'match' } },
              { resource: { resourceType: 'Organization', id: 'o' }, search: { mode: 'include' } },
              { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } },
            ],
          },
        }
      : undefined,
  );
  const list = await client.search().forResource('Patient').asList();
  t.deepEqual(
    list.map(({ resourceType }) => resourceType),
    ['Patient', 'Organization'],
  );
});

/** A search whose first page names another one. */
function answerWithNext(store, next) {
  store.answerBy(({ url }) =>
    url.startsWith('/fhir/Patient')
      ? {
          body: {
            resourceType: 'Bundle',
            type: 'searchset',
            link: [{ relation: 'next', url: next }],
            entry: [{ resource: patient('A', { id: 'a' }) }],
          },
        }
      : undefined,
  );
}

test('a next page on another origin is not asked for, and the error says where it is', async (t) => {
  const { client, store } = await openFhirStore(t);
  const other = await startRecordingServer({ handler: text(200, '{}') });
  t.teardown(other.close);
  answerWithNext(store, other.url('/fhir?_getpages=secret'));
  const error = await t.throwsAsync(client.search().forResource('Patient').asList(), {
    instanceOf: FhirClientError,
  });
  t.is(error.code, 'ERR_FHIR_LINK');
  t.true(error.message.includes(other.origin));
  t.false(error.message.includes('secret'));
  t.is(other.requests.length, 0);
  const bundle = await client.search().forResource('Patient').asBundle();
  await t.throwsAsync(client.nextPage(bundle), { code: 'ERR_FHIR_LINK' });
});

test('a next page may be relative to the base, and one that is no URL is told', async (t) => {
  const { client, store } = await openFhirStore(t);
  answerWithNext(store, '?_getpages=1');
  const bundle = await client.search().forResource('Patient').asBundle();
  store.answerBy(() => ({ body: { resourceType: 'Bundle', type: 'searchset' } }));
  await client.nextPage(bundle);
  t.is(store.fhirRequests().at(-1).url, '/fhir/?_getpages=1');
  await t.throwsAsync(
    client.nextPage({
      resourceType: 'Bundle',
      type: 'searchset',
      link: [null, { relation: 'next', url: 5 }],
    }),
    { code: 'ERR_FHIR_LINK' },
  );
});

test('a page that names itself as the next one ends the search with an error', async (t) => {
  const { client, store } = await openFhirStore(t);
  answerWithNext(store, `${store.base}/Patient`);
  await t.throwsAsync(client.search().forResource('Patient').asList(), { code: 'ERR_FHIR_LINK' });
  t.is(store.fhirRequests().length, 1);
});

test('pages that go round in a circle end the search with an error', async (t) => {
  const { client, store } = await openFhirStore(t);
  const next = { 1: 2, 2: 3, 3: 2 };
  store.answerBy(({ url }) => {
    const [, page] = /^\/fhir\/Patient\?page=(\d)$/.exec(url) ?? [];
    if (!url.startsWith('/fhir/Patient')) return undefined;
    const link = [{ relation: 'next', url: `Patient?page=${next[page] ?? 1}` }];
    return { body: JSON.stringify({ resourceType: 'Bundle', type: 'searchset', link }) };
  });
  await t.throwsAsync(client.search().forResource('Patient').asList(), {
    code: 'ERR_FHIR_LINK',
    message: /the pages go round in a circle/,
  });
  t.true(store.fhirRequests().length < 10);
});

test('a search that is not answered with a Bundle is an error', async (t) => {
  const { client, store } = await openFhirStore(t);
  for (const [answer, said] of [
    [{ body: patient('A') }, /got the type Patient$/],
    [{ status: 204 }, /got nothing$/],
  ]) {
    store.answerBy(({ url }) => (url.startsWith('/fhir/Patient') ? answer : undefined));
    await t.throwsAsync(client.search().forResource('Patient').where('name', 'Ada').asList(), {
      code: 'ERR_FHIR_RESPONSE',
      message: said,
    });
  }
});

test('errors do not repeat what was searched for', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) => (url.startsWith('/fhir/Patient') ? { status: 500, body: '' } : undefined));
  const error = await t.throwsAsync(
    client.search().forResource('Patient').where('name', 'Lindqvist').asList(),
  );
  t.is(error.message, `GET ${store.base}/Patient: 500 Internal Server Error`);
  t.is(error.url, `${store.base}/Patient`);
});
