import { parentPort, workerData } from 'node:worker_threads';
import { ownIdentity, sharedIdentities } from '../plan.mjs';
import { Callers } from './callers.mjs';
import { getHeader } from './calls.mjs';
import { Client } from './clients.mjs';
import { LoadThread } from './thread.mjs';
import { Traces } from './traces.mjs';

// A worker of the load: shared identities and its own. It is terminated at any time, or told to leave.

const CALLERS = 4;
const HOOKS = ['passes', 'throws', 'supplies', 'bare', 'hangs'];

const { number, isAlone, config, tally, latencies } = workerData;
const thread = new LoadThread(`worker ${number}`, {
  ...{ config, tally, latencies },
  report: (record) => parentPort.postMessage(record),
});
const { random } = thread;
// Some threads have telemetry.
if (random.chance(0.3)) new Traces();

const own = [1, 2].map((index) => ownIdentity(number, index, random));
const shared = isAlone ? own : sharedIdentities();
const clients = [
  ...own.map((identity) => new Client(thread, identity)),
  ...[1, 2, 3].map(() => new Client(thread, random.pick(shared))),
  new Client(thread, ownIdentity(number, 3, random), random.pick(HOOKS.slice(0, -1))),
];
// Its hook never answers: it is pending when the worker is terminated, and told to stop when it leaves.
const stuck = new Client(thread, ownIdentity(number, 4, random), 'hangs');
const stuckCall = getHeader(thread, stuck, { fhirBaseUrl: stuck.bases[0] });

// The own identities' first tokens: from then on their clients hold them.
await Promise.all(
  own.map((_, index) => getHeader(thread, clients[index], { fhirBaseUrl: clients[index].bases[0] })),
);
const callers = new Callers(thread, { clients, identities: [...own, ...shared], count: CALLERS });

parentPort.once('message', async (fate) => {
  if (fate === 'exit') process.exit();
  await callers.stop();
  stuck.close();
  await stuckCall;
  // The others are left as they are: that must not keep the thread either.
  for (const client of clients.slice(0, 2)) client.close();
  thread.stop();
});
