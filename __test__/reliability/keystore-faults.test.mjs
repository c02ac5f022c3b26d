import test from 'ava';
import { possible } from '../support/fault-places.mjs';
import { meetFault } from '../support/fault-run.mjs';
import { ROWS } from './keystore-faults.rows.mjs';

// Whatever becomes of a key file, the last good key signs, and a good new one takes its place.

for (const row of possible(ROWS)) {
  test(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
