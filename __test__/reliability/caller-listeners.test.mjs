import { getEventListeners } from 'node:events';
import { deserialize } from 'node:v8';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
import test from 'ava';
import { runNode } from '../support/child.mjs';
import { WITHOUT_PROXY } from '../support/child-client.mjs';
import { eventually } from '../support/eventually.mjs';
import { openLanes } from '../support/lanes.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { ROWS } from './caller-listeners.rows.mjs';

const inLane = openLanes(4);

const PRELUDE = `
  import { serialize } from 'node:v8';
  import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
  const { options, patients } = JSON.parse(process.argv[1]);
  const told = [];
  const tell = (...values) => told.push(...values);
  process.on('exit', () => console.log(serialize(told).toString('base64')));
  const create = () => ClientAuthInterceptorFactory.create(options);
  const codeOfRejected = (promise) => promise.then(() => 'none', ({ code }) => code);
`;

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await startPlainServer();
    t.teardown(server.close);
    if (row.script !== undefined) await assertTold(t, server, row);
    else if (row.closesInRenewal) await assertClosedInRenewal(t, server);
    else if (row.fhirRequests !== undefined) await assertFhirClientListensOnce(t, server, row.fhirRequests);
    else await assertListensOnce(t, server, row);
  });
}

/** Each token response brings a warning: it does not say what kind of token it has. */
async function assertTold(t, server, row) {
  const warned = server.issue({ token_type: undefined });
  server.on('POST /token', row.warnsLater ? [server.issue(), warned] : warned);
  const { code, signal, stdout, stderr } = await inLane(() =>
    runNode(`${PRELUDE}${row.script}`, {
      evaluate: true,
      args: [JSON.stringify({ options: server.options, patients: server.patients })],
      env: WITHOUT_PROXY,
    }),
  );
  t.deepEqual({ code, signal }, { code: row.code ?? 0, signal: null }, stderr);
  if (row.code === undefined) t.is(stderr, '');
  else t.regex(stderr, /Error: mine/);
  // When Node tells of an uncaught error is its own affair.
  t.deepEqual(deserialize(Buffer.from(stdout, 'base64')).sort(), [...row.told].sort());
}

async function assertListensOnce(t, server, { aborts = false, signals: { given, methods, clients, calls } }) {
  const warnings = collectProcessWarnings(t);
  const interceptors = Array.from({ length: clients }, (_, number) =>
    ClientAuthInterceptorFactory.create({
      ...server.options,
      clientId: `${server.options.clientId}-${number}`,
    }),
  );
  const gate = server.holdTokens(server.issue());
  const controllers = Array.from({ length: given === 'one' ? 1 : calls }, () => new AbortController());
  const waiting = Array.from({ length: calls }, (_, number) => {
    const { signal } = controllers[number % controllers.length];
    return interceptors[number % clients][methods[number % methods.length]]({ signal });
  });
  for (const { signal } of controllers) t.is(getEventListeners(signal, 'abort').length, 1);
  await gate.reached();
  if (aborts) {
    controllers[0].abort(new Error('mine'));
    for (const { reason } of await Promise.allSettled(waiting)) t.is(reason.message, 'mine');
    gate.open();
  } else {
    gate.open();
    await Promise.all(waiting);
  }
  for (const { signal } of controllers) t.is(getEventListeners(signal, 'abort').length, 0);
  t.regex(await interceptors[0].getAuthorizationHeader(), /^Bearer token-\d+$/);
  await assertNoneAboutListeners(t, warnings);
}

async function assertFhirClientListensOnce(t, server, count) {
  const warnings = collectProcessWarnings(t);
  const [{ signal }, { signal: ofClient }] = [new AbortController(), new AbortController()];
  const client = FhirClientFactory.newClient(server.fhirBaseUrl, { signal: ofClient });
  const listed = Array.from({ length: count }, () =>
    client.search().forResource('Patient').asList({ signal }),
  );
  for (const one of [signal, ofClient]) t.is(getEventListeners(one, 'abort').length, 1);
  await Promise.all(listed);
  for (const one of [signal, ofClient]) t.is(getEventListeners(one, 'abort').length, 0);
  await assertNoneAboutListeners(t, warnings);
}

function collectProcessWarnings(t) {
  const warnings = [];
  const onWarning = (warning) => warnings.push(warning);
  process.on('warning', onWarning);
  t.teardown(() => process.off('warning', onWarning));
  return warnings;
}

/** Node tells of a warning in the next tick. */
async function assertNoneAboutListeners(t, warnings) {
  await new Promise(setImmediate);
  t.deepEqual(
    warnings.filter(({ name }) => name === 'MaxListenersExceededWarning'),
    [],
  );
}

async function assertClosedInRenewal(t, server) {
  server.on('POST /token', server.issue({ expires_in: 12 }));
  // At most half of the lifetime: six seconds are left for what follows.
  const renewal = { marginSeconds: 10 };
  const [closed, other] = [1, 2].map(() =>
    ClientAuthInterceptorFactory.create({ ...server.options, renewal }),
  );
  for (const one of [closed, other]) t.is(await one.getAuthorizationHeader(), 'Bearer token-1');
  const gate = server.holdTokens(server.issue({ expires_in: 3600 }));
  await gate.reached(2);
  for (const one of [closed, other]) t.is(await one.getAuthorizationHeader(), 'Bearer token-1');
  closed.close();
  await t.throwsAsync(closed.getAuthorizationHeader(), { code: 'ERR_CLOSED' });
  t.is(await other.getAuthorizationHeader(), 'Bearer token-1');
  gate.open();
  await eventually(async () => (await other.getAuthorizationHeader()) === 'Bearer token-2');
  await t.throwsAsync(closed.getAuthorizationHeader(), { code: 'ERR_CLOSED' });
  t.is(server.tokenRequests().length, 2);
}
