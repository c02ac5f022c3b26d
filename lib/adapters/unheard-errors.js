'use strict';

/**
 * Waits where the library does not listen to the body yet: a stream that fails meanwhile would end the process.
 * Whoever listens later finds it destroyed.
 *
 * @template T
 * @param {any} body
 * @param {() => Promise<T>} wait
 * @returns {Promise<T>}
 */
async function hearingErrorsOf(body, wait) {
  if (typeof body?.on !== 'function' || typeof body.off !== 'function') return wait();
  body.on('error', ignore);
  try {
    return await wait();
  } finally {
    body.off('error', ignore);
  }
}

function ignore() {}

module.exports = { hearingErrorsOf };
