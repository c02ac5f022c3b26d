import { Lag } from '../lag.mjs';
import { Random } from '../random.mjs';
import { Tally } from '../tally.mjs';
import { TokenMint } from '../token-mint.mjs';

/** Longer than any call may take, with all its attempts and waits. */
const HUNG_MS = 30_000;

/**
 * What the load of one thread is made of.
 *
 * @typedef {object} Config
 * @property {number} seed
 * @property {string} mintKey
 * @property {string} ca
 * @property {string} fhirServer origin
 * @property {number} registersAt when the late clients are registered
 */
export class LoadThread {
  /** @type {Map<object, number>} calls under way, with their start */
  #open = new Map();
  #watch;

  /**
   * @param {string} name
   * @param {object} parts
   * @param {Config} parts.config
   * @param {SharedArrayBuffer} [parts.tally]
   * @param {import('node:perf_hooks').RecordableHistogram} parts.latencies of all threads, in µs
   * @param {(record: object) => void} parts.report to the judge
   */
  constructor(name, { config, tally, latencies, report }) {
    this.name = name;
    this.config = config;
    this.tally = new Tally(tally);
    this.latencies = latencies;
    this.report = report;
    this.random = new Random(`${config.seed} ${name}`);
    this.mint = new TokenMint(config.mintKey);
    this.lag = new Lag();
    this.#watch = setInterval(() => this.#reportHung(), 1000).unref();
  }

  get openCalls() {
    return this.#open.size;
  }

  /** @param {object} call */
  opened(call) {
    this.tally.count('calls');
    this.#open.set(call, Date.now());
  }

  /** @param {object} call */
  settled(call) {
    this.tally.count('settled');
    this.#open.delete(call);
  }

  /**
   * Counted as well: the word of a thread that is terminated may be lost, its count is not.
   *
   * @param {keyof typeof import('../rules.mjs').RULES} rule
   * @param {string} text
   */
  violation(rule, text) {
    this.tally.count('violations');
    this.report({ type: 'violation', rule, text: `${this.name}: ${text}` });
  }

  stop() {
    this.lag.stop();
    clearInterval(this.#watch);
  }

  #reportHung() {
    const limit = Date.now() - HUNG_MS;
    for (const [call, startedAt] of this.#open) {
      if (startedAt > limit) continue;
      this.#open.delete(call);
      this.violation('settled', `${call} has not within ${HUNG_MS} ms`);
    }
  }
}
