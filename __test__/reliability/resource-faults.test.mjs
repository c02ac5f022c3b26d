import test from 'ava';
import { possible } from '../support/fault-places.mjs';
import { meetFault } from '../support/fault-run.mjs';
import { buildFaultySystem } from '../support/faulty-system.mjs';
import { ROWS } from './resource-faults.rows.mjs';

// What the system does not give is told as what it is, costs no living token, and is asked for again.

const rows = possible(ROWS);
const system = rows.some(({ needs }) => needs === 'preload') ? buildFaultySystem() : null;
test.after.always(() => system?.remove());

for (const row of rows) {
  test(`${row.name}: ${row.outcome}`, (t) =>
    meetFault(t, row, { env: row.needs === 'preload' ? system.env(row.faults) : {} }));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
