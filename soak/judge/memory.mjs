const MIB = 2 ** 20;
/** What the second half may add to the memory in use, by its trend. */
const ALLOWED_MIB = 6;
/** A run that is over in seconds is still warming up. */
const ALLOWED_WHILE_WARMING_UP_MIB = 48;
const WARM_UP_SECONDS = 60;

/**
 * @typedef {object} MemorySample
 * @property {number} rss
 * @property {number} unused of V8's heap: what it holds in reserve comes and goes by its own rules
 * @property {number} at
 */

/**
 * The trend of resident memory in use, over the second half of a run.
 *
 * @param {MemorySample[]} samples
 */
export function memoryGrowth(samples) {
  const half = samples.slice(Math.floor(samples.length / 2));
  if (half.length < 3) return { isExcessive: false, text: 'not measured' };
  const seconds = (half[half.length - 1].at - half[0].at) / 1000;
  const growth =
    (slope(
      half.map(({ at }) => at / 1000),
      half.map(({ rss, unused }) => (rss - unused) / MIB),
    ) ?? 0) * seconds;
  const text = `${growth >= 0 ? '+' : ''}${growth.toFixed(1)} MiB over the last ${seconds.toFixed(0)} s`;
  const allowed = seconds < WARM_UP_SECONDS ? ALLOWED_WHILE_WARMING_UP_MIB : ALLOWED_MIB;
  return { isExcessive: growth > allowed, text };
}

/** @param {{ rss: number }} sample */
export function mebibytes({ rss }) {
  return `${(rss / MIB).toFixed(0)} MiB`;
}

/** Of the line with the least squares. */
function slope(xs, ys) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(xs), mean(ys)];
  const covariance = xs.reduce((sum, x, index) => sum + (x - meanX) * (ys[index] - meanY), 0);
  const variance = xs.reduce((sum, x) => sum + (x - meanX) ** 2, 0);
  return covariance / variance;
}
