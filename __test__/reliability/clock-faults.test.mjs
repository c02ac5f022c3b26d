import test from 'ava';
import { meetFault } from '../support/fault-run.mjs';
import { buildShiftedClock, CAN_SHIFT_CLOCK } from '../support/shifted-clock.mjs';
import { ROWS } from './clock-faults.rows.mjs';

// Whatever is done to the wall clock, no token is handed out past its end by the monotonic one, and no living one is
// given up without need. More of it is in clocks.test.mjs.

if (CAN_SHIFT_CLOCK) {
  const clock = buildShiftedClock();
  test.after.always(() => clock.remove());

  for (const row of ROWS) {
    test(`${row.name}: ${row.outcome}`, (t) => meetFault(t, row, { env: clock.env() }));
  }
}

test('each fault has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
