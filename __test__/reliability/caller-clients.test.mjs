import { getEventListeners } from 'node:events';
import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { startPlainServer } from '../support/plain-server.mjs';
import { ROWS } from './caller-clients.rows.mjs';

let server;
let kit;

test.before(async () => {
  server = await startPlainServer();
  kit = await startSmartServer({ tls: false });
});

test.after.always(async () => {
  await kit?.close();
  await server?.close();
});

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const { signal } = new AbortController();
    const base = server.fhirBaseUrl;
    const client = FhirClientFactory.newClient(base, { signal });
    const registered = kit.registerClient({ clientSecret: 'secret-marker' });
    const parts = { base, client, kit, registered, start: startSmartServer };
    for (const [what, value] of Object.entries(row.values)) {
      const error = await t.throwsAsync(async () => row.run(value, parts), undefined, what);
      if (row.orMine && error instanceof RangeError) t.is(error.message, 'mine');
      else t.true(error instanceof TypeError, `${what}: ${error}`);
      if (row.says !== undefined) t.regex(error.message, row.says, what);
      t.is(getEventListeners(signal, 'abort').length, 0, what);
    }
    t.is(server.requests.filter(({ method }) => method !== 'GET').length, 0, 'nothing was written');
    t.deepEqual(await client.search().forResource('Patient').asList(), []);
    t.is(registered.clientSecret, 'secret-marker');
  });
}
