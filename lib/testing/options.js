'use strict';

/**
 * @typedef {(value: any) => boolean} Test
 * @typedef {readonly [test: Test, expected: string]} Expectation what an option has to be, and that in words
 * @typedef {Record<string, Expectation>} OptionTable
 */

/**
 * What is written wrong is told at once: a mistyped option of a test would otherwise test nothing.
 *
 * @param {string} where for the message
 * @param {unknown} given
 * @param {OptionTable} known
 */
function checkOptions(where, given, known) {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new TypeError(`${where}: expected an object`);
  }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      throw new TypeError(`${where}: unknown option ${name}; known are ${Object.keys(known).join(', ')}`);
    }
    const [test, expected] = known[name];
    if (value !== undefined && !test(value)) throw new TypeError(`${where}: ${name}: expected ${expected}`);
  }
}

/** @type {(value: any) => boolean} */
const isText = (value) => typeof value === 'string' && value !== '';

/** @type {(value: any) => boolean} */
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/** @type {(test: Test) => Test} */
const listOf = (test) => (value) => Array.isArray(value) && value.every(test);

/** @type {(minimum: number) => Test} */
const isInteger = (minimum) => (value) => Number.isInteger(value) && value >= minimum;

/** @type {(words: readonly any[]) => Test} */
const oneOf = (words) => (value) => words.includes(value);

/** @type {Expectation} */
const FLAG = [(value) => typeof value === 'boolean', 'a boolean'];
/** @type {Expectation} */
const TEXT = [isText, 'a text'];
/** @type {Expectation} */
const OBJECT = [isObject, 'an object'];
/** @type {Expectation} */
const COUNT = [isInteger(0), 'an integer of 0 or more'];

module.exports = { COUNT, FLAG, OBJECT, TEXT, checkOptions, isInteger, isObject, isText, listOf, oneOf };
