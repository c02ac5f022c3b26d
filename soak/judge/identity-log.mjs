import { isForgetful, isIdle } from '../plan.mjs';

/** How long attempts are kept for calls that are still to be judged. */
const KEPT_MS = 150_000;
/** From a request's start to its arrival, a new connection included. */
const WAY_MS = 750;
/** From an answer's start to its last reader. */
const DELIVERY_MS = 1000;
/** Between a call's start and the end of the flight that it joined, as the server saw that. */
const LATE_NEWS_MS = 1500;
const SHORTEST_COOL_DOWN_MS = 1000;
/** `renewal.failureCooldownSeconds` */
const LONGEST_COOL_DOWN_MS = 10_000;
const CLOCK_MS = 100;

/**
 * @typedef {import('../server/token-endpoint.mjs').Attempt} Attempt
 */

/** What the token endpoint did for one identity, and the rules about it. */
export class IdentityLog {
  /** @type {Attempt[]} in the order in which they ended */
  #attempts = [];
  /** @type {Map<number, number>} when a token was refused first */
  #refused = new Map();
  /** @type {(Attempt & { isReplacement: boolean }) | null} the last one that was delivered */
  #token = null;
  /** @type {Attempt | null} the last one that ended in a refusal of the client */
  #rejection = null;
  count = 0;
  rejections = 0;
  faults = 0;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /**
   * @param {Attempt} attempt
   * @returns {[rule: keyof typeof import('../rules.mjs').RULES, text: string] | null} the rule that it breaks
   */
  add(attempt) {
    const { outcome, endedAt } = attempt;
    const broken = this.#premature(attempt);
    this.count += 1;
    this.#attempts.push(attempt);
    while (this.#attempts[0].endedAt < endedAt - KEPT_MS) this.#attempts.shift();
    if (outcome === 'token') {
      this.#token = { ...attempt, isReplacement: this.#isReplacement(attempt) };
      if (this.#refused.size > 100) this.#refused = new Map([...this.#refused].slice(-50));
    } else if (outcome === 'rejected') {
      this.rejections += 1;
      this.#rejection = attempt;
    } else {
      this.faults += 1;
    }
    return broken;
  }

  /** @param {{ number: number, at: number }} refusal */
  refuse({ number, at }) {
    if (!this.#refused.has(number)) this.#refused.set(number, at);
  }

  /**
   * Why a call must not have failed, or null: its flight met nothing but faults, and there was no living token.
   *
   * @param {object} call
   * @returns {string | null}
   */
  unexcused({ code, status, attempts, configuredAttempts, startedAt, settledAt, mustHaveToken }) {
    const living = mustHaveToken ? this.#living(startedAt, settledAt) : null;
    if (living !== null) return living;
    if (code === 'ERR_PRE_TOKEN_HOOK') return null;
    for (const [index, last] of this.#attempts.entries()) {
      const heard = startedAt - LATE_NEWS_MS - 2 * last.lagMs;
      const isOver = Math.max(last.endedAt, patientUntil(last)) < heard;
      if (isOver || last.endedAt > settledAt) continue;
      const run = this.#attempts.slice(Math.max(0, index - attempts + 1), index + 1);
      const allFailed = run.length === attempts && run.every(({ outcome }) => isFault(outcome));
      const saysSo = code === 'ERR_SERVER' ? last.status === status : last.status === undefined;
      const hasTriedEnough = attempts === configuredAttempts || last.givesUp === true;
      if (allFailed && saysSo && hasTriedEnough) return null;
    }
    const near = this.#attempts.filter(
      ({ endedAt }) => endedAt > startedAt - 5000 && endedAt < settledAt + 1000,
    );
    const seen = near.map(({ outcome, endedAt }) => `${outcome} (${ago(endedAt, startedAt)})`);
    return `the server did not fail it ${attempts} times; it saw: ${seen.join(', ') || 'nothing'}`;
  }

  /**
   * A living token that a call could have had at once, instead of the one that was issued later.
   *
   * @param {object} call
   * @returns {string | null}
   */
  needlessWait({ number, startedAt, settledAt, mustHaveToken }) {
    const got = this.#attempts.find((attempt) => attempt.number === number);
    const hasWaited = got !== undefined && got.endedAt > startedAt + CLOCK_MS;
    return mustHaveToken && hasWaited ? this.#living(startedAt, settledAt, number) : null;
  }

  /**
   * Whether the client may have kept a token although it was refused.
   *
   * @param {number} number
   */
  wasReplacement(number) {
    return this.#attempts.some((attempt, index) => {
      if (attempt.number !== number) return false;
      const earlier = this.#attempts.slice(0, index).findLast(({ outcome }) => outcome === 'token');
      return earlier !== undefined && this.#refused.has(earlier.number);
    });
  }

  /**
   * More token requests than there can be reasons for.
   *
   * @param {number} elapsedMs
   */
  *excesses(elapsedMs) {
    const seconds = elapsedMs / 1000;
    if (isIdle(this.name) && this.count > 2 + this.faults) {
      yield ['idle', `${this.name} was asked for ${this.count} times, although nobody used it`];
    }
    // 1, 2, 4, 8, and then 10 s apart; a fault begins that anew.
    const rejections = 6 + seconds / 9 + 4 * this.faults;
    if (this.rejections > rejections) {
      yield ['memory', `${this.name} was rejected ${this.rejections} times in ${seconds.toFixed(0)} s`];
    }
  }

  #premature({ arrivedAt }) {
    const rejected = this.#rejection;
    if (rejected !== null && arrivedAt < rejected.endedAt + SHORTEST_COOL_DOWN_MS - CLOCK_MS) {
      return ['memory', `asked again ${arrivedAt - rejected.endedAt} ms after it was rejected`];
    }
    if (isForgetful(this.name)) return null;
    const last = this.#attempts.at(-1);
    if (last !== undefined && arrivedAt < patientUntil(last) - CLOCK_MS) {
      return ['patience', `asked again ${patientUntil(last) - arrivedAt} ms too early`];
    }
    const token = this.#token;
    if (token === null) return null;
    const age = arrivedAt - token.arrivedAt;
    const way = WAY_MS + 2 * token.lagMs;
    const refusedAt = this.#refused.get(token.number);
    if (refusedAt === undefined || refusedAt > arrivedAt) {
      return age < lifetimeMs(token) / 2 - way
        ? ['early', `asked again ${age} ms after token ${token.number}, which lives ${lifetimeMs(token)} ms`]
        : null;
    }
    return token.isReplacement && age < SHORTEST_COOL_DOWN_MS - way
      ? ['replacement', `asked again ${age} ms after token ${token.number}`]
      : null;
  }

  /** Nothing but a refusal explains that it was asked for so soon. */
  #isReplacement({ arrivedAt }) {
    const earlier = this.#token;
    if (earlier === null || !(this.#refused.get(earlier.number) <= arrivedAt)) return false;
    return arrivedAt < earlier.arrivedAt + lifetimeMs(earlier) / 2 - WAY_MS;
  }

  /**
   * The client's token, if it could be used all the time from one moment to another, in words.
   *
   * @param {number} from
   * @param {number} to
   * @param {number} [besides] another token than this
   * @returns {string | null}
   */
  #living(from, to, besides) {
    if (isForgetful(this.name)) return null;
    // Only the last one: it has taken the place of those before it, also where it was refused meanwhile.
    const token = this.#attempts.findLast(
      ({ outcome, endedAt, number }) => outcome === 'token' && endedAt < to && number !== besides,
    );
    if (token === undefined) return null;
    const slack = 2 * token.lagMs;
    const isThere = token.endedAt < from - DELIVERY_MS - slack;
    // To the client it ends earlier, by the way of its request.
    const isLiving = token.expiresAt > to + WAY_MS + slack && !(this.#refused.get(token.number) <= to);
    if (!isThere || !isLiving) return null;
    return `token ${token.number} lived from ${ago(token.endedAt, from)} to ${ago(token.expiresAt, from)}`;
  }
}

function isFault(outcome) {
  return outcome !== 'token' && outcome !== 'rejected';
}

/** For so long a `Retry-After` answers for the server. */
function patientUntil({ endedAt, retryAt = 0 }) {
  return Math.min(retryAt, endedAt + LONGEST_COOL_DOWN_MS);
}

function lifetimeMs({ arrivedAt, expiresAt }) {
  return expiresAt - arrivedAt;
}

function ago(at, reference) {
  return `${at - reference >= 0 ? '+' : ''}${at - reference} ms`;
}
