import { setTimeout as sleep } from 'node:timers/promises';
import { secretClient } from '../support/clients.mjs';
import { results, settings } from '../support/process.mjs';
import { summary } from '../support/statistics.mjs';

// Runs with --expose-gc. This package asks the endpoint; the peers get their answers in the process, which takes
// less time and leaves them with the same in hand.

const TOKEN_LENGTH = 1_200;
const CONCURRENCY = 32;
let issued = 0;

const { tokenEndpoint, peer, count, renewals, warmUp } = settings();
const { keptToken, renew } = await import(`../peers/${peer}.mjs`);

// Code, connections and threads are there before anything is counted; what they served is not.
await renewAll(await keptTokens('warm-up', warmUp));
const empty = await settled();

const tokens = await keptTokens('client', count);
await renewAll(tokens);
const full = await settled();
const renewed = [];
for (let renewal = 0; renewal < renewals; renewal += 1) {
  await renewAll(tokens);
  renewed.push((await settled()).rss);
}
// Also keeps them alive until here.
if (tokens.length !== count) throw new Error(`${tokens.length} clients, not ${count}`);
results({ empty, full, renewed });

async function keptTokens(prefix, number) {
  const kept = [];
  for (let index = 0; index < number; index += 1) {
    kept.push(await keptToken(secretClient(tokenEndpoint, `${prefix}-${index}`), localResponse));
  }
  return kept;
}

/** Has each get a new token, some at a time. */
async function renewAll(kept) {
  let next = 0;
  const work = async () => {
    while (next < kept.length) {
      const token = kept[next];
      next += 1;
      await renew(token);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
}

function localResponse() {
  issued += 1;
  return Response.json({
    access_token: `${issued}.`.padEnd(TOKEN_LENGTH, 'x'),
    token_type: 'Bearer',
    expires_in: 3_600,
  });
}

/** Resident bytes once garbage has gone, and how long a full collection then takes, in milliseconds. */
async function settled() {
  const collections = [];
  for (let time = 0; time < 7; time += 1) {
    await sleep(20);
    const start = performance.now();
    globalThis.gc();
    collections.push(performance.now() - start);
  }
  return { rss: process.memoryUsage().rss, collection: summary(collections) };
}
