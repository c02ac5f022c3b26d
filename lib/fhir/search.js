'use strict';

const { isGiven } = require('../given-member.js');
const { entriesOf, loadBundle, pagesFrom } = require('./paging.js');
const { isType, typeOf } = require('./resource-address.js');

/**
 * @typedef {InstanceType<typeof import('./exchange.js').Exchange>} Exchange
 * @typedef {import('./index.js').SearchValue} SearchValue
 * @typedef {import('./index.js').AnyResource} AnyResource
 * @typedef {import('./index.js').FhirRequestOptions} FhirRequestOptions
 */

/** More than a script can mean to hold at once. */
const MOST_LISTED = 10_000;

class FhirSearch {
  #exchange;
  /** @type {string | null} */
  #type = null;
  #parameters = new URLSearchParams();
  /** @type {string[]} */
  #order = [];

  /** @param {Exchange} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
  }

  /** @param {string} resourceType */
  forResource(resourceType) {
    if (!isType(resourceType)) throw new TypeError('forResource: expected the name of a resource type');
    this.#type = resourceType;
    return this;
  }

  /**
   * @param {string} name
   * @param {SearchValue | readonly SearchValue[]} value
   */
  where(name, value) {
    const values = listOf(value).map((one) => textOf(one, 'where', name));
    return this.#add(name, values);
  }

  /**
   * @param {string} name
   * @param {SearchValue | readonly SearchValue[]} value
   */
  and(name, value) {
    return this.where(name, value);
  }

  /**
   * @param {string} name
   * @param {string | readonly string[]} value
   */
  whereString(name, value) {
    const values = listOf(value).map((one) => escaped(textOf(one, 'whereString', name)));
    return this.#add(name, values);
  }

  /**
   * @param {string} name
   * @param {...string} token a code, or a system and a code
   */
  whereToken(name, ...token) {
    // Not more lenient: an undefined code is a forgotten one, and would find every code of the system.
    if (token.length !== 1 && token.length !== 2) {
      throw new TypeError(`whereToken: ${name}: expected a code, or a system and a code`);
    }
    return this.#add(name, [token.map((part) => escaped(textOf(part, 'whereToken', name))).join('|')]);
  }

  /**
   * @param {string} name
   * @param {string | { resourceType: string, id?: string | undefined }} reference
   */
  whereReference(name, reference) {
    if (typeof reference !== 'object') return this.#add(name, [textOf(reference, 'whereReference', name)]);
    const type = typeOf(reference, 'whereReference');
    return this.#add(name, [`${type}/${textOf(reference.id, 'whereReference', name)}`]);
  }

  /** @param {number} count */
  count(count) {
    if (!Number.isSafeInteger(count) || count < 0) throw new TypeError('count: expected a whole number');
    this.#parameters.set('_count', String(count));
    return this;
  }

  /** @param {...string} names a minus sign in front: descending */
  sort(...names) {
    this.#order.push(...names.map((name) => textOf(name, 'sort', '_sort')));
    return this;
  }

  /** @param {string} include */
  include(include) {
    return this.#add('_include', [textOf(include, 'include', '_include')]);
  }

  /** @param {string} include */
  revInclude(include) {
    return this.#add('_revinclude', [textOf(include, 'revInclude', '_revinclude')]);
  }

  returnBundle() {
    return this;
  }

  /** @param {FhirRequestOptions} [options] */
  async execute(options = {}) {
    return loadBundle(this.#exchange, this.#url(), options);
  }

  /** @param {FhirRequestOptions} [options] */
  asBundle(options) {
    return this.execute(options);
  }

  /** @param {FhirRequestOptions & { max?: number }} [options] */
  async asList(options = {}) {
    const max = isGiven(options, 'max') ? /** @type {number} */ (options.max) : MOST_LISTED;
    if (!Number.isSafeInteger(max) || max < 1) throw new TypeError('max: expected a whole number from 1 on');
    /** @type {any[]} */
    const list = [];
    for await (const resource of this.#resources(options)) {
      if (list.length === max) {
        throw new RangeError(
          `asList: more than ${max} resources (max); go through them with for await (… of search), or ask for fewer`,
        );
      }
      list.push(resource);
    }
    return list;
  }

  /** @param {FhirRequestOptions} [options] */
  pages(options = {}) {
    return pagesFrom(this.#exchange, this.#url(), options);
  }

  /** @param {FhirRequestOptions} [options] */
  entries(options) {
    return entriesOf(this.pages(options));
  }

  [Symbol.asyncIterator]() {
    return this.#resources({});
  }

  /**
   * Without the server's remarks on the search, which are entries too.
   *
   * @param {FhirRequestOptions} options
   * @returns {AsyncGenerator<AnyResource, void, undefined>}
   */
  async *#resources(options) {
    for await (const { resource, search } of this.entries(options)) {
      if (resource !== undefined && search?.mode !== 'outcome') yield resource;
    }
  }

  /**
   * @param {string} name
   * @param {string[]} values any of them
   */
  #add(name, values) {
    if (typeof name !== 'string' || name === '') throw new TypeError('where: expected a name');
    // No value at all would find everything.
    if (values.length === 0) throw new TypeError(`where: ${name}: expected a value`);
    this.#parameters.append(name, values.join(','));
    return this;
  }

  #url() {
    if (this.#type === null) throw new TypeError('search: forResource(type) says what to search for');
    const parameters = new URLSearchParams(this.#parameters);
    if (this.#order.length > 0) parameters.set('_sort', this.#order.join(','));
    const query = parameters.toString();
    return `${this.#exchange.base}/${this.#type}${query === '' ? '' : `?${query}`}`;
  }
}

/**
 * @template T
 * @param {T | readonly T[]} value
 * @returns {readonly T[]}
 */
function listOf(value) {
  return Array.isArray(value) ? value : [/** @type {T} */ (value)];
}

/**
 * @param {unknown} value
 * @param {string} where
 * @param {string} name
 */
function textOf(value, where, name) {
  if (value instanceof Date) return value.toISOString();
  if (['string', 'number', 'boolean'].includes(typeof value)) return String(value);
  // An undefined variable must not become the text "undefined", or a search for everything.
  throw new TypeError(`${where}: ${name}: expected text, a number, a boolean or a Date`);
}

/**
 * What has a meaning of its own in a search value (FHIR R4, search, escaping).
 *
 * @param {string} value
 */
function escaped(value) {
  return value.replace(/[\\$,|]/g, '\\$&');
}

module.exports = { FhirSearch };
