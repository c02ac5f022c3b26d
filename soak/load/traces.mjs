import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setTimeout as sleep } from 'node:timers/promises';

const START = 'tracing:smart-m2m:token:start';
const END = 'tracing:smart-m2m:token:end';

/** Follows the token requests on the tracing channel, as an application's telemetry would. */
export class Traces {
  /** Attempts that have started, and not ended yet. */
  #open = new Set();
  count = 0;

  constructor() {
    subscribe(START, this.#onStart);
    subscribe(END, this.#onEnd);
  }

  /**
   * Waits for the attempts under way.
   *
   * @param {number} limitMs
   * @returns {Promise<number>} how many have not ended even then
   */
  async close(limitMs) {
    const end = Date.now() + limitMs;
    while (this.#open.size > 0 && Date.now() < end) await sleep(50);
    unsubscribe(START, this.#onStart);
    unsubscribe(END, this.#onEnd);
    return this.#open.size;
  }

  #onStart = (attempt) => {
    this.count += 1;
    this.#open.add(attempt);
  };

  #onEnd = (attempt) => {
    this.#open.delete(attempt);
  };
}
