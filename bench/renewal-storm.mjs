import { measured } from './support/measured.mjs';
import { peerName } from './support/peers.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { node, nodes } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// 500 clients with RSA-4096 keys renew at once: how late the event loop's timers are meanwhile, and how long
// JavaScript's thread is busy.

const PEERS = ['this-package', 'openid-client'];
const PROCESSES = 2;
const SETTINGS = { clients: 500, storms: 3 };

const endpoint = await startTokenEndpoint();
const rows = [];
const tables = [];
for (const runtime of nodes) {
  const storms = Object.fromEntries(PEERS.map((peer) => [peer, []]));
  for (let count = 0; count < PROCESSES; count += 1) {
    for (const peer of PEERS) {
      storms[peer].push(
        ...(await measured('renewal-storm.mjs', { ...SETTINGS, peer }, { endpoint, runtime })),
      );
    }
  }
  const column = (peer, name) => storms[peer].map((storm) => storm[name]);
  const [ours, reference] = PEERS;
  const beside = `500 RSA-4096 clients renew at once, ${runtime.name}`;
  rows.push(
    row(`${beside}: event-loop delay, p99`, summary(column(ours, 'p99')), {
      atMost: 5,
      unit: 'ms',
      digits: 1,
    }),
    row(`${beside}: event-loop delay, max`, summary(column(ours, 'max')), {
      atMost: 10,
      unit: 'ms',
      digits: 1,
    }),
    row(
      `${beside}: JavaScript thread busy ÷ openid-client`,
      ratio(column(ours, 'busy'), column(reference, 'busy')),
      { atMost: runtime === node ? 0.05 : 0.09, digits: 3 },
    ),
  );
  tables.push({
    title: beside,
    columns: [
      'candidate',
      'delay p99, ms',
      'delay max, ms',
      'thread busy, ms',
      'thread CPU, ms',
      'until all have renewed, ms',
    ],
    lines: PEERS.map((peer) => [
      peerName(peer),
      ...['p99', 'max', 'busy', 'cpu', 'wall'].map((name) => withSpread(summary(column(peer, name)), 1)),
    ]),
  });
}
await endpoint.stop();
report({ title: 'Renewal storm', rows, tables });
