const TICK_MS = 20;
const WINDOW_MS = 2000;

/** How late this thread's event loop has been recently: by so much may its news be older than it seems. */
export class Lag {
  /** @type {{ at: number, ms: number }[]} */
  #late = [];
  #last = performance.now();
  #timer;

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
  }

  /** The longest of the last seconds, the current tick included. */
  longestMs() {
    const now = performance.now();
    const current = now - this.#last - TICK_MS;
    return Math.max(0, current, ...this.#late.filter(({ at }) => at > now - WINDOW_MS).map(({ ms }) => ms));
  }

  stop() {
    clearInterval(this.#timer);
  }

  #tick() {
    const now = performance.now();
    const ms = now - this.#last - TICK_MS;
    this.#last = now;
    this.#late = this.#late.filter(({ at }) => at > now - WINDOW_MS);
    if (ms > 5) this.#late.push({ at: now, ms });
  }
}
