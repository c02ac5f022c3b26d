import { inspect } from 'node:util';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { eventually } from '../support/eventually.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { json } from '../support/recording-server.mjs';
import { ROWS } from './caller-values.rows.mjs';

const CALLS = ['getAuthorizationHeader', 'getAccessToken', 'diagnose'];
const LATER = [...CALLS, 'fetch', 'interceptRequest', 'getAuthorizationHeaderFor'];

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await startPlainServer();
    t.teardown(server.close);
    if (row.request !== undefined) await assertRequest(t, server, row);
    else if (row.close !== undefined) await assertClosed(t, server, row.close);
    else assertRefused(t, server, row);
  });
}

function assertRefused(t, { options }, row) {
  const changes = row.changes ?? row.makeChanges(row);
  const error = t.throws(() => ClientAuthInterceptorFactory.create({ ...options, ...changes }));
  t.is(error.code, 'ERR_INVALID_CONFIG', inspect(error).slice(0, 300));
  t.true(error.message.length < 1000);
  t.notRegex(inspect(error), /secret-marker/);
  if ('stopped' in row) t.true(row.stopped);
}

async function assertRequest(t, { options }, { request, rejects }) {
  for (const call of CALLS) {
    const interceptor = ClientAuthInterceptorFactory.create({
      ...options,
      clientId: `${options.clientId}-${call}`,
    });
    const [{ status, reason }] = await Promise.allSettled([interceptor[call](request())]);
    if (rejects === 'answered') t.is(status, 'fulfilled', `${call}: ${inspect(reason)}`);
    else t.is(reason?.code ?? reason, rejects, call);
    t.regex(await interceptor.getAuthorizationHeader(), /^Bearer token-\d+$/, 'others are served');
  }
}

async function assertClosed(t, server, { route, retryAfter = false, first = false, times = 1 }) {
  const interceptor = ClientAuthInterceptorFactory.create(server.options);
  if (first) await interceptor.getAuthorizationHeader();
  if (retryAfter) server.on(route, json(503, {}, { 'retry-after': '20' }));
  else if (route !== undefined) server.on(route, { delayMs: 60_000 });
  const waiting = [];
  if (route !== undefined) {
    const before = server.requests.length;
    waiting.push(interceptor.getAuthorizationHeader(), interceptor.getAccessToken());
    const path = route.split(' ')[1];
    await eventually(() => server.requests.slice(before).some(({ url }) => url === path));
  }
  for (let time = 0; time < times; time++) interceptor.close();
  const settled = await Promise.allSettled(waiting);
  for (const { reason } of settled) t.is(reason.code, 'ERR_CLOSED');
  const target = { fetch: server.patients, getAuthorizationHeaderFor: server.patients };
  for (const method of LATER) {
    const argument = method === 'interceptRequest' ? { url: server.patients, headers: {} } : target[method];
    await t.throwsAsync(async () => interceptor[method](argument), { code: 'ERR_CLOSED' }, method);
  }
  t.false(interceptor.invalidate());
  t.is(typeof interceptor.stats().failures, 'number');
  t.regex(inspect(interceptor), /closed: true/);
}
