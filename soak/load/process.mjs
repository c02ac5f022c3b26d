import { once } from 'node:events';
import { createHistogram } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { ownIdentity, roamingIdentities, sharedIdentities, specialIdentities } from '../plan.mjs';
import { Arrivals } from './arrivals.mjs';
import { Callers } from './callers.mjs';
import { getHeader } from './calls.mjs';
import { WorkerChurn } from './churn.mjs';
import { Client, registerKeystores } from './clients.mjs';
import { activeResources, collect, openFiles, openFilesFrom, openKinds } from './resources.mjs';
import { LoadThread } from './thread.mjs';
import { Traces } from './traces.mjs';

// The load of a soak: the process that uses the package. Its main thread holds the shared identities.

const CALLERS = 24;
const MEMORY_SAMPLES = 30;
const LONGEST_SAMPLING_MS = 10_000;
const SNAPSHOT_MS = 1000;
/** For token requests to end that nobody waits for any more. */
const TRACES_MS = 10_000;
/** For connections to end: Node's fetch keeps idle ones for some seconds. */
const FILES_MS = 30_000;

// Also when the judge was killed.
const abandon = () => process.exit(1);
process.once('disconnect', abandon);

const [{ config, keys, rate, durationMs }] = await once(process, 'message');
const latencies = createHistogram();
const thread = new LoadThread('main', { config, latencies, report: (record) => process.send(record) });
registerKeystores(keys);
const churn = new WorkerChurn(thread, { latencies });

await warmUp();
const before = { files: openFiles(), kinds: openKinds(), resources: activeResources() };
const traces = new Traces();
await carryLoad();
const untraced = await traces.close(TRACES_MS);
thread.stop();
await collect();
const files = await openFilesFrom(before.files, FILES_MS);
process.send({
  type: 'summary',
  tally: thread.tally.snapshot(),
  latencies: [50, 99, 99.9].map((part) => latencies.percentile(part)),
  files: { before: before.files, after: files, kinds: [before.kinds, openKinds()] },
  resources: { before: before.resources, after: activeResources() },
  openCalls: thread.openCalls,
  traces: { count: traces.count, open: untraced },
});
// From here on nothing is left that should keep the process.
process.off('disconnect', abandon);
process.disconnect();

/** What the process keeps for good, the addon's I/O thread and Node's own pools, is there after this. */
async function warmUp() {
  await callOnce();
  await Promise.all([churn.runOne({ isAlone: true }), churn.runOne({ isAlone: true })]);
  // Connections end with whom they were for; what is left when that has come to rest is the measure.
  let last;
  do {
    last = openFiles();
    await collect();
    await sleep(1000);
  } while (last !== null && openFiles() < last);
}

/** On its own: a function that waits for something else would still hold its client. */
async function callOnce() {
  const client = new Client(thread, ownIdentity(0, 1, thread.random));
  await getHeader(thread, client, { fhirBaseUrl: client.bases[0] });
  client.close();
}

async function carryLoad() {
  const { idle, idleKey, hookThrows, hookPasses, hookSupplies, hookBare, ...special } = specialIdentities();
  const shared = sharedIdentities();
  const clients = [
    ...[...shared, ...shared, ...Object.values(special)].map((identity) => new Client(thread, identity)),
    new Client(thread, roamingIdentities()),
    new Client(thread, hookThrows, 'throws'),
    new Client(thread, hookPasses, 'passes'),
    new Client(thread, hookSupplies, 'supplies'),
    new Client(thread, hookBare, 'bare'),
  ];
  const idlers = [idle, idleKey].map((identity) => new Client(thread, identity));
  // Each client's first token: from then on it holds its sources.
  const all = [...clients, ...idlers].flatMap((client) => client.bases.map((base) => [client, base]));
  await Promise.all(all.map(([client, fhirBaseUrl]) => getHeader(thread, client, { fhirBaseUrl })));

  const forgetful = clients.find((client) => client.identityAt(client.bases[0]) === special.forgetful);
  const forgetting = setInterval(() => forgetful.interceptor.invalidate(), 700);
  const snapshot = () => process.send({ type: 'snapshot', tally: thread.tally.snapshot() });
  const snapshots = setInterval(snapshot, SNAPSHOT_MS);
  const callers = new Callers(thread, { clients, identities: shared, count: CALLERS });
  const arrivals = new Arrivals(thread, { clients, rate });
  churn.resume();
  const end = Date.now() + durationMs;
  const pauseMs = Math.min(LONGEST_SAMPLING_MS, durationMs / MEMORY_SAMPLES);
  while (Date.now() < end) {
    await sleep(Math.min(pauseMs, end - Date.now()));
    // Workers come and go with memory of their own: it is measured when there is none.
    await churn.pause();
    await collect();
    const { rss, heapUsed } = process.memoryUsage();
    // `heapTotal` has pages that were not touched yet, which are not in `rss` either.
    const unused = getHeapStatistics().total_physical_size - heapUsed;
    process.send({ type: 'memory', rss, unused, at: Date.now() });
    churn.resume();
  }
  await churn.pause();
  clearInterval(forgetting);
  clearInterval(snapshots);
  await Promise.all([callers.stop(), arrivals.stop()]);
  for (const client of [...clients, ...idlers]) client.close();
}
