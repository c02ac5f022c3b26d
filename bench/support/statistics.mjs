/**
 * A figure with its spread: the middle half of what was measured.
 *
 * @typedef {{ value: number, low: number, high: number }} Measure
 */

/** @type {(values: number[] | Float64Array, part: number) => number} */
export function quantile(values, part) {
  if (values.length === 0) throw new Error('nothing was measured');
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)];
}

/** @type {(values: number[]) => number} */
export function median(values) {
  return quantile(values, 0.5);
}

/** @type {(values: number[]) => Measure} */
export function summary(values) {
  return { value: median(values), low: quantile(values, 0.25), high: quantile(values, 0.75) };
}

/**
 * The ratio of the medians, with the middle half of the ratios within each round: what else the machine did in
 * one round met both.
 *
 * @param {number[]} costs by round
 * @param {number[]} reference by round
 * @returns {Measure}
 */
export function ratio(costs, reference) {
  const { low, high } = summary(costs.map((cost, round) => cost / reference[round]));
  return { value: median(costs) / median(reference), low, high };
}
