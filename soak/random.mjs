/**
 * Numbers that a seed repeats. What a run does follows from its seed; when it does it also depends on the
 * machine.
 */
export class Random {
  #state;

  /** @param {string} seed any text: each part of a run has numbers of its own */
  constructor(seed) {
    // FNV-1a.
    this.#state = 0x811c9dc5;
    for (const character of seed) {
      this.#state = Math.imul(this.#state ^ character.charCodeAt(0), 0x01000193);
    }
  }

  /** From 0 up to, but not, 1: mulberry32. */
  number() {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** @param {number} probability */
  chance(probability) {
    return this.number() < probability;
  }

  /**
   * @param {number} low
   * @param {number} high
   */
  between(low, high) {
    return low + this.number() * (high - low);
  }

  /**
   * An integer, both ends included.
   *
   * @param {number} low
   * @param {number} high
   */
  integer(low, high) {
    return Math.floor(this.between(low, high + 1));
  }

  /**
   * @template T
   * @param {readonly T[]} list
   * @returns {T}
   */
  pick(list) {
    return list[this.integer(0, list.length - 1)];
  }

  /**
   * A key of the object, as often as its weight says.
   *
   * @param {Record<string, number>} weights
   */
  weighted(weights) {
    const entries = Object.entries(weights);
    let left = this.number() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      left -= weight;
      if (left < 0) return name;
    }
    return entries[entries.length - 1][0];
  }
}
