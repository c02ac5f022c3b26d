import { inspect } from 'node:util';
import { ClientAuthError, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { FhirClientError, FhirClientFactory } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { openFhirStore, patient } from '../support/fhir-client.mjs';
import { startFhirStore } from '../support/fhir-store.mjs';

test('any number of calls cost one token request', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.put(patient('One', { id: 'p' }));
  await Promise.all(Array.from({ length: 5 }, () => client.read('Patient/p')));
  await client.search().forResource('Patient').asList();
  await client.create(patient('Two'));
  t.is(store.tokenRequests().length, 1);
});

test('a token that the server refuses is replaced once, also for a write with a body', async (t) => {
  const { client, store } = await openFhirStore(t);
  await client.create(patient('One'));
  store.revokeTokens();
  const stored = await client.create(patient('Two'));
  t.truthy(stored.id);
  t.is(store.tokenRequests().length, 2);
  t.deepEqual(
    store.fhirRequests().map(({ status }) => status),
    [201, 401, 201],
  );
});

test('a server that refuses every token is asked twice and no more', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient/1'
      ? { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }
      : undefined,
  );
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: FhirClientError });
  t.is(error.status, 401);
  t.regex(error.message, /WWW-Authenticate: Bearer error="invalid_token"/);
  t.is(store.fhirRequests().length, 2);
});

test('where there is no token, the error is the one that says why', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/token'
      ? { status: 401, headers: { 'content-type': 'application/json' }, body: { error: 'invalid_client' } }
      : undefined,
  );
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: ClientAuthError });
  t.is(error.code, 'ERR_TOKEN_REJECTED');
  t.is(store.fhirRequests().length, 0);
});

test('without an interceptor a 401 says that none is registered', async (t) => {
  const { newClient, store } = await openFhirStore(t);
  const error = await t.throwsAsync(newClient().read('Patient/1'), { instanceOf: FhirClientError });
  t.regex(error.message, /no ClientAuthInterceptor is registered/);
  t.is(store.tokenRequests().length, 0);
});

test('hooks run in the order of registration, and each object once', async (t) => {
  const { client } = await openFhirStore(t);
  const order = [];
  const hooksNamed = (name) => ({
    async CLIENT_REQUEST(request) {
      order.push(`${name} ${request.getHttpVerbName()}`);
    },
    CLIENT_RESPONSE(_request, response) {
      order.push(`${name} ${response.getStatus()} ${response.getStatusInfo()}`);
    },
  });
  const first = hooksNamed('first');
  client.registerInterceptor(first).registerInterceptor(hooksNamed('second')).registerInterceptor(first);
  await client.read('Patient/none');
  t.deepEqual(order, ['first GET', 'second GET', 'first 404 Not Found', 'second 404 Not Found']);
  t.true(client.unregisterInterceptor(first));
  t.false(client.unregisterInterceptor(first));
  await client.read('Patient/none');
  t.is(order.filter((entry) => entry.startsWith('first')).length, 2);
});

test('CLIENT_REQUEST changes the headers and sees the body, but not the token', async (t) => {
  const { client, store } = await openFhirStore(t);
  let seen;
  client.registerInterceptor({
    CLIENT_REQUEST(request) {
      seen = request;
      request.addHeader('X-Request-Id', 'abc');
      request.removeHeaders('accept');
      t.throws(() => {
        request.url = 'https://elsewhere.example/';
      });
    },
  });
  await client.create(patient('One'));
  t.is(seen.getUri(), `${store.base}/Patient`);
  t.is(JSON.parse(seen.body).name[0].family, 'One');
  t.false(seen.headers.has('authorization'));
  const [{ headers }] = store.fhirRequests();
  t.is(headers['x-request-id'], 'abc');
  t.not(headers.accept, 'application/fhir+json');
});

test('CLIENT_RESPONSE sees answers that the call rejects for, and not the 401 that was mended', async (t) => {
  const { client, store } = await openFhirStore(t);
  const statuses = [];
  client.registerInterceptor({ CLIENT_RESPONSE: (_request, { status }) => void statuses.push(status) });
  await client.read('Patient/none');
  store.revokeTokens();
  await client.read('Patient/none');
  store.answerBy(({ url }) => (url === '/fhir/Patient' ? { status: 500, body: 'broken' } : undefined));
  await t.throwsAsync(client.create(patient('One')));
  t.deepEqual(statuses, [404, 404, 500]);
});

test('what a hook throws is what the call rejects with', async (t) => {
  const { client, store } = await openFhirStore(t);
  const reason = new TypeError('fetch failed');
  const hooks = { CLIENT_REQUEST: () => Promise.reject(reason) };
  client.registerInterceptor(hooks);
  t.is(await t.throwsAsync(client.read('Patient/1')), reason);
  t.is(store.requests.length, 0);
  client.unregisterInterceptor(hooks);
  client.registerInterceptor({
    CLIENT_RESPONSE() {
      throw reason;
    },
  });
  t.is(await t.throwsAsync(client.read('Patient/1')), reason);
});

test('a header by hand goes with the request where no ClientAuthInterceptor is registered', async (t) => {
  const { newClient, store, interceptor } = await openFhirStore(t);
  const authorization = await interceptor.getAuthorizationHeader({ fhirBaseUrl: store.base });
  const client = newClient().registerInterceptor({
    CLIENT_REQUEST: (request) => request.addHeader('Authorization', authorization),
  });
  t.truthy((await client.create(patient('One'))).id);
});

for (const order of ['the hook', 'the interceptor']) {
  test(`a pre-token hook of a client supplies the token, also where ${order} was registered first`, async (t) => {
    const { store, newClient, interceptor: other } = await openFhirStore(t);
    const { accessToken } = await other.getAccessToken({ fhirBaseUrl: store.base });
    let asked = 0;
    const hooks = {
      CLIENT_AUTH_PRE_TOKEN_REQUEST() {
        asked += 1;
        return accessToken;
      },
    };
    const interceptor = ClientAuthInterceptorFactory.create({ ...store.options(), fhirBaseUrl: store.base });
    const client = newClient();
    const registered = order === 'the hook' ? [hooks, interceptor] : [interceptor, hooks];
    for (const one of registered) client.registerInterceptor(one);
    t.is(await client.read('Patient/none'), null);
    t.is(asked, 1);
    t.is(store.tokenRequests().length, 1, "the other one's");

    client.unregisterInterceptor(registered[0]);
    await interceptor.getAuthorizationHeader({ fhirBaseUrl: store.base });
    t.is(asked, 1, 'the interceptor no longer asks for this client');
    t.is(store.tokenRequests().length, 2);
  });
}

test("a pre-token hook of one client is not asked for another client's server", async (t) => {
  const { store, client, interceptor } = await openFhirStore(t);
  const other = await openFhirStore(t);
  const asked = [];
  client.registerInterceptor({
    CLIENT_AUTH_PRE_TOKEN_REQUEST: ({ fhirBaseUrl }) => {
      asked.push(fhirBaseUrl);
      return null;
    },
  });
  const elsewhere = other.newClient().registerInterceptor(interceptor);
  await t.throwsAsync(elsewhere.read('Patient/1'), { instanceOf: ClientAuthError });
  t.deepEqual(asked, []);
  await client.read('Patient/1');
  t.deepEqual(asked, [store.base]);
});

test('there is one ClientAuthInterceptor at a time, and objects without a hook are refused', async (t) => {
  const { client, interceptor, store } = await openFhirStore(t);
  t.is(client.registerInterceptor(interceptor), client, 'the same one again changes nothing');
  const second = ClientAuthInterceptorFactory.create(store.options());
  t.throws(() => client.registerInterceptor(second), { message: /has a ClientAuthInterceptor already/ });
  t.true(client.unregisterInterceptor(interceptor));
  client.registerInterceptor(second);
  for (const wrong of [null, undefined, {}, 'hooks', { CLIENT_REQUEST: 'text' }, { client_request() {} }]) {
    t.throws(() => client.registerInterceptor(wrong), {
      instanceOf: TypeError,
      message: /registerInterceptor/,
    });
  }
});

const SPELLINGS = {
  'as it is': (token) => token,
  'in a part': (token) => `[${token.slice(5, 25)}]`,
  'in upper case': (token) => token.toUpperCase(),
  'without its hyphens': (token) => token.replaceAll('-', ''),
  'percent-encoded twice': (token) => encodeURIComponent(token.replace(/./g, (one) => `%${hex(one)}`)),
  'as HTML': (token) => token.replace(/./g, (one) => `&#x${hex(one)};`),
  'as JSON': (token) => token.replace(/./g, (one) => `\\u00${hex(one)}`),
};
const hex = (character) => character.charCodeAt(0).toString(16);

for (const [spelling, spell] of Object.entries(SPELLINGS)) {
  test(`a server that repeats the token ${spelling} does not get it into an error`, async (t) => {
    const { client, store } = await openFhirStore(t);
    const echo = (token) => ({
      status: 403,
      headers: {
        'content-type': 'application/json',
        'www-authenticate': `Bearer error="insufficient_scope", realm="${spell(token)}"`,
      },
      body: `{"resourceType":"OperationOutcome","issue":[{"severity":"error","diagnostics":"${spell(token)}"}]}`,
    });
    store.answerBy(({ url, headers: { authorization } }) => {
      const token = authorization?.split(' ')[1];
      if (url === '/fhir/Patient') return echo(token);
      if (url === '/fhir/Patient/text') return { status: 500, body: `who is ${spell(token)}?` };
      return undefined;
    });
    for (const call of [() => client.create(patient('One')), () => client.read('Patient/text')]) {
      const error = await t.throwsAsync(call, { instanceOf: FhirClientError });
      const token = store.fhirRequests().at(-1).headers.authorization.split(' ')[1];
      const shown = `${inspect(error, { depth: 9 })}${JSON.stringify(error)}`;
      for (const text of [token, spell(token), spell(token).slice(4, 20)])
        t.false(shown.includes(text), shown);
      t.regex(error.message, /the server's text is not shown: it repeats the token/);
    }
  });
}

test('a token that is not the one that was sent is blanked out', async (t) => {
  const { client, store } = await openFhirStore(t);
  const other = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.c2lnbmF0dXJl';
  store.answerBy(({ url }) =>
    url === '/fhir/Patient'
      ? { status: 400, body: `expected ${other} or Bearer 0123456789abcdef` }
      : undefined,
  );
  const error = await t.throwsAsync(client.create(patient('One')), { instanceOf: FhirClientError });
  t.regex(error.message, /expected \[redacted\] or Bearer \[redacted\]$/);
});

test('an endless refusal is not shown', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient' ? { status: 400, body: 'x'.repeat(2 ** 21) } : undefined,
  );
  const error = await t.throwsAsync(client.create(patient('One')), { instanceOf: FhirClientError });
  t.regex(error.message, /400 Bad Request: the server's text is not shown/);
});

test('a header that a hook set is not repeated in an error either', async (t) => {
  const { newClient, store } = await openFhirStore(t);
  const client = newClient().registerInterceptor({
    CLIENT_REQUEST: (request) => request.addHeader('Authorization', 'Custom s3cr3t"quoted'),
  });
  store.answerBy(({ headers }) => ({
    status: 400,
    body: {
      resourceType: 'OperationOutcome',
      issue: [{ severity: 'error', diagnostics: headers.authorization }],
    },
  }));
  const error = await t.throwsAsync(client.read('Patient/1'));
  t.false(inspect(error, { depth: 9 }).includes('s3cr3t'));
});

test('over clear text off the loopback interface no token is asked for, let alone sent', async (t) => {
  const store = await startFhirStore();
  t.teardown(store.close);
  const interceptor = ClientAuthInterceptorFactory.create(store.options());
  const client = FhirClientFactory.newClient('http://fhir.example.org/r4').registerInterceptor(interceptor);
  const error = await t.throwsAsync(client.read('Patient/1'), { instanceOf: ClientAuthError });
  t.is(error.code, 'ERR_INSECURE_URL');
});

test('words of an error that only look like a credential stay', async (t) => {
  const { client, store } = await openFhirStore(t);
  store.answerBy(({ url }) =>
    url === '/fhir/Patient'
      ? { status: 400, body: 'Basic authentication or Bearer tokens are needed' }
      : undefined,
  );
  const error = await t.throwsAsync(client.create(patient('One')), { instanceOf: FhirClientError });
  t.regex(error.message, /Basic authentication or Bearer tokens are needed$/);
});
