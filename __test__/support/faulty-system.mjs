import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSharedLibrary } from './shared-library.mjs';

const SOURCE = fileURLToPath(new URL('./faulty-system.c', import.meta.url));
/** As in faulty-system.c. */
const FAULTS = ['threads', 'entropy', 'names'];
const KINDS = ['works', 'refused', 'slow', 'missing'];

/** Compiles faulty-system.c, for processes on Linux. */
export function buildFaultySystem() {
  const { library, directory, remove } = buildSharedLibrary(SOURCE);
  let systems = 0;
  return {
    /**
     * Environment of a process with a system of its own.
     *
     * @param {Record<string, string>} faults that are there from the start
     */
    env(faults = {}) {
      systems += 1;
      const file = join(directory, `${systems}`);
      writeFileSync(file, new Uint8Array(4 * FAULTS.length));
      setFaults(faults, { FAULTY_SYSTEM: file });
      return { LD_PRELOAD: library, FAULTY_SYSTEM: file };
    },
    remove,
  };
}

/**
 * Sets faults of the processes that run in this environment.
 *
 * @param {Record<string, string>} faults by what is faulty: works, refused, slow, missing
 * @param {Record<string, string | undefined>} env
 */
export function setFaults(faults, { FAULTY_SYSTEM } = process.env) {
  // In place: a new file would be another one than the process has mapped.
  const file = openSync(FAULTY_SYSTEM, 'r+');
  for (const [name, kind] of Object.entries(faults)) {
    writeSync(file, new Int32Array([KINDS.indexOf(kind)]), 0, 4, 4 * FAULTS.indexOf(name));
  }
  closeSync(file);
}
