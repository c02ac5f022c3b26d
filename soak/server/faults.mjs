import { FAULT_RATES } from '../options.mjs';

/** `Retry-After` in seconds: none, waits that the client takes, and one that is longer than it takes. */
const WAITS = { 0: 60, 1: 25, 2: 10, 120: 5 };
const LONGEST_WAIT_TAKEN = 60;
/** Of the waits, those that are said as a date. */
const DATES = 0.3;

/**
 * What happens to one token request.
 *
 * @typedef {object} Fault
 * @property {'none' | 'server error' | 'reset before the answer' | 'end before the answer'
 *   | 'reset in the answer'} kind
 * @property {number} [status]
 * @property {number} [waitSeconds] that the server asks for
 * @property {boolean} [asDate]
 *
 * @param {import('../random.mjs').Random} random
 * @returns {Fault}
 */
export function chooseFault(random) {
  const chance = random.number();
  if (chance < FAULT_RATES.serverError) {
    return {
      kind: 'server error',
      status: random.pick([500, 502, 503]),
      waitSeconds: Number(random.weighted(WAITS)),
      asDate: random.chance(DATES),
    };
  }
  if (chance < FAULT_RATES.serverError + FAULT_RATES.reset) {
    return { kind: random.pick(['reset before the answer', 'end before the answer', 'reset in the answer']) };
  }
  return { kind: 'none' };
}

/**
 * What the answer to a server error says, and what the client makes of it.
 *
 * @param {Fault} fault
 */
export function retryAfter({ waitSeconds, asDate }) {
  if (waitSeconds === 0) return { headers: {} };
  const retryAt = Date.now() + waitSeconds * 1000;
  const date = new Date(retryAt).toUTCString();
  return {
    headers: { 'retry-after': asDate ? date : String(waitSeconds) },
    // A date has no milliseconds.
    retryAt: asDate ? Date.parse(date) : retryAt,
    givesUp: waitSeconds > LONGEST_WAIT_TAKEN,
  };
}

/**
 * Most answers come soon, some late.
 *
 * @param {import('../random.mjs').Random} random
 */
export function latencyMs(random) {
  return random.chance(0.1) ? random.between(100, 400) : random.between(1, 20);
}
