import { stripVTControlCharacters } from 'node:util';

/**
 * How many tests passed and failed, read from what a test runner printed.
 *
 * @typedef {{ passed: number, failed: number }} Counts
 */

/** @type {(output: string) => Counts} a result line for each of cargo's test binaries */
export function cargoCounts(output) {
  const lines = [...plain(output).matchAll(/^test result: .* (\d+) passed; (\d+) failed;/gm)];
  return { passed: sum(lines.map((line) => line[1])), failed: sum(lines.map((line) => line[2])) };
}

/**
 * A line for each test, since the summary does not count what passed once something failed; what went wrong
 * outside of a test stands in the summary alone.
 *
 * @type {(output: string) => Counts}
 */
export function avaCounts(output) {
  const text = plain(output);
  const outside = text.matchAll(/^ {2}(\d+) (?:uncaught exception|unhandled rejection)s?$/gm);
  return {
    passed: [...text.matchAll(/^ +[✔√] /gm)].length,
    failed: [...text.matchAll(/^ +[✘×] \[fail\]/gm)].length + sum([...outside].map((line) => line[1])),
  };
}

/** @type {(output: string) => Counts} */
export function jestCounts(output) {
  const summary = /^Tests: +(.*)$/m.exec(plain(output))?.[1] ?? '';
  const count = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return { passed: count('passed'), failed: count('failed') };
}

function plain(output) {
  return stripVTControlCharacters(output).replaceAll('\r\n', '\n');
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + Number(number), 0);
}
