import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyClient } from '../support/clients.mjs';
import { generateKey } from '../support/keys.mjs';
import { results, settings } from '../support/process.mjs';
import { readToken } from '../support/token.mjs';

/** The timer's own interval, which each of its delays contains. */
const RESOLUTION_MS = 1;
const PAUSE_MS = 100;

const { tokenEndpoint, peer, clients, storms } = settings();
const { tokenRequest } = await import(`../peers/${peer}.mjs`);
const key = generateKey('RSA-4096');
const requests = await Promise.all(
  Array.from({ length: clients }, (_, index) =>
    tokenRequest(keyClient(tokenEndpoint, key, `client-${index}`), index),
  ),
);

// Opens the connections, which are kept.
await storm();
const measurements = [];
for (let count = 0; count < storms; count += 1) {
  measurements.push({ ...(await delays()), ...(await busyTime()) });
}
results(measurements);

async function storm() {
  const tokens = await Promise.all(requests.map((request) => request()));
  const numbers = new Set(tokens.map((token) => readToken(token).number));
  if (numbers.size !== clients) throw new Error(`${numbers.size} tokens for ${clients} clients`);
}

async function delays() {
  await sleep(PAUSE_MS);
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  await sleep(10 * RESOLUTION_MS);
  const start = performance.now();
  await storm();
  const wall = performance.now() - start;
  await sleep(10 * RESOLUTION_MS);
  delay.disable();
  return { p99: delay.percentile(99) / 1e6 - RESOLUTION_MS, max: delay.max / 1e6 - RESOLUTION_MS, wall };
}

/** In a storm of its own, because watching the delays keeps the thread busy as well. */
async function busyTime() {
  await sleep(PAUSE_MS);
  const utilization = performance.eventLoopUtilization();
  const cpu = threadCpu();
  await storm();
  return { busy: performance.eventLoopUtilization(utilization).active, cpu: threadCpu() - cpu };
}

/** Milliseconds on a processor of the thread that runs JavaScript; NaN where the system does not tell. */
function threadCpu() {
  try {
    return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return Number.NaN;
  }
}
