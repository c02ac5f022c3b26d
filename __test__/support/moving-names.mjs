import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SOURCE = fileURLToPath(new URL('./moving-names.c', import.meta.url));

/** Where libc is glibc, whose lists of addresses can be put together, and 127.0.0.0/8 is all this machine. */
export const CAN_MOVE_NAMES =
  process.platform === 'linux' && process.report.getReport().header.glibcVersionRuntime !== undefined;

/** Compiles moving-names.c, with the C compiler that building the package needs as well. */
export function buildMovingNames() {
  const directory = mkdtempSync(join(tmpdir(), 'smart-m2m-names-'));
  const library = join(directory, 'moving-names.so');
  const compiler = process.env.CC ?? 'cc';
  execFileSync(compiler, ['-shared', '-fPIC', '-O1', '-o', library, SOURCE, '-ldl'], { stdio: 'pipe' });
  let files = 0;
  return {
    /** Environment of a process with a DNS of its own. */
    env() {
      files += 1;
      return { LD_PRELOAD: library, MOVING_NAMES: join(directory, `${files}`) };
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
