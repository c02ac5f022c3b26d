import { measured } from './support/measured.mjs';
import { peerName } from './support/peers.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { node } from './support/runtimes.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// What an interceptor with a token of its own, 1,200 characters long, takes of the resident memory; whether that
// stays so over renewals; and how long a full garbage collection takes while so many are alive. A process for
// each line.

const OURS = 'this-package';
const WARM_UP = 200;
const RUNS = [
  { peer: OURS, count: 10_000, renewals: 10, atMostKiB: 6 },
  { peer: OURS, count: 100_000, renewals: 10, atMostKiB: 4, collectionAtMostMs: 50 },
  { peer: 'google-auth-library', count: 100_000, renewals: 0 },
  { peer: 'openid-client', count: 100_000, renewals: 0 },
];
/** How much more there may be after the last renewal than after the first. */
const FLAT = 1.03;

const rows = [];
const lines = [];
for (const { peer, count, renewals, atMostKiB, collectionAtMostMs } of RUNS) {
  const endpoint = await startTokenEndpoint();
  const settings = { peer, count, renewals, warmUp: WARM_UP };
  const options = { endpoint, flags: ['--expose-gc'] };
  const { empty, full, renewed } = await measured('memory.mjs', settings, options);
  // The peers answer themselves.
  const expected = peer === OURS ? WARM_UP + count * (1 + renewals) : 0;
  const requests = await endpoint.issued();
  if (requests !== expected) throw new Error(`${requests} token requests, not ${expected}`);
  await endpoint.stop();

  const perClient = (rss) => (rss - empty.rss) / count / 1_024;
  const kib = [full.rss, ...renewed].map(perClient);
  const number = count.toLocaleString('en');
  if (peer === OURS) {
    rows.push(
      row(`resident memory per interceptor, ${number} of them, ${node.name}`, range(kib), {
        atMost: atMostKiB,
        unit: 'KiB',
      }),
      row(
        `resident memory after ${renewals} renewals ÷ after the first, ${number} interceptors, ${node.name}`,
        range(renewed.map((rss) => rss / renewed[0])),
        { atMost: FLAT, digits: 3 },
      ),
    );
  }
  if (collectionAtMostMs !== undefined) {
    const figure = `a full garbage collection with ${number} interceptors alive, ${node.name}`;
    rows.push(row(figure, full.collection, { atMost: collectionAtMostMs, unit: 'ms', digits: 0 }));
  }
  lines.push([
    peerName(peer),
    number,
    (empty.rss / 2 ** 20).toFixed(0),
    kib.map((value) => value.toFixed(2)).join(' '),
    withSpread(empty.collection, 1),
    withSpread(full.collection, 1),
  ]);
}
report({
  title: 'Memory',
  rows,
  tables: [
    {
      title: `Resident memory and garbage collection, ${node.name}`,
      columns: [
        'candidate',
        'clients',
        'MiB without',
        'KiB a client: at first, and after each renewal',
        'collection without, ms',
        'collection with, ms',
      ],
      lines,
    },
  ],
});

/** The last of several that follow each other, with the least and the most. */
function range(values) {
  return { value: values.at(-1), low: Math.min(...values), high: Math.max(...values) };
}
