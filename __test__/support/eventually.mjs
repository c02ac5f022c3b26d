import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 20;

/**
 * Calls until it gets something truthy, which it returns; a throw counts as not yet. Gives up with the last
 * thing it saw after far longer than anything here takes.
 *
 * @template T
 * @param {() => T | Promise<T>} attempt
 * @param {number} [limitMs]
 * @returns {Promise<T>}
 */
export async function eventually(attempt, limitMs = 30_000) {
  const end = Date.now() + limitMs;
  let last;
  do {
    try {
      last = await attempt();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await sleep(INTERVAL_MS);
  } while (Date.now() < end);
  throw new Error('it never came to that', { cause: last });
}
