import { setTimeout as sleep } from 'node:timers/promises';
import { fetchPatients, getHeader, getToken, sendByHand } from './calls.mjs';
import { Client } from './clients.mjs';

/** How often callers do what. */
const WEIGHTS = {
  header: 50,
  burst: 5,
  token: 8,
  fetch: 12,
  byHand: 5,
  aborted: 8,
  shortLived: 8,
  closedMeanwhile: 4,
};
const BURST = 20;
const LONGEST_PAUSE_MS = 60;

/**
 * Callers that use the clients in all ways, each one thing after the other, until they are told to stop.
 */
export class Callers {
  #thread;
  #clients;
  #identities;
  #stopping = false;
  #loops;

  /**
   * @param {import('./thread.mjs').LoadThread} thread
   * @param {object} parts
   * @param {Client[]} parts.clients that stay
   * @param {import('../plan.mjs').Identity[]} parts.identities for clients that come and go
   * @param {number} parts.count
   */
  constructor(thread, { clients, identities, count }) {
    this.#thread = thread;
    this.#clients = clients;
    this.#identities = identities;
    this.#loops = Array.from({ length: count }, () => this.#loop());
  }

  /** Resolves when the last call has settled. */
  async stop() {
    this.#stopping = true;
    await Promise.all(this.#loops);
  }

  async #loop() {
    const { random } = this.#thread;
    while (!this.#stopping) {
      await sleep(random.between(0, LONGEST_PAUSE_MS));
      await this[/** @type {keyof typeof WEIGHTS} */ (random.weighted(WEIGHTS))]();
    }
  }

  /** A client that stays, and one of its servers. */
  #pick() {
    const { random } = this.#thread;
    const client = random.pick(this.#clients);
    return { client, request: { fhirBaseUrl: random.pick(client.bases) } };
  }

  #create() {
    const client = new Client(this.#thread, this.#thread.random.pick(this.#identities));
    return { client, request: { fhirBaseUrl: client.bases[0] } };
  }

  async header() {
    const { client, request } = this.#pick();
    await getHeader(this.#thread, client, request);
  }

  async burst() {
    const { client, request } = this.#pick();
    await Promise.all(Array.from({ length: BURST }, () => getHeader(this.#thread, client, request)));
  }

  async token() {
    const { client, request } = this.#pick();
    await getToken(this.#thread, client, request);
  }

  async fetch() {
    const { client, request } = this.#pick();
    await fetchPatients(this.#thread, client, request);
  }

  async byHand() {
    const { client, request } = this.#pick();
    await sendByHand(this.#thread, client, request);
  }

  /** One signal for several calls, among others that have none. */
  async aborted() {
    const { random } = this.#thread;
    const { client, request } = this.#pick();
    const controller = new AbortController();
    const { signal } = controller;
    const delay = random.between(-5, 60);
    if (delay <= 0) controller.abort();
    else setTimeout(() => controller.abort(), delay);
    await Promise.all([
      getHeader(this.#thread, client, { ...request, signal }),
      getHeader(this.#thread, client, { ...request, signal }),
      getHeader(this.#thread, client, request),
      getToken(this.#thread, client, { ...request, signal: AbortSignal.timeout(random.integer(1, 40)) }),
      random.chance(0.3) && fetchPatients(this.#thread, client, { ...request, signal }),
    ]);
  }

  /** Closed, or left to the garbage collector. */
  async shortLived() {
    const { random } = this.#thread;
    const { client, request } = this.#create();
    await getHeader(this.#thread, client, request);
    await fetchPatients(this.#thread, client, request);
    if (random.chance(0.5)) client.close();
  }

  /** Closed while its calls wait, and called again after that. */
  async closedMeanwhile() {
    const { random } = this.#thread;
    const { client, request } = this.#create();
    const calls = [
      getHeader(this.#thread, client, request),
      getToken(this.#thread, client, request),
      fetchPatients(this.#thread, client, request),
    ];
    await sleep(random.between(0, 30));
    client.close();
    await getHeader(this.#thread, client, request);
    await Promise.all(calls);
  }
}
