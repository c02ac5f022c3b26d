import test from 'ava';
import { possible } from '../support/fault-places.mjs';
import { meetFault } from '../support/fault-run.mjs';
import { buildFaultySystem } from '../support/faulty-system.mjs';
import { ROWS } from './network-faults.rows.mjs';

// A network that is away, comes late or breaks off: the code says so, and the next attempt finds it.

const rows = possible(ROWS);
const system = rows.some(({ needs }) => needs === 'preload') ? buildFaultySystem() : null;
test.after.always(() => system?.remove());

for (const row of rows) {
  test(`${row.name}: ${row.outcome}`, (t) =>
    meetFault(t, row, { env: row.needs === 'preload' ? system.env() : {} }));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
