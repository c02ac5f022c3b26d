'use strict';

/** A proxy can have prototypes without end. */
const LONGEST_CHAIN = 64;

// As it was when the package was loaded.
const { getPrototypeOf, hasOwn } = Object;

/**
 * True where the object or its class has the member. What every object inherits was not given: libraries put things
 * there, and attackers (prototype pollution). The native side has the same rule for options.
 *
 * @param {object} object
 * @param {PropertyKey} name
 */
function isGiven(object, name) {
  if (hasOwn(object, name)) return true;
  let holder = getPrototypeOf(object);
  for (let depth = 0; holder !== null && depth < LONGEST_CHAIN; depth++) {
    const next = getPrototypeOf(holder);
    if (next === null) return false;
    if (hasOwn(holder, name)) return true;
    holder = next;
  }
  return false;
}

/**
 * Read once: what is looked at is what is used, whatever a getter says the next time.
 *
 * @param {object} object
 * @param {string} name
 * @returns {any} undefined where it was not given
 */
function givenMember(object, name) {
  const value = /** @type {Record<string, unknown>} */ (object)[name];
  return value === undefined || isGiven(object, name) ? value : undefined;
}

module.exports = { givenMember, hasOwn, isGiven };
