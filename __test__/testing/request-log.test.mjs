import { inspect } from 'node:util';
import test from 'ava';
import { assertionForm, assertionOf, fhir, postForm, requestToken } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

test('a record says what was asked, by whom, and what became of it', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ keyId: 'key-1' });
  const assertion = await assertionOf(server, client, { claims: { jti: 'one' } });
  await postForm(server.tokenEndpoint, [...assertionForm(assertion), ['resource', 'a'], ['resource', 'b']]);
  const [record] = server.requests;
  t.like(record, {
    endpoint: 'token',
    method: 'POST',
    url: '/auth/token',
    status: 200,
    clientId: client.clientId,
    tokenNumber: 1,
    fault: false,
    check: null,
    rule: null,
    explanation: null,
    assertion: { header: { alg: 'ES384', kid: 'key-1' }, claims: { jti: 'one', aud: server.tokenEndpoint } },
  });
  t.true(record.at instanceof Date);
  t.deepEqual(record.form.slice(-2), [
    ['resource', 'a'],
    ['resource', 'b'],
  ]);
  t.true(record.form.some(([name, value]) => name === 'client_assertion' && value === assertion));
  t.is(record.headers['content-type'], 'application/x-www-form-urlencoded;charset=UTF-8');
});

test('requests that show one token have its number, refused ones too', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  const [one, two] = [await requestToken(server, client), await requestToken(server, client)];
  for (const { body } of [one, two, one]) await fhir(server, 'Patient', { token: body.access_token });
  server.revokeTokens({ token: one.body.access_token });
  await fhir(server, 'Patient', { token: one.body.access_token });
  t.deepEqual(
    server.requestsTo('fhir').map(({ status, tokenNumber, clientId }) => [status, tokenNumber, clientId]),
    [
      [200, 1, client.clientId],
      [200, 2, client.clientId],
      [200, 1, client.clientId],
      [401, 1, client.clientId],
    ],
  );
});

test('records do not change, and neither does a list of them', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  await requestToken(server, client);
  const { requests } = server;
  const [record] = requests;
  for (const change of [
    () => requests.push(record),
    () => Object.assign(record, { status: 500 }),
    () => Object.assign(record.headers, { authorization: 'x' }),
    () => record.form.push(['a', 'b']),
    () => Object.assign(record.assertion.claims, { aud: 'x' }),
  ]) {
    t.throws(change, { instanceOf: TypeError });
  }
  await requestToken(server, client);
  t.is(requests.length, 1);
  t.is(server.requests.length, 2);
  t.is(server.requests[0], record);
});

test('a printed or serialised record shows no credentials', async (t) => {
  const server = await openSmartServer(t, { checks: { credentialsInUrl: false, tokenInUrl: false } });
  const secret = 'a-secret-of-the-client';
  const client = server.registerClient({ clientSecret: secret });
  const form = [
    ['grant_type', 'client_credentials'],
    ['scope', 'system/Patient.rs'],
  ];
  const authorization = `Basic ${Buffer.from(`${client.clientId}:${secret}`).toString('base64')}`;
  const { body } = await postForm(server.tokenEndpoint, form, { headers: { authorization } });
  const inForm = [
    ['client_id', client.clientId],
    ['client_secret', secret],
    ['password', secret],
  ];
  await postForm(`${server.tokenEndpoint}?client_secret=${secret}`, [...form, ...inForm]);
  const token = body.access_token;
  await fhir(server, 'Patient', { token });
  await fhir(server, `Patient?name=a&access_token=${token}`, { token: null });

  const assertion = await assertionOf(server, server.registerClient());
  await postForm(server.tokenEndpoint, assertionForm(assertion));

  const { requests } = server;
  t.is(requests[0].headers.authorization, authorization);
  t.deepEqual(
    requests.map(({ status }) => status),
    [200, 200, 200, 200, 200],
  );
  const shown = [
    inspect(requests, { depth: Infinity, showHidden: true, getters: true }),
    JSON.stringify(requests),
    ...requests.map((record) => JSON.stringify({ ...record })),
  ].join('\n');
  const signature = assertion.split('.')[2];
  for (const credential of [secret, authorization.slice(6), token, signature])
    t.false(shown.includes(credential));
  t.true(shown.includes('Basic [hidden]'));
  t.true(shown.includes('Bearer [hidden]'));
  t.true(shown.includes('?name=a&access_token=[hidden]'));
  t.true(shown.includes('system/Patient.rs'));
});

test('a token that is sent without its scheme is told, and not repeated', async (t) => {
  const server = await openSmartServer(t);
  const token = server.issueToken();
  for (const authorization of [token, `${token} ${token}`, `Bearer=${token}`]) {
    const response = await fetch(`${server.fhirBaseUrl}/Patient`, { headers: { authorization } });
    t.is(response.status, 401);
    const [{ explanation }] = server.requests.slice(-1);
    t.regex(explanation, /^the Authorization header does not begin with the scheme Bearer and a space \(/);
    const { message } = t.throws(() => server.assertNoRefusals());
    const shown = inspect(server.requests) + message + (await response.text());
    t.false((shown + response.headers.get('www-authenticate')).includes(token));
  }
});

test('a registered client shows neither its secret nor its keys', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient({ clientSecret: 'a-secret-of-the-client', jwks: undefined });
  const other = server.registerClient();
  const shown =
    inspect([client, other], { depth: Infinity, showHidden: true }) + JSON.stringify([client, other]);
  t.is(client.clientSecret, 'a-secret-of-the-client');
  t.false(shown.includes('a-secret'));
  t.false(shown.includes(other.jwks.keys[0].d));
});

test('the log of one endpoint has its requests only', async (t) => {
  const server = await openSmartServer(t);
  for (const path of ['metadata', 'Patient/1', '.well-known/smart-configuration']) await fhir(server, path);
  await fetch(`${server.origin}/nothing`);
  const urlsOf = (endpoint) => server.requestsTo(endpoint).map(({ url }) => url);
  t.deepEqual(urlsOf('fhir'), ['/fhir/Patient/1']);
  t.deepEqual(urlsOf('discovery'), ['/fhir/metadata', '/fhir/.well-known/smart-configuration']);
  t.deepEqual(urlsOf('unknown'), ['/nothing']);
  t.is(urlsOf('any').length, 4);
  t.throws(() => server.requestsTo('tokens'), { instanceOf: TypeError });
});
