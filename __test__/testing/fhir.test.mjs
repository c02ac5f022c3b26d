import test from 'ava';
import { fhir } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

const FAMILY = 'urn:uuid:0b7c1c4e-5a5f-4f0e-9a44-6a6f2d1c9d01';
const post = (json, headers = {}) => ({ method: 'POST', json, headers });
const put = (json, headers = {}) => ({ method: 'PUT', json, headers });
const patient = (id, family) => ({ resourceType: 'Patient', id, name: [{ family }] });

test('a resource is created, read, updated and deleted, with its versions', async (t) => {
  const server = await openSmartServer(t);
  const created = await fhir(server, 'Patient', post(patient(undefined, 'Meier')));
  t.is(created.status, 201);
  const { id } = created.body;
  t.is(created.headers.get('location'), `${server.fhirBaseUrl}/Patient/${id}/_history/1`);
  t.is(created.headers.get('content-type'), 'application/fhir+json; charset=utf-8');

  const read = await fhir(server, `Patient/${id}`);
  t.deepEqual([read.status, read.headers.get('etag'), read.body.name], [200, 'W/"1"', [{ family: 'Meier' }]]);
  const updated = await fhir(server, `Patient/${id}`, put(patient(id, 'Maier'), { 'if-match': 'W/"1"' }));
  t.deepEqual([updated.status, updated.body.meta.versionId], [200, '2']);
  t.is((await fhir(server, `Patient/${id}`, put(patient(id, 'Mayer'), { 'if-match': 'W/"1"' }))).status, 412);
  t.true(server.resources.some((resource) => resource.id === id && resource.name[0].family === 'Maier'));

  t.is((await fhir(server, `Patient/${id}`, { method: 'DELETE' })).status, 204);
  const gone = await fhir(server, `Patient/${id}`);
  t.deepEqual(
    [gone.status, gone.body.resourceType, gone.body.issue[0].code],
    [410, 'OperationOutcome', 'deleted'],
  );
  t.is((await fhir(server, `Patient/${id}`, { method: 'DELETE' })).status, 204);
  t.is((await fhir(server, 'Patient/nobody')).status, 404);
  server.assertNoRefusals();
});

test('an update creates what is not there, and its id has to be that of the URL', async (t) => {
  const server = await openSmartServer(t);
  t.is((await fhir(server, 'Patient/own-id', put(patient('own-id', 'A')))).status, 201);
  t.is((await fhir(server, 'Patient/own-id', put(patient('other-id', 'A')))).status, 400);
  t.is((await fhir(server, 'Patient/own-id', put({ resourceType: 'Group', id: 'own-id' }))).status, 400);
  t.is((await fhir(server, 'Patient', post({ resourceType: 'Observation' }))).status, 400);
  t.is(
    (
      await fhir(server, 'Patient', {
        ...post(undefined),
        body: '{',
        headers: { 'content-type': 'application/json' },
      })
    ).status,
    400,
  );
  t.is((await fhir(server, 'Nonsense')).status, 404);
  t.is((await fhir(server, 'Patient/1', { method: 'PATCH' })).status, 405);
});

test('Prefer: return=minimal answers without the resource', async (t) => {
  const server = await openSmartServer(t);
  const { status, body, headers } = await fhir(
    server,
    'Patient',
    post(patient(), { prefer: 'return=minimal' }),
  );
  t.deepEqual([status, body], [201, '']);
  t.truthy(headers.get('location'));
});

test('a conditional create finds what is there', async (t) => {
  const server = await openSmartServer(t);
  const create = (query) =>
    fhir(server, 'Patient', post(patient(undefined, 'Okafor'), { 'if-none-exist': query }));
  t.deepEqual([(await create('family=Okafor')).status, server.resources.length], [200, 7]);
  t.is((await create('family=Okaforski')).status, 201);
  t.is((await create('family=Oka')).status, 412);
});

const SEARCHES = {
  'Patient?family=lind': ['1'],
  'Patient?name=tomás': ['2'],
  'Patient?given=Ada,Noor': ['1', '3'],
  'Patient?gender=male': ['2'],
  'Patient?birthdate=1984': ['2'],
  'Patient?birthdate=ge1984-03-02': ['2', '3'],
  'Patient?birthdate=gt1984-03-02': ['3'],
  'Patient?birthdate=lt1984': ['1'],
  'Patient?birthdate=le1984&birthdate=ne1957-12-10': ['2'],
  'Patient?identifier=urn:example:mrn|MRN-3': ['3'],
  'Patient?identifier=urn:other|MRN-3': [],
  'Patient?_id=1,3&gender=other': ['3'],
  'Patient?favourite-colour=blue': ['1', '2', '3'],
  'Observation?patient=2': ['2'],
  'Observation?subject=Patient/2': ['2'],
  'Observation?code=http://loinc.org|8867-4&date=gt2026-02': ['3'],
  'Observation?category=vital-signs&status=final': ['1', '2', '3'],
  'Observation?category=laboratory': [],
  'Group?member=Patient/1': ['1'],
};
for (const [query, ids] of Object.entries(SEARCHES)) {
  test(`${query} finds ${ids.length === 0 ? 'nothing' : ids.join(', ')}`, async (t) => {
    const server = await openSmartServer(t);
    const { status, body } = await fhir(server, query);
    t.is(status, 200);
    t.is(body.total, ids.length);
    t.deepEqual(
      body.entry.map(({ resource }) => resource.id),
      ids,
    );
  });
}

test('a search can be posted, and an unknown parameter is an error where the client wants it to be', async (t) => {
  const server = await openSmartServer(t);
  const posted = { method: 'POST', body: new URLSearchParams({ family: 'Haddad' }) };
  t.is((await fhir(server, 'Patient/_search', posted)).body.entry[0].resource.id, '3');
  const strict = await fhir(server, 'Patient?colour=blue', { headers: { prefer: 'handling=strict' } });
  t.is(strict.status, 400);
  t.regex(strict.body.issue[0].diagnostics, /parameter colour is not supported for Patient/);
});

test('a search is paged, with absolute links that keep its parameters', async (t) => {
  const server = await openSmartServer(t, { pageSize: 2 });
  const token = server.issueToken();
  const ids = [];
  let url = `${server.fhirBaseUrl}/Patient?active=true`;
  let pages = 0;
  while (url !== undefined) {
    const { body } = await fhir(server, url, { token });
    t.is(body.total, 3);
    ids.push(...body.entry.map(({ resource }) => resource.id));
    url = body.link.find(({ relation }) => relation === 'next')?.url;
    if (url !== undefined) t.is(url, `${server.fhirBaseUrl}/Patient?active=true&_offset=2`);
    pages += 1;
  }
  t.deepEqual(ids, ['1', '2', '3']);
  t.is(pages, 2);
  t.is((await fhir(server, 'Patient?_count=1')).body.entry.length, 1);
  t.deepEqual((await fhir(server, 'Patient?_count=0')).body.entry, []);
});

test('a transaction happens as a whole, with references between its entries', async (t) => {
  const server = await openSmartServer(t);
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      {
        resource: { resourceType: 'Observation', status: 'final', subject: { reference: FAMILY } },
        request: { method: 'POST', url: 'Observation' },
      },
      { fullUrl: FAMILY, resource: patient(undefined, 'New'), request: { method: 'POST', url: 'Patient' } },
      { resource: patient('1', 'Changed'), request: { method: 'PUT', url: 'Patient/1' } },
      { request: { method: 'GET', url: 'Patient?family=New' } },
      { request: { method: 'DELETE', url: 'Observation/1' } },
    ],
  };
  const { status, body } = await fhir(server, '', post(bundle));
  t.is(status, 200);
  t.is(body.type, 'transaction-response');
  t.deepEqual(
    body.entry.map(({ response }) => response.status),
    ['201', '201', '200', '200', '204'],
  );
  const [observation, created, , found] = body.entry;
  t.is(observation.resource.subject.reference, `Patient/${created.resource.id}`);
  t.is(found.resource.total, 1);
  const stored = await fhir(server, `Observation?patient=${created.resource.id}`);
  t.is(stored.body.total, 1);
  t.is((await fhir(server, 'Observation/1')).status, 410);
});

test('a transaction with one bad entry changes nothing, and a batch what it can', async (t) => {
  const server = await openSmartServer(t);
  const entry = [
    { request: { method: 'DELETE', url: 'Patient/1' } },
    { resource: patient('2', 'Changed'), request: { method: 'PUT', url: 'Patient/2', ifMatch: 'W/"9"' } },
  ];
  const before = server.resources;
  const { status, body } = await fhir(
    server,
    '',
    post({ resourceType: 'Bundle', type: 'transaction', entry }),
  );
  t.deepEqual([status, body.resourceType], [412, 'OperationOutcome']);
  t.deepEqual(server.resources, before);

  const batch = await fhir(server, '', post({ resourceType: 'Bundle', type: 'batch', entry }));
  t.deepEqual(
    batch.body.entry.map(({ response }) => response.status),
    ['204', '412'],
  );
  t.is((await fhir(server, '', post({ resourceType: 'Bundle', type: 'collection' }))).status, 400);
});

test('a transaction that goes beyond the token changes nothing, and of a batch the rest goes on', async (t) => {
  const server = await openSmartServer(t);
  const token = server.issueToken({ scope: 'system/Patient.d' });
  const entry = [
    { request: { method: 'DELETE', url: 'Patient/1' } },
    { request: { method: 'GET', url: 'Observation/1' } },
  ];
  const refused = await fhir(server, '', {
    ...post({ resourceType: 'Bundle', type: 'transaction', entry }),
    token,
  });
  t.is(refused.status, 403);
  t.is(server.resources.length, 7);
  const batch = await fhir(server, '', { ...post({ resourceType: 'Bundle', type: 'batch', entry }), token });
  t.deepEqual(
    batch.body.entry.map(({ response }) => response.status),
    ['204', '403'],
  );
});

test('a token permits what its scopes say, of either version', async (t) => {
  const server = await openSmartServer(t);
  const statuses = async (scope) => {
    const token = server.issueToken({ scope });
    const requests = [
      ['Patient/1', {}],
      ['Patient', {}],
      ['Patient', post(patient())],
      ['Patient/1', put(patient('1'))],
      ['Patient/2', { method: 'DELETE' }],
      ['Observation/1', {}],
    ];
    const answers = [];
    for (const [path, init] of requests) answers.push((await fhir(server, path, { ...init, token })).status);
    server.reset();
    return answers;
  };
  t.deepEqual(await statuses('system/*.cruds'), [200, 200, 201, 200, 204, 200]);
  t.deepEqual(await statuses('system/Patient.rs'), [200, 200, 403, 403, 403, 403]);
  t.deepEqual(await statuses('system/*.read'), [200, 200, 403, 403, 403, 200]);
  t.deepEqual(await statuses('system/Patient.write'), [403, 403, 201, 200, 204, 403]);
  t.deepEqual(await statuses('system/Patient.*'), [200, 200, 201, 200, 204, 403]);
  t.deepEqual(await statuses('system/Patient.c system/Observation.r'), [403, 403, 201, 403, 403, 200]);
  t.deepEqual(await statuses('launch'), [403, 403, 403, 403, 403, 403]);
});

test('a token that does not do is told by challenge, outcome and log', async (t) => {
  const server = await openSmartServer(t);
  const refusalOf = async (token, path = 'Patient') => {
    const { status, headers, body } = await fhir(server, path, { token });
    const { explanation, rule } = server.requests.at(-1);
    t.true(body.issue[0].diagnostics === explanation);
    return {
      status,
      challenge: headers.get('www-authenticate'),
      code: body.issue[0].code,
      explanation,
      rule,
    };
  };
  t.deepEqual(await refusalOf(null), {
    status: 401,
    challenge: 'Bearer realm="fhir"',
    code: 'login',
    explanation: 'the request has no Authorization header (RFC 6750 §2.1)',
    rule: 'RFC 6750 §2.1',
  });
  const unknown = await refusalOf('never-issued');
  t.is(unknown.status, 401);
  t.regex(
    unknown.challenge,
    /^Bearer realm="fhir", error="invalid_token", error_description="this server has not /,
  );

  const token = server.issueToken({ clientId: 'somebody', lifetimeSeconds: 10 });
  server.configure({ clockOffsetSeconds: 60 });
  t.regex((await refusalOf(token)).explanation, /number 1, of 'somebody', expired [.\d]+ s ago/);
  server.configure({ clockOffsetSeconds: 0 });
  t.is(server.revokeTokens({ clientId: 'somebody else' }), 0);
  t.is(server.revokeTokens({ clientId: 'somebody' }), 1);
  t.regex((await refusalOf(token)).explanation, /has been revoked/);

  const narrow = await refusalOf(server.issueToken({ scope: 'system/Patient.rs' }), 'Observation');
  t.like(narrow, { status: 403, code: 'forbidden', rule: 'RFC 6750 §3.1' });
  t.regex(narrow.challenge, /error="insufficient_scope"/);
  t.regex(
    narrow.explanation,
    /to search Observation takes system\/Observation\.s; the token has system\/Patient\.rs/,
  );
});

test('a token in the URL, another scheme, and two tokens are refused', async (t) => {
  const server = await openSmartServer(t);
  const token = server.issueToken();
  t.is((await fhir(server, `Patient?access_token=${token}`, { token: null })).status, 400);
  t.is(server.requests.at(-1).check, 'tokenInUrl');
  t.is(
    (await fhir(server, 'Patient', { token: null, headers: { authorization: 'Basic YTpi' } })).status,
    401,
  );
  t.regex(server.requests.at(-1).explanation, /is of the scheme 'Basic', and has to be Bearer/);
  const twice = { authorization: `Bearer ${token}, Bearer ${token}` };
  t.is((await fhir(server, 'Patient', { token: null, headers: twice })).status, 401);
  t.regex(server.requests.at(-1).explanation, /more or other than one Bearer token/);
  server.configure({ checks: { tokenInUrl: false } });
  t.is((await fhir(server, `Patient?access_token=${token}`, { token: null })).status, 200);
});

test('a body of another type than FHIR JSON is refused', async (t) => {
  const server = await openSmartServer(t);
  const { status } = await fhir(server, 'Patient', {
    method: 'POST',
    body: '<Patient/>',
    headers: { 'content-type': 'text/xml' },
  });
  t.is(status, 415);
  t.regex(
    server.requests.at(-1).explanation,
    /Content-Type is 'text\/xml', and has to be 'application\/fhir\+json'/,
  );
});

test('a server holds the resources that it was given', async (t) => {
  const resources = [{ resourceType: 'Medication', id: 'a' }, patient(undefined, 'Solo')];
  const server = await openSmartServer(t, { resources });
  t.deepEqual(
    server.resources.map(({ resourceType, id }) => `${resourceType}/${id}`),
    ['Medication/a', 'Patient/1001'],
  );
  t.is((await fhir(server, 'Medication/a')).status, 200);
  resources[0].id = 'changed';
  server.resources[0].id = 'changed too';
  t.is((await fhir(server, 'Medication/a')).status, 200);
});
