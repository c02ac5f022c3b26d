'use strict';

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
  for (const signal of signals) {
    if (!signal) continue;
    const forward = () => controller.abort(signal.reason);
    if (signal.aborted) forward();
    else signal.addEventListener('abort', forward, { once: true });
    ends.push(() => signal.removeEventListener('abort', forward));
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
    end() {
      for (const end of ends) end();
    },
  };
}

module.exports = { startDeadline };
