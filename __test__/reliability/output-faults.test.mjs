import test from 'ava';
import { possible } from '../support/fault-places.mjs';
import { meetFault } from '../support/fault-run.mjs';
import { ROWS } from './output-faults.rows.mjs';

// The package itself writes no file; its command line does, and says so where it could not.

for (const row of possible(ROWS)) {
  test(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
