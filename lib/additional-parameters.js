'use strict';

const { inspect } = require('node:util');
const { invalidConfig } = require('./client-auth-error.js');
const { isGiven } = require('./given-member.js');

/** As of every list of options, natively. */
const MOST_PARAMETERS = 1000;

class BasicNameValuePair {
  #value;

  /**
   * @param {string} name
   * @param {string} value
   */
  constructor(name, value) {
    if (typeof name !== 'string') throw invalidConfig('BasicNameValuePair: name: expected a string');
    if (typeof value !== 'string') throw invalidConfig('BasicNameValuePair: value: expected a string');
    /** @readonly */
    this.name = name;
    this.#value = value;
    Object.freeze(this);
  }

  /** No own property: inspect and JSON.stringify pass it by, for it may be a password (AdvancedMD's is). */
  get value() {
    return this.#value;
  }

  /**
   * As any object, except that no getter is called, whatever the options say.
   *
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    return inspect(this, { ...options, customInspect: false, getters: false });
  }
}

/**
 * Every accepted form as [name, value] pairs, order and repetitions kept. Whether names and values are usable
 * is checked natively; here only the shape, and no message ever shows a value.
 *
 * @param {unknown} parameters
 * @returns {[name: unknown, value: unknown][]}
 */
function normalizeAdditionalParameters(parameters) {
  if (typeof parameters === 'object' && parameters !== null) {
    if (isGiven(parameters, Symbol.iterator)) {
      return pairsOf(/** @type {Iterable<unknown>} */ (parameters));
    }
    if (isRecord(parameters)) return Object.entries(parameters);
  }
  throw invalidConfig('additionalParameters: expected an iterable of name/value pairs or a plain object');
}

/** @param {Iterable<unknown>} parameters */
function pairsOf(parameters) {
  /** @type {[name: unknown, value: unknown][]} */
  const pairs = [];
  for (const element of parameters) {
    // An iterable need not have an end.
    if (pairs.length === MOST_PARAMETERS) {
      throw invalidConfig(`additionalParameters: more than ${MOST_PARAMETERS}`);
    }
    pairs.push(pairOf(element, pairs.length));
  }
  return pairs;
}

/**
 * @param {unknown} element
 * @param {number} index
 * @returns {[name: unknown, value: unknown]}
 */
function pairOf(element, index) {
  if (Array.isArray(element)) {
    if (element.length === 2) return [element[0], element[1]];
  } else if (typeof element === 'object' && element !== null) {
    const pair = /** @type {{ name: unknown, value: unknown }} */ (element);
    if (isGiven(pair, 'name') && isGiven(pair, 'value')) return [pair.name, pair.value];
  }
  throw invalidConfig(`additionalParameters[${index}]: expected { name, value } or [name, value]`);
}

/**
 * By prototype depth, not identity: objects of another realm (vm contexts, jest) have another
 * Object.prototype.
 *
 * @param {object} value
 */
function isRecord(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

module.exports = { BasicNameValuePair, normalizeAdditionalParameters };
