/** Why a call may fail. */
export const ALLOWED = /** @type {const} */ ([
  'aborted by their own signal',
  'closed by their own thread',
  'all attempts met faults',
  'wrong secret',
  'hook threw',
  'refused twice',
  'fetched too late for an idle connection',
]);

/** What the load's threads count. */
const NAMES = /** @type {const} */ ([
  'calls',
  'settled',
  'headers',
  'fetches',
  'fetches answered 200',
  ...ALLOWED,
  'violations',
  'interceptors created',
  'workers started',
  'workers terminated',
  'workers that left',
]);

/**
 * Counters in memory that threads share: what a thread has counted stays when it is terminated.
 */
export class Tally {
  #counters;

  /** @param {SharedArrayBuffer} [memory] another thread's */
  constructor(memory = new SharedArrayBuffer(NAMES.length * Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#counters = new Int32Array(memory);
  }

  /** @param {(typeof NAMES)[number]} name */
  count(name, by = 1) {
    Atomics.add(this.#counters, NAMES.indexOf(name), by);
  }

  /** @returns {Record<(typeof NAMES)[number], number>} */
  snapshot() {
    const entries = NAMES.map((name, index) => [name, Atomics.load(this.#counters, index)]);
    return Object.fromEntries(entries);
  }
}
