'use strict';

/** The oldest go first. */
const MAX_JTIS = 10_000;

/** Assertions that were accepted (RFC 7523 §3, item 7). */
class UsedJtis {
  /** @type {Map<string, number>} */
  #endOf = new Map();
  #now;

  /** @param {() => number} now seconds */
  constructor(now) {
    this.#now = now;
  }

  /**
   * @param {string} id
   * @param {number} exp until when it has to be remembered
   * @param {number} leewaySeconds for which an assertion is good beyond its exp
   * @returns {boolean} false: it was used before
   */
  use(id, exp, leewaySeconds) {
    const end = this.#endOf.get(id);
    if (end !== undefined && end + leewaySeconds > this.#now()) return false;
    this.#endOf.delete(id); // so that it is not among the oldest
    this.#endOf.set(id, Number.isFinite(exp) ? exp : Infinity);
    if (this.#endOf.size > MAX_JTIS) {
      const [oldest] = this.#endOf.keys();
      this.#endOf.delete(oldest);
    }
    return true;
  }

  clear() {
    this.#endOf.clear();
  }
}

module.exports = { UsedJtis };
