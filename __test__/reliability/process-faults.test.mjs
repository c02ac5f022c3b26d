import test from 'ava';
import { meetFault } from '../support/fault-run.mjs';
import { ROWS } from './process-faults.rows.mjs';

// Nothing hangs when a process or a thread is ended or stopped at the worst moment, and who stays has its token.

// Windows has none of these signals.
const rows = ROWS.filter(({ name }) => process.platform !== 'win32' || !/SIG[A-Z]+/.test(name));

for (const row of rows) {
  test(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
