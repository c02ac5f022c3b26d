import { stripVTControlCharacters } from 'node:util';

/**
 * What a test runner printed: how many tests passed and failed, and what it says of those that failed.
 *
 * @typedef {{ passed: number, failed: number, failures: string }} Results
 */

/** @type {(output: string) => Results} from a result line for each of cargo's test binaries */
export function cargoResults(output) {
  const text = plain(output);
  const lines = [...text.matchAll(/^test result: .* (\d+) passed; (\d+) failed;/gm)];
  const failures = [...text.matchAll(/^failures:\n\n(.*?)\n+failures:$/gms)];
  return {
    passed: sum(lines.map((line) => line[1])),
    failed: sum(lines.map((line) => line[2])),
    failures: failures.map(([, told]) => told.trim()).join('\n\n'),
  };
}

/**
 * From a line for each test, since the summary does not count what passed once something failed; what went wrong
 * outside of a test stands in the summary alone.
 *
 * @type {(output: string) => Results}
 */
export function avaResults(output) {
  const text = plain(output);
  const outside = text.matchAll(/^ {2}(\d+) (?:uncaught exception|unhandled rejection)s?$/gm);
  const failed = count(text, /^ +[✘×] \[fail\]/gm) + sum([...outside].map(([, number]) => number));
  const crossed = [...text.matchAll(/^ +[✘×] .*/gm)].map(([line]) => line);
  const summary = /.*^ {2}─\n(.*)/ms.exec(text)?.[1].trimEnd() ?? '';
  return {
    passed: count(text, /^ +[✔√] /gm),
    failed,
    failures: failed + crossed.length > 0 ? [...crossed, summary].join('\n') : '',
  };
}

/** @type {(output: string) => Results} */
export function jestResults(output) {
  const text = plain(output);
  const summary = /^Tests: +(.*)$/m.exec(text)?.[1] ?? '';
  const counted = (word) => Number(new RegExp(`(\\d+) ${word}`).exec(summary)?.[1] ?? 0);
  return {
    passed: counted('passed'),
    failed: counted('failed'),
    failures: /^ {2}● .*?(?=^Test Suites:)/ms.exec(text)?.[0].trimEnd() ?? '',
  };
}

function plain(output) {
  return stripVTControlCharacters(output).replaceAll('\r\n', '\n');
}

function count(text, pattern) {
  return [...text.matchAll(pattern)].length;
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + Number(number), 0);
}
