import test from 'ava';
import { meetFault } from '../support/fault-run.mjs';
import { ROWS } from './instance-faults.rows.mjs';

// A process can have the package more than once, in several realms, and children. A fork without exec is none of the
// things that Node.js can do.

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
