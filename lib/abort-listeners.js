'use strict';

/**
 * Who wants to hear of a signal, by signal: with one listener for all, because one each on a signal that many calls share
 * would draw Node's warning about too many listeners.
 *
 * @type {WeakMap<AbortSignal, { callbacks: Set<() => void>, onAbort: () => void }>}
 */
const groups = new WeakMap();

/**
 * @param {AbortSignal} signal not aborted yet
 * @param {() => void} callback which does not throw
 * @returns {() => void} no longer wants to hear of it
 */
function whenAborted(signal, callback) {
  const group = groups.get(signal) ?? open(signal);
  group.callbacks.add(callback);
  const stop = () => {
    group.callbacks.delete(callback);
    if (group.callbacks.size > 0 || groups.get(signal) !== group) return;
    groups.delete(signal);
    removeListener(signal, group.onAbort);
  };
  if (group.callbacks.size > 1) return stop;
  try {
    signal.addEventListener('abort', group.onAbort, { once: true });
  } catch (error) {
    stop();
    throw error;
  }
  return stop;
}

/** @param {AbortSignal} signal */
function open(signal) {
  /** @type {Set<() => void>} */
  const callbacks = new Set();
  const group = {
    callbacks,
    onAbort() {
      if (groups.get(signal) === group) groups.delete(signal);
      for (const callback of callbacks) callback();
      callbacks.clear();
    },
  };
  groups.set(signal, group);
  return group;
}

/**
 * @param {AbortSignal} signal
 * @param {() => void} onAbort finds nobody if it is called later
 */
function removeListener(signal, onAbort) {
  try {
    signal.removeEventListener('abort', onAbort);
  } catch {
    // Of a signal that is none: not what the caller asked for.
  }
}

/**
 * By its members: an AbortSignal of another realm is one too.
 *
 * @param {unknown} value
 * @returns {value is AbortSignal}
 */
function isSignal(value) {
  if (typeof value !== 'object' || value === null || !('aborted' in value)) return false;
  const { addEventListener, removeEventListener } = /** @type {Record<string, unknown>} */ (value);
  return typeof addEventListener === 'function' && typeof removeEventListener === 'function';
}

module.exports = { isSignal, whenAborted };
