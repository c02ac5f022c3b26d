import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { node } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';
import { startTokenEndpoint } from './support/token-endpoint.mjs';

// What a pre-token hook costs: the way from the core to JavaScript and back, and what its presence adds to a
// cached header.
//
// The way itself cannot be seen from JavaScript. An acquisition whose hook supplies a bare token is that way and
// the one from the caller into the core and back, and nothing else: it is the upper bound that is judged.

const SETTINGS = { rounds: 31, acquisitions: 2_000, inFlight: 100, calls: 50_000 };

const endpoint = await startTokenEndpoint();
const { acquisitions, cached } = await measured('pre-token-hook.mjs', SETTINGS, { endpoint });
const requests = await endpoint.issued();
// Without a hook, and with the one that lets the flow go on.
if (requests !== 2) throw new Error(`${requests} token requests, not 2`);
await endpoint.stop();

const without = cached['no hook'];
report({
  title: 'Pre-token hook',
  rows: [
    row(
      `an acquisition whose hook supplies the token, 100 in flight, ${node.name}`,
      summary(acquisitions.loaded),
      {
        atMost: 30,
        unit: 'µs',
        digits: 1,
      },
    ),
    row(
      `an acquisition whose hook supplies the token, one at a time, ${node.name}`,
      summary(acquisitions.idle),
      {
        atMost: 100,
        unit: 'µs',
        digits: 1,
      },
    ),
    ...Object.entries(cached)
      .slice(1)
      .map(([name, costs]) =>
        row(`cached header, ${name} ÷ no hook, ${node.name}`, ratio(costs, without), { atMost: 1.1 }),
      ),
  ],
  tables: [
    {
      title: `A cached header with a hook registered, ${node.name}`,
      columns: ['candidate', 'ns CPU a call', '÷ no hook'],
      lines: Object.entries(cached).map(([name, costs]) => [
        name,
        withSpread(summary(costs), 0),
        withSpread(ratio(costs, without)),
      ]),
    },
  ],
});
