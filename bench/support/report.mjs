import { writeFileSync } from 'node:fs';

/**
 * One line of the results: what was measured, next to what it must reach.
 *
 * @typedef {{ figure: string, bar: string, measured: string, met: boolean | null }} Row `met` null: reported
 *   beside, without a bar
 * @typedef {{ title: string, columns: string[], lines: string[][] }} Table
 */

/**
 * A measure, or a single value, judged by the most that it may be.
 *
 * @param {string} figure
 * @param {import('./statistics.mjs').Measure | number} measure
 * @param {{ atMost?: number, unit?: string, digits?: number }} [options]
 * @returns {Row}
 */
export function row(figure, measure, { atMost, unit = '', digits = 2 } = {}) {
  const suffix = unit === '' ? '' : ` ${unit}`;
  return {
    figure,
    bar: atMost === undefined ? '–' : `≤ ${atMost}${suffix}`,
    measured: `${typeof measure === 'number' ? measure.toFixed(digits) : withSpread(measure, digits)}${suffix}`,
    met: atMost === undefined ? null : (measure.value ?? measure) <= atMost,
  };
}

/**
 * A count judged by what it has to be.
 *
 * @param {string} figure
 * @param {number} count
 * @param {number} expected
 * @returns {Row}
 */
export function countRow(figure, count, expected) {
  return { figure, bar: String(expected), measured: String(count), met: count === expected };
}

/** @type {(measure: import('./statistics.mjs').Measure, digits?: number) => string} */
export function withSpread({ value, low, high }, digits = 2) {
  return `${value.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

/**
 * Shows what one benchmark found. `npm run bench` names a file as well, from which it writes the results of all.
 *
 * @param {{ title: string, rows: Row[], tables: Table[] }} found
 */
export function report(found) {
  console.log(markdown(found));
  const file = process.env.SMART_M2M_BENCH_REPORT;
  if (file !== undefined) writeFileSync(file, JSON.stringify(found));
}

/** @type {(found: { title: string, rows: Row[], tables: Table[] }) => string} */
function markdown({ title, rows, tables }) {
  return [`## ${title}`, rowsTable(rows), ...tables.map(detailTable)].join('\n\n').concat('\n');
}

/** @type {(rows: Row[]) => string} */
export function rowsTable(rows) {
  const verdict = (met) => (met === null ? '' : met ? 'met' : '**missed**');
  return markdownTable(
    ['figure', 'must reach', 'measured', ''],
    rows.map(({ figure, bar, measured, met }) => [figure, bar, measured, verdict(met)]),
  );
}

/** @type {(table: Table) => string} */
export function detailTable({ title, columns, lines }) {
  return `${title}:\n\n${markdownTable(columns, lines)}`;
}

/** Padded, so that it can be read as it stands. */
export function markdownTable(columns, lines) {
  const widths = columns.map((column, index) =>
    Math.max(3, column.length, ...lines.map((line) => line[index].length)),
  );
  const format = (cells) => `| ${cells.map((cell, index) => cell.padEnd(widths[index])).join(' | ')} |`;
  return [format(columns), format(widths.map((width) => '-'.repeat(width))), ...lines.map(format)].join('\n');
}
