import { setTimeout as sleep } from 'node:timers/promises';
import { secretClient } from '../support/clients.mjs';
import { results, settings } from '../support/process.mjs';
import { quantile } from '../support/statistics.mjs';
import { readToken } from '../support/token.mjs';

const { tokenEndpoint, peer, inFlight, seconds, lifetimeMs, delayMs } = settings();
const { cachedHeader } = await import(`../peers/${peer}.mjs`);
const loop = await cachedHeader(secretClient(tokenEndpoint));

/** When each token that was seen ends, in milliseconds since the epoch. */
const ends = new Map();
// From the first token on: without any, everybody has to wait for it.
endOf(await loop(1));

// Kept apart from JavaScript's heap, so that collections stay short. There is a millisecond between two calls.
const most = inFlight * seconds * 1_000;
const starts = new Float64Array(most);
const latencies = new Float64Array(most);
const found = { calls: 0, failed: 0, late: 0, reasons: [] };

const stopAt = Date.now() + seconds * 1_000;
await Promise.all(Array.from({ length: inFlight }, use));
const during = latenciesDuringRenewals().sort();
results({
  ...found,
  tokens: ends.size,
  duringRenewals: during.length,
  p50: quantile(during, 0.5),
  p99: quantile(during, 0.99),
  p999: quantile(during, 0.999),
  max: during.at(-1),
});

/** Calls one after the other, with a moment for others in between. */
async function use() {
  for (let now = Date.now(); now < stopAt; now = Date.now()) {
    const start = performance.now();
    try {
      const header = await loop(1);
      starts[found.calls] = now;
      latencies[found.calls] = performance.now() - start;
      // The server's clock is this machine's.
      if (Date.now() >= endOf(header)) found.late += 1;
    } catch (error) {
      found.failed += 1;
      if (found.reasons.length < 5) found.reasons.push(String(error.message));
    }
    found.calls += 1;
    await sleep(1);
  }
}

/** Read once for each token. */
function endOf(header) {
  let end = ends.get(header);
  if (end === undefined) {
    end = readToken(header).end;
    ends.set(header, end);
  }
  return end;
}

/** Of the calls that began while the server was at work on a token, or went on until then. */
function latenciesDuringRenewals() {
  const begins = [...ends.values()].slice(1).map((end) => end - lifetimeMs);
  return latencies.slice(0, found.calls).filter((latency, call) => {
    const start = starts[call];
    return begins.some((begin) => start < begin + delayMs && start + latency >= begin);
  });
}
