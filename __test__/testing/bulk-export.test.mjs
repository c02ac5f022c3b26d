import test from 'ava';
import { fhir } from '../support/foreign-client.mjs';
import { openSmartServer } from '../support/test-kit.mjs';

const ASYNC = { headers: { prefer: 'respond-async', accept: 'application/fhir+json' } };

test('an export is kicked off, polled, and downloaded from another origin without the token', async (t) => {
  const server = await openSmartServer(t, { exportPolls: 2, exportRetryAfterSeconds: 7 });
  const token = server.issueToken({ scope: 'system/*.rs' });
  const kickOff = await fhir(server, '$export', { ...ASYNC, token });
  t.is(kickOff.status, 202);
  const status = kickOff.headers.get('content-location');
  t.true(status.startsWith(`${server.fhirBaseUrl}/bulk-status/`));
  for (const progress of ['1 more to go', '0 more to go']) {
    const { status: code, headers } = await fhir(server, status, { token });
    t.deepEqual([code, headers.get('retry-after'), headers.get('x-progress')], [202, '7', progress]);
  }
  const { status: code, headers, body } = await fhir(server, status, { token });
  t.deepEqual([code, headers.get('content-type')], [200, 'application/json']);
  t.is(body.request, `${server.fhirBaseUrl}/$export`);
  t.false(body.requiresAccessToken);
  t.deepEqual(
    body.output.map(({ type, count }) => [type, count]),
    [
      ['Patient', 3],
      ['Observation', 3],
      ['Group', 1],
    ],
  );
  for (const { type, url, count } of body.output) {
    t.is(new URL(url).origin, server.downloadOrigin);
    const response = await fetch(url);
    t.is(response.headers.get('content-type'), 'application/fhir+ndjson');
    const lines = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    t.is(lines.length, count);
    t.true(lines.every(({ resourceType }) => resourceType === type));
  }
  t.true(server.requestsTo('download').every(({ url }) => url.endsWith('?signature=[hidden]')));
  t.is((await fhir(server, status, { token, method: 'DELETE' })).status, 202);
  t.is((await fhir(server, status, { token })).status, 404);
  t.is((await fetch(body.output[0].url)).status, 404);
  server.assertNoRefusals();
});

test('a token that goes along to the other origin is refused, unless the export wants it', async (t) => {
  const server = await openSmartServer(t, { exportPolls: 0 });
  const token = server.issueToken();
  const download = async (headers) => {
    const { headers: kickedOff } = await fhir(server, '$export?_type=Patient', { ...ASYNC, token });
    const { body } = await fhir(server, kickedOff.get('content-location'), { token });
    return fetch(body.output[0].url, { headers });
  };
  const headers = { authorization: `Bearer ${token}` };
  t.is((await download(headers)).status, 400);
  t.like(server.requests.at(-1), { endpoint: 'download', check: 'tokenToOtherOrigin' });
  t.regex(
    server.requests.at(-1).explanation,
    /the token has left the FHIR server's origin \(SMART App Launch, /,
  );
  server.configure({ checks: { tokenToOtherOrigin: false } });
  t.is((await download(headers)).status, 200);
  server.configure({ exportRequiresAccessToken: true });
  t.is((await download(headers)).status, 200);
  t.is((await download({})).status, 401);
});

test('an export has what was asked for and what the token permits', async (t) => {
  const server = await openSmartServer(t, { exportPolls: 0 });
  const exported = async (path, scope = 'system/*.rs') => {
    const token = server.issueToken({ scope });
    const { status, headers } = await fhir(server, path, { ...ASYNC, token });
    if (status !== 202) return status;
    const { body } = await fhir(server, headers.get('content-location'), { token });
    return Object.fromEntries(body.output.map(({ type, count }) => [type, count]));
  };
  t.deepEqual(await exported('Patient/$export'), { Patient: 3, Observation: 3 });
  t.deepEqual(await exported('Group/1/$export'), { Patient: 2, Observation: 2 });
  t.deepEqual(await exported('Group/1/$export?_type=Observation'), { Observation: 2 });
  t.deepEqual(await exported('$export?_since=2999-01-01T00:00:00Z&_type=Patient'), { Patient: 0 });
  t.deepEqual(await exported('$export', 'system/Patient.read'), { Patient: 3 });
  t.deepEqual(await exported('%24export', 'system/Patient.read'), { Patient: 3 });
  t.is(await exported('$export?_type=Observation', 'system/Patient.read'), 403);
  t.is(await exported('$export', 'system/Patient.r'), 403);
  t.is(await exported('Group/9/$export'), 404);
});

test('an export without Prefer: respond-async is refused, and so is one by POST', async (t) => {
  const server = await openSmartServer(t);
  t.is((await fhir(server, '$export')).status, 400);
  t.regex(server.requests.at(-1).explanation, /without 'Prefer: respond-async'/);
  t.is((await fhir(server, '$export', { method: 'POST', ...ASYNC })).status, 405);
  t.is((await fhir(server, '$export', { ...ASYNC, token: null })).status, 401);
});

test('faults of exports meet their status and their downloads', async (t) => {
  const server = await openSmartServer(t, { exportPolls: 0 });
  server.fail('bulk', { status: 503, headers: { 'retry-after': '1' }, after: 1 });
  const token = server.issueToken();
  const { headers } = await fhir(server, '$export', { ...ASYNC, token });
  const url = headers.get('content-location');
  t.is((await fhir(server, url, { token })).status, 503);
  const { body } = await fhir(server, url, { token });
  server.fail('download', { truncateAfter: 20 });
  await t.throwsAsync(fetch(body.output[0].url).then((response) => response.text()));
  t.is((await fetch(body.output[0].url)).status, 200);
});
