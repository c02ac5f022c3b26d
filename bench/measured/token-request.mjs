import { keyClient, secretClient } from '../support/clients.mjs';
import { generateKey } from '../support/keys.mjs';
import { cpuSince, results, settings } from '../support/process.mjs';
import { measureInTurns } from '../support/rounds.mjs';
import { readToken } from '../support/token.mjs';

const { tokenEndpoint, authentication, peers, rounds, requests, concurrency } = settings();
const client =
  authentication === 'secret'
    ? secretClient(tokenEndpoint)
    : keyClient(tokenEndpoint, generateKey(authentication));

const candidates = {};
for (const peer of peers) {
  const { tokenRequest } = await import(`../peers/${peer}.mjs`);
  const slots = Array.from({ length: concurrency }, (_, slot) => tokenRequest(client, slot));
  candidates[peer] = await Promise.all(slots);
}

const costs = await measureInTurns(candidates, { rounds, warmUp: 3 }, async (slots, peer) => {
  // Nobody else asks: the numbers between the two are the round's.
  const first = readToken(await slots[0]()).number;
  const before = process.cpuUsage();
  await Promise.all(slots.map((request) => repeat(request, requests / concurrency)));
  const elapsed = cpuSince(before);
  const last = readToken(await slots[0]()).number;
  if (last - first - 1 !== requests)
    throw new Error(`${peer} made ${last - first - 1} requests, not ${requests}`);
  return elapsed / requests;
});
results(costs);

async function repeat(request, times) {
  for (let time = 0; time < times; time += 1) await request();
}
