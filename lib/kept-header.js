'use strict';

const { addon } = require('./addon.js');

/**
 * A header with its promise, and for how long both may be handed out again.
 *
 * @typedef {object} KeptHeader
 * @property {Promise<string> | null} promise null: nothing is kept
 * @property {number} cell of `epochs`, which moves when something happens to the token
 * @property {number} epoch
 * @property {number} wallEnd milliseconds
 * @property {number} monotonicEnd milliseconds
 */

/** @type {Readonly<KeptHeader>} */
const NOTHING_KEPT = Object.freeze({ promise: null, cell: 0, epoch: 0, wallEnd: 0, monotonicEnd: 0 });

/**
 * @param {import('./native.js').NativeHeader} cached
 * @returns {KeptHeader}
 */
function keep(cached) {
  return {
    promise: Promise.resolve(cached.header),
    cell: cached.cell,
    epoch: cached.epoch,
    wallEnd: cached.wallEndMs,
    monotonicEnd: cached.monotonicEndMs,
  };
}

/** A caller that makes up base URLs must not fill the memory; the core has the same bound. */
const MAX_KEPT_BASES = 4096;

/**
 * @param {Map<string, KeptHeader> | null} keptByBase
 * @param {string} fhirBaseUrl
 * @param {KeptHeader} kept
 */
function keepForBase(keptByBase, fhirBaseUrl, kept) {
  const all = keptByBase === null || keptByBase.size >= MAX_KEPT_BASES ? new Map() : keptByBase;
  return all.set(fhirBaseUrl, kept);
}

const { now } = Date;
const views = addon.hotPath();

/**
 * Milliseconds, of the clock that the core goes by: a program's tests may put another in the place of `Date`.
 *
 * @type {() => number}
 */
const wallClock = chooseClock(views);

/**
 * True while the kept header is what the core would give. The cell tells what has happened to the token; the
 * clocks tell of its end to a process that was frozen or suspended meanwhile, before any timer can.
 *
 * @type {(kept: KeptHeader) => boolean}
 */
const isCurrent = chooseCheck(views);

/**
 * @param {ReturnType<typeof import('./native.js').hotPath>} views
 * @returns {() => number}
 */
function chooseClock(views) {
  if (views === null) return now;
  const { clocks, readClocks } = views;
  return () => {
    readClocks();
    return clocks[0];
  };
}

/**
 * @param {ReturnType<typeof import('./native.js').hotPath>} views
 * @returns {(kept: KeptHeader) => boolean}
 */
function chooseCheck(views) {
  if (views === null) return () => false;
  const { epochs, clocks, readClocks } = views;
  if ('bun' in process.versions) {
    // There a native call costs more than Date.now(), and plain reads are hoisted out of loops. A wall clock
    // that was set back is no danger either: the core's timer moves the cell at the token's end.
    return ({ cell, epoch, wallEnd }) => Atomics.load(epochs, cell) === epoch && Date.now() < wallEnd;
  }
  return ({ cell, epoch, wallEnd, monotonicEnd }) => {
    // A plain read: the native call behind it keeps the engine from remembering what it read before.
    if (epochs[cell] !== epoch) return false;
    readClocks();
    return clocks[0] < wallEnd && clocks[1] < monotonicEnd;
  };
}

module.exports = { NOTHING_KEPT, isCurrent, keep, keepForBase, wallClock };
