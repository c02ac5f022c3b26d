import test from 'ava';
import { meetFault } from '../support/fault-run.mjs';
import { ROWS } from './memory-faults.rows.mjs';

// Where V8 has no memory or stack left. When malloc has none, Rust aborts the process, as V8 does: no row here.

// Windows has no SIGABRT.
const rows = ROWS.filter(({ signal }) => process.platform !== 'win32' || signal === undefined);

for (const row of rows) {
  test.serial(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row));
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
