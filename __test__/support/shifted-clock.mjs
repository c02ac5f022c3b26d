import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSharedLibrary } from './shared-library.mjs';

const SOURCE = fileURLToPath(new URL('./shifted-clock.c', import.meta.url));

/** Those with a vDSO, which shifted-clock.c is about. */
export const CAN_SHIFT_CLOCK = process.platform === 'linux' && ['x64', 'arm64'].includes(process.arch);

/**
 * Sets the clock of the processes that run in this environment.
 *
 * @param {{ SHIFTED_CLOCK: string }} env
 * @param {number} seconds from the true time
 */
export function shiftClock({ SHIFTED_CLOCK }, seconds) {
  // In place: a new file would be another one than the process has mapped.
  const clock = openSync(SHIFTED_CLOCK, 'r+');
  writeSync(clock, new BigInt64Array([BigInt(seconds)]), 0, 8, 0);
  closeSync(clock);
}

/** Compiles shifted-clock.c. */
export function buildShiftedClock() {
  const { library, directory, remove } = buildSharedLibrary(SOURCE);
  let clocks = 0;
  return {
    /** Environment of a process with a clock of its own, which is right to begin with. */
    env() {
      clocks += 1;
      const clock = join(directory, `${clocks}`);
      writeFileSync(clock, new Uint8Array(8));
      return { LD_PRELOAD: library, SHIFTED_CLOCK: clock };
    },
    remove,
  };
}
