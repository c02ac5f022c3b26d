import test from 'ava';
import { fhir, requestToken } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

test('faults are played in the order in which they were asked for, each as often as it says', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  const first = server.fail('token', { status: 503, headers: { 'retry-after': '1' }, times: 2 });
  const second = server.fail('token', { status: 429, body: { error: 'slow_down' } });
  t.deepEqual([first.remaining, second.remaining], [2, 1]);
  const answers = [];
  for (let count = 0; count < 4; count += 1) answers.push(await requestToken(server, client));
  t.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 429, 200],
  );
  t.is(answers[0].headers.get('retry-after'), '1');
  t.is(answers[0].body, '');
  t.deepEqual(answers[2].body, { error: 'slow_down' });
  t.is(answers[2].headers.get('content-type'), 'application/json');
  t.deepEqual([first.remaining, second.remaining], [0, 0]);
  t.deepEqual(
    server.requests.map(({ status, fault }) => [status, fault]),
    [
      [503, true],
      [503, true],
      [429, true],
      [200, false],
    ],
  );
});

test('a fault waits until as many requests have gone by as it says', async (t) => {
  const server = await openSmartServer(t);
  const token = server.issueToken();
  server.fail('fhir', { status: 500, after: 2 });
  const statuses = [];
  for (let count = 0; count < 4; count += 1)
    statuses.push((await fhir(server, 'Patient/1', { token })).status);
  t.deepEqual(statuses, [200, 200, 500, 200]);
});

test('a fault of one endpoint leaves the others alone, and one of a group meets all of it', async (t) => {
  const server = await openSmartServer(t);
  const paths = ['.well-known/smart-configuration', 'metadata'];
  server.fail('capability-statement', { status: 404 });
  const statuses = async () =>
    Promise.all(paths.map(async (path) => (await fhir(server, path, { token: null })).status));
  t.deepEqual(await statuses(), [200, 404]);
  server.fail('discovery', { status: 500, times: 2 });
  t.is((await fhir(server, 'Patient')).status, 200);
  t.deepEqual(await statuses(), [500, 500]);
  server.fail('any', { status: 502, times: Infinity });
  t.is((await fhir(server, 'Patient')).status, 502);
  t.deepEqual(await statuses(), [502, 502]);
  server.reset();
  t.deepEqual(await statuses(), [200, 200]);
});

test('a cancelled fault is not played', async (t) => {
  const server = await openSmartServer(t);
  const fault = server.fail('fhir', { status: 500, times: Infinity });
  t.is((await fhir(server, 'Patient')).status, 500);
  fault.cancel();
  t.is(fault.remaining, 0);
  t.is((await fhir(server, 'Patient')).status, 200);
});

test('members of the token response can be replaced and left out, with another status too', async (t) => {
  const server = await openSmartServer(t);
  const client = server.registerClient();
  server.fail('token', { members: { expires_in: '300', token_type: undefined, patient: '1' } });
  const odd = await requestToken(server, client);
  t.is(odd.status, 200);
  t.deepEqual(Object.keys(odd.body).sort(), ['access_token', 'expires_in', 'patient', 'scope']);
  t.is(odd.body.expires_in, '300');
  t.is((await fhir(server, 'Patient', { token: odd.body.access_token })).status, 200);
  server.fail('token', { status: 201, members: { token_type: 'BEARER' } });
  const created = await requestToken(server, client);
  t.deepEqual([created.status, created.body.token_type], [201, 'BEARER']);
  server.fail('token', { status: 200, body: { error: 'invalid_client' } });
  t.deepEqual((await requestToken(server, client)).body, { error: 'invalid_client' });
});

test('headers alone are added to the answer that there is', async (t) => {
  const server = await openSmartServer(t);
  server.fail('smart-configuration', {
    headers: { 'Cache-Control': 'max-age=7', 'Content-Type': 'text/plain' },
  });
  const { status, headers, body } = await fhir(server, '.well-known/smart-configuration', { token: null });
  t.deepEqual([status, headers.get('cache-control'), body.issuer], [200, 'max-age=7', server.issuer]);
  t.is(headers.get('content-type'), 'text/plain');
});

test('a body can be bytes, and has a type of its own unless the fault says which', async (t) => {
  const server = await openSmartServer(t);
  const body = Buffer.from([0xff, 0x00, 0x7f]);
  server.fail('fhir', { body });
  server.fail('fhir', { body, headers: { 'content-type': 'image/gif' } });
  for (const type of ['application/octet-stream', 'image/gif']) {
    const response = await fetch(`${server.fhirBaseUrl}/Patient`);
    t.is(response.headers.get('content-type'), type);
    t.deepEqual(Buffer.from(await response.arrayBuffer()), body);
  }
});

test('a login page can stand where JSON is expected', async (t) => {
  const server = await openSmartServer(t);
  server.fail('token', { html: true });
  const { status, headers, body } = await requestToken(server, server.registerClient());
  t.is(status, 200);
  t.is(headers.get('content-type'), 'text/html; charset=utf-8');
  t.regex(body, /^<!DOCTYPE html>/);
  server.fail('token', { html: true, status: 403 });
  t.is((await requestToken(server, server.registerClient())).status, 403);
});

for (const tls of [false, true]) {
  test(`a reset connection is reset for the client, ${tls ? 'over TLS' : 'in clear text'}`, async (t) => {
    const server = await openSmartServer(t, { tls });
    server.fail('smart-configuration', { reset: true });
    const { get } = await import(tls ? 'node:https' : 'node:http');
    const url = `${server.fhirBaseUrl}/.well-known/smart-configuration`;
    const code = await new Promise((resolve) => {
      const request = get(url, { ca: server.ca ?? undefined, agent: false }, resolve);
      request.on('error', (error) => resolve(error.code));
    });
    t.is(code, 'ECONNRESET');
    t.deepEqual(
      server.requests.map(({ status, fault }) => ({ status, fault })),
      [{ status: null, fault: true }],
    );
  });
}

test('a truncated body ends before its length', async (t) => {
  const server = await openSmartServer(t);
  for (const truncateAfter of [0, 10, 1_000_000]) {
    server.fail('token', { truncateAfter });
    await t.throwsAsync(requestToken(server, server.registerClient()), { message: /terminated/ });
  }
});

test('an answer can be late, while the log already has the request', async (t) => {
  const server = await openSmartServer(t);
  server.fail('fhir', { delayMs: 60_000 });
  const given = new AbortController();
  const answer = fhir(server, 'Patient', { signal: given.signal });
  while (server.requests.length === 0) await new Promise(setImmediate);
  t.like(server.requests[0], { status: 200, fault: true });
  given.abort();
  await t.throwsAsync(answer, { any: true, name: 'AbortError' });
  server.fail('fhir', { delayMs: 1 });
  t.is((await fhir(server, 'Patient')).status, 200);
});

test('a body can come byte by byte', async (t) => {
  const server = await openSmartServer(t);
  server.fail('fhir', { dripMs: 1, status: 200, body: 'slow' });
  const response = await fetch(`${server.fhirBaseUrl}/Patient`);
  const chunks = [];
  for await (const chunk of response.body) chunks.push(chunk);
  t.is(Buffer.concat(chunks).toString(), 'slow');
});

test('closing the server ends answers that are late or slow', async (t) => {
  const server = await openSmartServer(t);
  server.fail('fhir', { delayMs: 60_000 });
  server.fail('fhir', { dripMs: 60_000 });
  const late = [fhir(server, 'Patient'), fhir(server, 'Patient')].map((answer) =>
    answer.then(
      () => 'answered',
      () => 'ended',
    ),
  );
  while (server.requests.length < 2) await new Promise(setImmediate);
  await server.close();
  t.deepEqual(await Promise.all(late), ['ended', 'ended']);
});

test('a mistyped fault is told, with what there is', async (t) => {
  const server = await openSmartServer(t);
  t.throws(() => server.fail('token', { statsu: 503 }), {
    message: /unknown option statsu; known are status, /,
  });
  t.throws(() => server.fail('token', { status: 99 }), { message: /status: expected an HTTP status/ });
  t.throws(() => server.fail('token', { times: 0 }), { message: /times: expected an integer of 1 or more/ });
  t.throws(() => server.fail('tokens', {}), {
    message: /unknown endpoint tokens; known are any, discovery, /,
  });
});

test('a fault that would do nothing, or not all that it says, is told at once', async (t) => {
  const server = await openSmartServer(t);
  for (const [fault, message] of [
    [{}, /^fail: a fault needs at least one of status, headers, body, html, members, reset, /],
    [{ times: 2, after: 1 }, /needs at least one of/],
    [{ members: { a: 1 }, html: true }, /^fail: members does not go with html$/],
    [{ members: { a: 1 }, body: 'x' }, /^fail: members does not go with body$/],
    [{ reset: true, status: 500 }, /^fail: reset does not go with status$/],
    [{ reset: true, members: {} }, /^fail: reset does not go with members$/],
    [{ truncateAfter: 3, dripMs: 1 }, /^fail: truncateAfter does not go with dripMs$/],
    [{ headers: { 'retry-after': undefined } }, /^fail: headers: expected names and values of HTTP headers$/],
    [{ headers: { 'x-odd': 'a\nb' } }, /headers: expected names and values/],
    [{ headers: { 'x odd': 'a' } }, /headers: expected names and values/],
  ]) {
    t.throws(() => server.fail('token', fault), { instanceOf: TypeError, message });
  }
  t.notThrows(() => server.fail('token', { reset: true, delayMs: 1, html: undefined }));
  t.notThrows(() => server.fail('token', { reset: false, status: 500, headers: { 'retry-after': '1' } }));
});
