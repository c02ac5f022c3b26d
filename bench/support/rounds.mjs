/**
 * Measures the candidates in turns, so that whatever else the machine does meets all of them alike. Garbage
 * is left to the engine: collections forced between the rounds made the JavaScript clients' token requests up
 * to 1.8 times as expensive, and this package's not.
 *
 * @template C
 * @param {Record<string, C>} candidates by name
 * @param {{ rounds: number, warmUp?: number }} options `warmUp` rounds come first and are not counted
 * @param {(candidate: C, name: string) => number | Promise<number>} measure
 * @returns {Promise<Record<string, number[]>>} what was measured of each candidate, by round
 */
export async function measureInTurns(candidates, { rounds, warmUp = 0 }, measure) {
  const entries = Object.entries(candidates);
  const measured = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = 0; round < warmUp + rounds; round += 1) {
    for (let turn = 0; turn < entries.length; turn += 1) {
      // Another one first each time.
      const [name, candidate] = entries[(turn + round) % entries.length];
      const value = await measure(candidate, name);
      if (round >= warmUp) measured[name].push(value);
    }
  }
  return measured;
}
