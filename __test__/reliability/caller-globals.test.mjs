import { deserialize } from 'node:v8';
import test from 'ava';
import { runNode } from '../support/child.mjs';
import { WITHOUT_PROXY } from '../support/child-client.mjs';
import { openLanes } from '../support/lanes.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { json } from '../support/recording-server.mjs';
import { ROWS } from './caller-globals.rows.mjs';

// Each in a process of its own, which has to end by itself, with nothing on stderr: no unhandled rejection, no crash.

const inLane = openLanes(6);

const PRELUDE = `
  import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
  const { options, patients, elsewhere } = JSON.parse(process.argv[1]);
  const told = [];
  const tell = (...values) => told.push(...values);
  const write = console.log;
  process.on('exit', () => write(serialize(told).toString('base64')));
  import { serialize } from 'node:v8';
  const create = (changes) => ClientAuthInterceptorFactory.create({ ...options, ...changes });
  const codeOf = (call) => { try { call(); } catch (error) { return error.code; } };
`;

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await startPlainServer();
    const elsewhere = await startPlainServer();
    t.teardown(() => Promise.all([server.close(), elsewhere.close()]));
    for (const route of row.routes ?? []) server.on(route, json(200, { resourceType: 'Bundle' }));
    if (row.refusesFirst) server.on('POST /token', [json(400, { error: 'invalid_client' }), server.issue()]);
    const given = { options: server.options, patients: server.patients, elsewhere: elsewhere.fhirBaseUrl };
    const { code, signal, stdout, stderr } = await inLane(() =>
      runNode(`${PRELUDE}${row.script}`, {
        evaluate: true,
        nodeArgs: row.nodeArgs,
        args: [JSON.stringify(given)],
        env: WITHOUT_PROXY,
        timeoutMs: 90_000,
      }),
    );
    t.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
    t.deepEqual(deserialize(Buffer.from(stdout, 'base64')), row.told);
    t.is(elsewhere.requests.length, 0);
    row.verify?.(t, server);
  });
}
