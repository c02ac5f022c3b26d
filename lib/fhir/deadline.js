'use strict';

const { isSignal, whenAborted } = require('../abort-listeners.js');

/** What setTimeout can count to. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * One signal for a call: aborted with the reason of any of its signals, or with `timeUp()` when the time is up.
 * AbortSignal.any would do, but Node before 20.3 lacks it.
 *
 * @param {readonly (AbortSignal | undefined | null)[]} signals
 * @param {number} timeoutMs 0: no limit
 * @param {() => Error} timeUp
 */
function startDeadline(signals, timeoutMs, timeUp) {
  const controller = new AbortController();
  /** @type {(() => void)[]} */
  const ends = [];
  const end = () => {
    for (const one of ends) one();
  };
  try {
    for (const signal of signals) {
      if (signal === undefined || signal === null) continue;
      if (!isSignal(signal)) throw new TypeError('signal: expected an AbortSignal');
      const forward = () => controller.abort(reasonOf(signal));
      if (signal.aborted) forward();
      else ends.push(whenAborted(signal, forward));
    }
  } catch (error) {
    // Those that were good until then.
    end();
    throw error;
  }
  if (timeoutMs > 0) {
    const timer = setTimeout(() => controller.abort(timeUp()), Math.min(timeoutMs, LONGEST_MS));
    ends.push(() => clearTimeout(timer));
  }
  const { signal } = controller;
  return {
    signal,
    /**
     * For work that knows nothing of signals. None is begun when it is too late.
     *
     * @template T
     * @param {() => Promise<T>} work
     * @returns {Promise<T>}
     */
    race(work) {
      if (signal.aborted) return Promise.reject(signal.reason);
      return new Promise((resolve, reject) => {
        const abort = () => reject(signal.reason);
        signal.addEventListener('abort', abort, { once: true });
        work()
          .then(resolve, reject)
          .finally(() => signal.removeEventListener('abort', abort));
      });
    },
    end,
  };
}

/** @param {AbortSignal} signal */
function reasonOf(signal) {
  try {
    return signal.reason;
  } catch (error) {
    // The getter's, of a signal that is none.
    return error;
  }
}

module.exports = { startDeadline };
