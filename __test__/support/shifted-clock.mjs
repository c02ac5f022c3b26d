import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

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

/** Compiles shifted-clock.c, with the C compiler that building the package needs as well. */
export function buildShiftedClock() {
  const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-clock-'));
  const library = join(directory, 'shifted-clock.so');
  const compilers = process.env.CC ? [process.env.CC] : ['cc', 'gcc', 'clang'];
  const problems = compilers.map((compiler) => compile(compiler, library));
  if (problems.every((problem) => problem !== null)) throw new AggregateError(problems, 'no C compiler');
  let clocks = 0;
  return {
    /** Environment of a process with a clock of its own, which is right to begin with. */
    env() {
      clocks += 1;
      const clock = join(directory, `${clocks}`);
      writeFileSync(clock, new Uint8Array(8));
      return { LD_PRELOAD: library, SHIFTED_CLOCK: clock };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

function compile(compiler, library) {
  try {
    execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
    return null;
  } catch (error) {
    return error;
  }
}
