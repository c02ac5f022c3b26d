import { readdirSync } from 'node:fs';
import { getHeapStatistics } from 'node:v8';
import * as smartM2m from '@org/smart-m2m';
import * as fhirClient from '@org/smart-m2m/fhir-client';
import { ROWS } from '../reliability/leaks.rows.mjs';
import { ROWS as CALLS } from '../reliability/leaks-of-calls.rows.mjs';
import { KEPT } from './kept-rows.mjs';

// Does what a row says, and measures this process after every part of it. Prints the samples as JSON. Arguments: the
// row's name, and what it is told of the server.

const PARTS = 10;
/** Of these the first ones are not compared: allocators and caches fill. */
const WARM_UP = 2;

const [name, settings] = process.argv.slice(2).map((argument) => JSON.parse(argument));
const row = [...ROWS, ...CALLS, ...KEPT].find((row) => row.name === name);
const { options, silentEndpoint, answerEndpoint } = settings;

const once = await row.prepare({
  smartM2m,
  fhirClient,
  options,
  silentEndpoint,
  async answerAll() {
    await fetch(answerEndpoint, { method: 'POST' }).then((response) => response.text());
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
});
const calls = row.times / (row.atOnce ?? 1);
const part = Math.ceil(calls / PARTS);
const samples = [];
let number = 0;
for (let index = 0; index < PARTS; index += 1) {
  for (let done = 0; done < part; done += 1) {
    const result = once(number);
    if (result instanceof Promise) await result;
    number += 1;
  }
  const sample = await measure();
  if (index >= WARM_UP) samples.push(sample);
}
const { user, system } = process.cpuUsage();
console.log(JSON.stringify({ times: number * (row.atOnce ?? 1), samples, cpu: (user + system) / 1e6 }));
// Connections that are kept alive are no leak, and nobody waits for their end.
process.exit();

async function measure() {
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc();
    // Finalizers have turns of their own, and what the core drops is dropped on its threads.
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { rss, heapUsed } = process.memoryUsage();
  return {
    // What V8 holds in reserve comes and goes by rules of its own. `heapTotal` has pages that were not touched yet, which
    // are not in `rss` either.
    native: (rss - getHeapStatistics().total_physical_size) / 2 ** 20,
    heap: heapUsed / 2 ** 20,
    rss: rss / 2 ** 20,
    handles: process.getActiveResourcesInfo().filter((type) => type !== 'Timeout').length,
    // Where there is no /proc there is nothing to compare.
    files: process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0,
    keystores: smartM2m.Keystores.list().length,
  };
}
