'use strict';

const { inspect } = require('node:util');

const LEVELS = /** @type {const} */ (['trace', 'debug', 'info', 'warn', 'error']);

/** @typedef {typeof LEVELS[number]} Level */

/**
 * Smile's `Log`.
 *
 * @param {(line: string) => void} write
 * @param {Level} least what is below is left out
 */
function createLog(write, least) {
  /** @param {Level} level */
  const at = (level) => {
    const isWanted = LEVELS.indexOf(level) >= LEVELS.indexOf(least);
    /** @param {...unknown} parts */
    return (...parts) => {
      if (isWanted) write(`${level.toUpperCase().padEnd(5)} ${parts.map(textOf).join(' ')}\n`);
    };
  };
  return Object.freeze({
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
  });
}

/** @param {unknown} part */
function textOf(part) {
  return typeof part === 'string' ? part : inspect(part);
}

module.exports = { LEVELS, createLog };
