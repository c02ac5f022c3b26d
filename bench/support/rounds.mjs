import { cpus } from 'node:os';

const WARM_UP_ROUNDS = 5;

/**
 * Measures the candidates in turns, so that whatever else the machine does meets all of them alike. Garbage
 * is left to the engine: collections forced between the rounds made the JavaScript clients' token requests up
 * to 1.8 times as expensive, and this package's not.
 *
 * @template C
 * @param {C[]} candidates
 * @param {number} rounds
 * @param {(candidate: C) => Promise<number>} measure the cost of one operation, in one round
 * @returns {Promise<number[][]>} of each candidate, by round
 */
export async function measureInTurns(candidates, rounds, measure) {
  const costs = candidates.map(() => []);
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (let turn = 0; turn < candidates.length; turn += 1) {
      // Another one first each time.
      const index = (turn + round + WARM_UP_ROUNDS) % candidates.length;
      const cost = await measure(candidates[index]);
      if (round >= 0) costs[index].push(cost);
    }
  }
  return costs;
}

/**
 * One line a candidate: the median of its rounds, and its ratio to the first candidate as the median, and the
 * middle half, of the ratios within each round.
 *
 * @param {string} title
 * @param {string} unit
 * @param {string[]} names
 * @param {number[][]} costs
 */
export function printTable(title, unit, names, costs) {
  const width = Math.max(title.length, ...names.map((name) => name.length));
  const line = (name, cost, ratio, spread) =>
    `${name.padEnd(width)}  ${cost.padStart(10)}  ${ratio.padStart(5)}  ${spread}`.trimEnd();
  console.log(line(title, unit, 'ratio', 'middle half'));
  for (const [index, name] of names.entries()) {
    const cost = quantile(costs[index], 0.5).toFixed(0);
    const ratios = costs[index].map((value, round) => value / costs[0][round]);
    const [low, ratio, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2));
    console.log(line(name, cost, ratio, index === 0 ? '' : `${low}–${high}`));
  }
}

export function printMachine() {
  const [{ model }] = cpus();
  console.log(`Node ${process.version}, ${process.platform} ${process.arch}, ${cpus().length} × ${model}\n`);
}

function quantile(values, part) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * part)];
}
