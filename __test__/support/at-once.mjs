const MICROTASKS = 20;

/**
 * What a promise has come to without any turn of the event loop, so without an answer from anywhere; undefined
 * where it still waits.
 *
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | undefined>}
 */
export async function atOnce(promise) {
  let settled = false;
  const settle = () => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let turn = 0; turn < MICROTASKS && !settled; turn += 1) await null;
  return settled ? promise : undefined;
}
