import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { workerName } from '../plan.mjs';

const SCRIPT = fileURLToPath(new URL('worker.mjs', import.meta.url));
const AT_ONCE = 4;
/** Also while they load the addon. */
const SHORTEST_LIFE_MS = 20;
const LONGEST_LIFE_MS = 2000;
const FATES = { terminate: 7, leave: 2, exit: 1 };
/** For a worker to end by itself, its last calls included. */
const LEAVE_MS = 30_000;

/** Worker threads that start, use the package, and end in one way or another, all the time. */
export class WorkerChurn {
  #thread;
  #shared;
  #started = 0;
  /** @type {Promise<void>[]} */
  #places = [];
  #isPaused = false;

  /**
   * @param {import('./thread.mjs').LoadThread} thread
   * @param {{ latencies: import('node:perf_hooks').RecordableHistogram }} shared
   */
  constructor(thread, shared) {
    this.#thread = thread;
    this.#shared = shared;
  }

  resume() {
    this.#isPaused = false;
    this.#places = Array.from({ length: AT_ONCE }, () => this.#run());
  }

  /** Resolves when the last worker has ended. */
  async pause() {
    this.#isPaused = true;
    await Promise.all(this.#places);
  }

  async #run() {
    while (!this.#isPaused) await this.runOne();
  }

  /** @param {{ isAlone?: boolean }} [options] with no identity but its own */
  async runOne({ isAlone = false } = {}) {
    const { config, tally, random, report } = this.#thread;
    this.#started += 1;
    const number = this.#started;
    const worker = new Worker(SCRIPT, {
      workerData: { number, isAlone, config, tally: tally.memory, ...this.#shared },
    });
    tally.count('workers started');
    worker.on('message', report);
    worker.on('error', (error) => this.#thread.violation('worker', `worker ${number}: ${error.stack}`));
    const exited = once(worker, 'exit');
    // Looked at often, so that a pause does not wait for a long life.
    const end = Date.now() + random.between(SHORTEST_LIFE_MS, LONGEST_LIFE_MS);
    while (!this.#isPaused && Date.now() < end) await sleep(Math.min(50, Math.max(1, end - Date.now())));

    report({ type: 'ending', owner: workerName(number), at: Date.now() });
    const fate = random.weighted(FATES);
    if (fate === 'terminate') {
      tally.count('workers terminated');
      await worker.terminate();
    } else {
      tally.count('workers that left');
      worker.postMessage(fate);
      const timer = setTimeout(() => {
        this.#thread.violation('worker', `worker ${number} has not ended within ${LEAVE_MS} ms`);
        worker.terminate();
      }, LEAVE_MS);
      await exited;
      clearTimeout(timer);
    }
  }
}
