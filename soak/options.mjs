import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';

/** The chances of the faults, each for one request. */
export const FAULT_RATES = { serverError: 0.05, reset: 0.02, storm: 0.01 };

/**
 * `--minutes`, `--rate` (authorised requests per second besides what the callers do) and `--seed`, or `SOAK_MINUTES`,
 * `SOAK_RATE` and `SOAK_SEED`.
 *
 * @param {string[]} args
 * @param {Record<string, string | undefined>} env
 * @returns {{ minutes: number, rate: number, seed: number }}
 */
export function readOptions(args, env) {
  const text = /** @type {const} */ ({ type: 'string' });
  const { values } = parseArgs({ args, options: { minutes: text, rate: text, seed: text } });
  const minutes = Number(values.minutes ?? env.SOAK_MINUTES ?? 10);
  const rate = Number(values.rate ?? env.SOAK_RATE ?? 300);
  const seed = Number(values.seed ?? env.SOAK_SEED ?? randomInt(1_000_000));
  if (!(minutes > 0)) throw new Error('minutes: expected a number above 0');
  if (!(rate > 0)) throw new Error('rate: expected a number above 0');
  if (!Number.isSafeInteger(seed)) throw new Error('seed: expected an integer');
  return { minutes, rate, seed };
}
