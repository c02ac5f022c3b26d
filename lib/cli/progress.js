'use strict';

const INTERVAL_MS = 1000;
const USUAL_COLUMNS = 80;
const CLEAR_LINE = '\r\u001b[K';

/**
 * A line at the end of a terminal that says what is going on, and steps aside for what is written. Elsewhere
 * there is no such line.
 *
 * @param {NodeJS.WritableStream & { isTTY?: boolean, columns?: number }} stream
 * @param {(seconds: number) => string} describe
 */
function startProgress(stream, describe) {
  if (stream.isTTY !== true) {
    return { write: (/** @type {string} */ text) => void stream.write(text), end() {} };
  }
  const startedAt = performance.now();
  let isShown = false;
  const clear = () => {
    if (isShown) stream.write(CLEAR_LINE);
    isShown = false;
  };
  const show = () => {
    const seconds = Math.floor((performance.now() - startedAt) / 1000);
    // A line that wraps could not be taken back.
    stream.write(CLEAR_LINE + describe(seconds).slice(0, (stream.columns ?? USUAL_COLUMNS) - 1));
    isShown = true;
  };
  const timer = setInterval(show, INTERVAL_MS);
  // A script that waits for nothing is over.
  timer.unref();
  return {
    /** @param {string} text */
    write(text) {
      clear();
      stream.write(text);
    },
    end() {
      clearInterval(timer);
      clear();
    },
  };
}

module.exports = { startProgress };
