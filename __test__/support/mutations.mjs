/**
 * Random choices that are the same in every run: what fails once fails again.
 *
 * @param {number} seed
 */
export function choicesFrom(seed) {
  let state = seed >>> 0;
  /** @param {number} limit */
  const below = (limit) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  /** @template T @param {readonly T[]} list */
  const oneOf = (list) => list[below(list.length)];
  return {
    below,
    oneOf,
    /**
     * Some of these texts, cut, doubled and joined anew.
     *
     * @param {readonly string[]} texts
     */
    mixtureOf(texts) {
      const parts = Array.from({ length: 1 + below(6) }, () => {
        const text = oneOf(texts);
        const [start, end] = [below(text.length + 1), below(text.length + 1)];
        return oneOf([text, text, text, text + text, text.slice(start), text.slice(0, end)]);
      });
      return parts.join(oneOf(['', '', ' ', '\t', ', ']));
    },
  };
}
