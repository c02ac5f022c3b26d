import { readFileSync } from 'node:fs';
import { cpus, release, totalmem, type } from 'node:os';
import { detailTable, markdownTable, rowsTable } from './report.mjs';
import { runtimes } from './runtimes.mjs';

/**
 * The page with the results of one run of all benchmarks.
 *
 * @param {Date} date
 * @param {{ title: string, rows: import('./report.mjs').Row[], tables: import('./report.mjs').Table[] }[]} found
 * @returns {string}
 */
export function resultsPage(date, found) {
  const rows = found.flatMap((figure) => figure.rows);
  return [
    '# Results',
    'Written by `npm run bench`, all in one run. [README.md](README.md) tells how they are measured.',
    machine(date),
    tally(rows),
    rowsTable(rows),
    ...found.flatMap(({ title, tables }) =>
      tables.length === 0 ? [] : [`## ${title}`, ...tables.map(detailTable)],
    ),
  ]
    .join('\n\n')
    .concat('\n');
}

/** @type {(rows: import('./report.mjs').Row[]) => string} */
export function tally(rows) {
  const count = (met) => rows.filter((row) => row.met === met).length;
  return `${count(true)} met, ${count(false)} missed.`;
}

function machine(date) {
  const processors = cpus();
  const gibibytes = Math.round(totalmem() / 2 ** 30);
  const ours = packageJson('../../package.json');
  const peers = Object.entries(packageJson('../package.json').dependencies);
  return markdownTable(
    ['', ''],
    [
      ['date', date.toISOString().slice(0, 10)],
      ['machine', `${processors.length} × ${processors[0].model.trim()}, ${gibibytes} GiB`],
      ['system', `${type()} ${release()}, ${process.arch}`],
      ['runtimes', runtimes.map(({ name }) => name).join(', ')],
      ['package', `${ours.name} ${ours.version}`],
      ['peers', peers.map(([name, version]) => `${name} ${version}`).join(', ')],
    ],
  );
}

function packageJson(path) {
  return JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
}
