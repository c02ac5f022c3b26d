import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareAddon, prepareDependencies, prepareTools, root } from './prepare.mjs';
import { run } from './run.mjs';

// Runs every benchmark and writes bench/RESULTS.md, or runs those whose names contain one of the arguments.

/** In the order of the results. */
const BENCHMARKS = [
  'cached-header',
  'token-request',
  'first-token',
  'renewal-storm',
  'require',
  'load',
  'memory',
  'pre-token-hook',
  'worker-threads',
  'steady-load',
];

const bench = join(root, 'bench');
const wanted = process.argv.slice(2);
const chosen = BENCHMARKS.filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)));
if (chosen.length === 0) {
  console.error(`No benchmark of that name: there are ${BENCHMARKS.join(', ')}.`);
  process.exit(1);
}

const ready =
  (await prepareTools()) &&
  (await prepareAddon()) &&
  (await prepareDependencies(bench, 'peers of the benchmarks'));
if (!ready) process.exit(1);

const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
const found = [];
for (const name of chosen) {
  const file = join(folder, `${name}.json`);
  process.env.SMART_M2M_BENCH_REPORT = file;
  const { ok } = await run(process.execPath, [join(bench, `${name}.mjs`)], { cwd: root });
  if (ok) found.push(JSON.parse(readFileSync(file, 'utf8')));
  else process.exitCode = 1;
}

// It reads the versions of what is only now installed.
const { resultsPage, tally } = await import('../bench/support/results.mjs');
console.log(tally(found.flatMap(({ rows }) => rows)));
// Only of one run: figures of different days do not belong in one table.
if (found.length === BENCHMARKS.length) {
  writeFileSync(join(bench, 'RESULTS.md'), resultsPage(new Date(), found));
  console.log('Written to bench/RESULTS.md.');
}
