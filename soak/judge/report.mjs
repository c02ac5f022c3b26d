import { ALLOWED } from '../tally.mjs';
import { mebibytes, memoryGrowth } from './memory.mjs';

/** @param {import('./judge.mjs').Judge} judge */
export function progressLine(judge, elapsedMs) {
  const { tally, counts, faults, memory } = judge;
  const rss = memory.length > 0 ? mebibytes(memory[memory.length - 1]) : '–';
  return [
    `${Math.round(elapsedMs / 1000)} s`.padStart(6),
    `${tally.calls ?? 0} calls`,
    `${counts['token requests']} token requests`,
    `${sum(faults)} faults`,
    `${tally['workers started'] ?? 0} workers`,
    rss,
    `${judge.violationCount} violations`,
  ].join('  ');
}

/**
 * The closing table.
 *
 * @param {import('./judge.mjs').Judge} judge
 * @param {object | null} summary
 * @param {number} durationMs
 */
export function closingTable(judge, summary, durationMs) {
  const perSecond = (number) => `${number}, ${((number * 1000) / durationMs).toFixed(0)}/s`;
  const { tally, counts, faults, memory } = judge;
  const middle = memory[Math.floor(memory.length / 2)];
  const rows = [
    ['calls', perSecond(tally.calls)],
    ['headers handed out', tally.headers],
    ['fetches answered 200', perSecond(tally['fetches answered 200'])],
    ...ALLOWED.map((name) => [`allowed: ${name}`, tally[name]]),
    ['violations', judge.violationCount],
    ['lost with their worker', tally.calls - tally.settled],
    ...Object.entries(counts),
    ...Object.entries(faults).map(([name, number]) => [`fault: ${name}`, number]),
    ['interceptors created', tally['interceptors created']],
    ['workers started', tally['workers started']],
    ['workers terminated', tally['workers terminated']],
    ['workers that left', tally['workers that left']],
  ];
  if (memory.length > 0) {
    rows.push([
      'RSS at start, middle, end',
      [memory[0], middle, memory[memory.length - 1]].map(mebibytes).join(', '),
    ]);
    rows.push(['RSS in use, second half', memoryGrowth(memory).text]);
  }
  if (summary !== null) {
    const { latencies, traces, files, resources } = summary;
    rows.push(['attempts traced by the main thread', traces.count]);
    rows.push([
      'a call took, p50, p99, p99.9',
      latencies.map((us) => `${(us / 1000).toFixed(2)} ms`).join(', '),
    ]);
    rows.push(['open files at start, end', `${files.before ?? '–'}, ${files.after ?? '–'}`]);
    rows.push(['active resources at start', listed(resources.before)]);
    rows.push(['active resources at end', listed(resources.after)]);
  }
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function listed(counts) {
  const entries = Object.entries(counts).map(([type, number]) => `${number} × ${type}`);
  return entries.join(', ') || 'none';
}

function sum(counts) {
  return Object.values(counts).reduce((total, number) => total + number, 0);
}
