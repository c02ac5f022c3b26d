import { fetchPatients } from './calls.mjs';

const TICK_MS = 20;
/** More are not under way at once: what comes on top is put off until one has ended. */
const LONGEST_QUEUE = 600;

/**
 * Authorised requests that come at a rate of their own, whether or not those before have been answered: a slow answer
 * does not spare the package the next call, as it does with `Callers`.
 */
export class Arrivals {
  #thread;
  #clients;
  #open = new Set();
  #timer;

  /**
   * @param {import('./thread.mjs').LoadThread} thread
   * @param {object} parts
   * @param {import('./clients.mjs').Client[]} parts.clients
   * @param {number} parts.rate requests per second
   */
  constructor(thread, { clients, rate }) {
    this.#thread = thread;
    this.#clients = clients;
    const startedAt = performance.now();
    let sent = 0;
    this.#timer = setInterval(() => {
      const due = Math.floor(((performance.now() - startedAt) * rate) / 1000);
      for (; sent < due && this.#open.size < LONGEST_QUEUE; sent += 1) this.#send();
    }, TICK_MS);
  }

  /** Resolves when the last request has been answered. */
  async stop() {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #send() {
    const { random } = this.#thread;
    const client = random.pick(this.#clients);
    const request = fetchPatients(this.#thread, client, { fhirBaseUrl: random.pick(client.bases) });
    this.#open.add(request);
    request.finally(() => this.#open.delete(request));
  }
}
