import { installPackage } from './support/installed.mjs';
import { measured } from './support/measured.mjs';
import { report, row, withSpread } from './support/report.mjs';
import { measureInTurns } from './support/rounds.mjs';
import { node } from './support/runtimes.mjs';
import { ratio, summary } from './support/statistics.mjs';

// What loading the installed package and creating the first interceptor takes of the processor. A new process for
// every sample.

const from = installPackage();
const OURS = 'this package, require() and create()';
const REFERENCE = 'openid-client, import()';
const CANDIDATES = {
  [OURS]: ['load-this-package.cjs', { from, andCreate: true }],
  'this package, require()': ['load-this-package.cjs', { from, andCreate: false }],
  [REFERENCE]: ['load-openid-client.mjs', {}],
};

const cpu = await measureInTurns(CANDIDATES, { rounds: 31, warmUp: 1 }, ([script, settings]) =>
  measured(script, settings),
);

report({
  title: 'Loading',
  rows: [
    row(
      `require() and first create(), CPU ÷ openid-client's import, ${node.name}`,
      ratio(cpu[OURS], cpu[REFERENCE]),
      {
        atMost: 0.2,
      },
    ),
  ],
  tables: [
    {
      title: `Loading in a fresh process, ${node.name}`,
      columns: ['candidate', 'ms CPU', '÷ openid-client'],
      lines: Object.entries(cpu).map(([name, values]) => [
        name,
        withSpread(summary(values.map((value) => value / 1_000)), 1),
        withSpread(ratio(values, cpu[REFERENCE])),
      ]),
    },
  ],
});
