'use strict';

const { isGiven } = require('../given-member.js');
const { addressOf, isId, pathOf, typeOf } = require('./resource-address.js');

/**
 * @typedef {import('./index.js').FhirResource} FhirResource
 * @typedef {import('./index.js').Bundle} Bundle
 * @typedef {import('./index.js').BundleEntry} BundleEntry
 * @typedef {import('./index.js').FhirRequestOptions} FhirRequestOptions
 * @typedef {(bundle: Bundle, options?: FhirRequestOptions) => Promise<Bundle>} Send
 */

/** What stands for an id until the server has given one (FHIR R4, RESTful API, transaction). */
const PLACEHOLDER = /^urn:(uuid|oid):/;

class TransactionBuilder {
  /** @type {BundleEntry[]} */
  #entries = [];
  /** @type {Set<string>} */
  #unfinished = new Set();
  #send;

  /** @param {Send} [send] */
  constructor(send) {
    this.#send = send;
  }

  static newTransactionBuilder() {
    return new TransactionBuilder();
  }

  /** @param {FhirResource} resource */
  create(resource) {
    const type = typeOf(resource, 'create');
    return this.#add({ ...withFullUrl(resource), request: { method: 'POST', url: type } });
  }

  /**
   * @param {FhirResource} resource
   * @param {{ versionId?: string }} [options]
   */
  update(resource, options = {}) {
    const type = typeOf(resource, 'update');
    if (!isId(resource.id)) throw new TypeError('update: the resource has no id');
    const request = {
      method: 'PUT',
      url: pathOf({ type, id: resource.id }),
      ...(isGiven(options, 'versionId') && { ifMatch: versionTag(options.versionId) }),
    };
    return this.#add({ resource, request });
  }

  /** @param {string} reference */
  delete(reference) {
    const address = addressOf('', reference);
    if (address === null) throw new TypeError('delete: expected Type/id');
    const { type, id } = address;
    return this.#add({ request: { method: 'DELETE', url: pathOf({ type, id }) } });
  }

  /** @param {FhirResource} resource */
  createConditional(resource) {
    const url = typeOf(resource, 'createConditional');
    return this.#conditional(`createConditional(${url})`, (ifNoneExist) => ({
      ...withFullUrl(resource),
      request: { method: 'POST', url, ifNoneExist },
    }));
  }

  /** @param {FhirResource} resource */
  updateConditional(resource) {
    const type = typeOf(resource, 'updateConditional');
    return this.#conditional(`updateConditional(${type})`, (query) => ({
      ...withFullUrl(resource),
      request: { method: 'PUT', url: `${type}?${query}` },
    }));
  }

  /** @returns {Bundle} */
  toBundle() {
    const [unfinished] = this.#unfinished;
    if (unfinished !== undefined) throw new TypeError(`${unfinished}: onToken(…) has to say which one`);
    return { resourceType: 'Bundle', type: 'transaction', entry: [...this.#entries] };
  }

  /** @param {FhirRequestOptions} [options] */
  async execute(options) {
    if (this.#send === undefined) {
      throw new TypeError('execute: this builder belongs to no client; use client.transaction(builder)');
    }
    return this.#send(this.toBundle(), options);
  }

  /** @param {BundleEntry} entry */
  #add(entry) {
    this.#entries.push(entry);
    return this;
  }

  /**
   * @param {string} name
   * @param {(query: string) => BundleEntry} entryOf
   */
  #conditional(name, entryOf) {
    const unfinished = `${name} #${this.#entries.length + this.#unfinished.size + 1}`;
    this.#unfinished.add(unfinished);
    return {
      /**
       * @param {string} parameter
       * @param {string} system
       * @param {string} code
       */
      onToken: (parameter, system, code) => {
        // Without a value the condition would match any resource, and a conditional update would overwrite it.
        for (const value of [parameter, system, code]) {
          if (typeof value !== 'string') throw new TypeError(`${name}: onToken(parameter, system, code)`);
        }
        if (code === '') throw new TypeError(`${name}: onToken: ${parameter}: the code is empty`);
        if (!this.#unfinished.delete(unfinished)) throw new TypeError(`${name}: onToken was called before`);
        return this.#add(entryOf(new URLSearchParams({ [parameter]: `${system}|${code}` }).toString()));
      },
    };
  }
}

/** @param {unknown} versionId */
function versionTag(versionId) {
  // An undefined one was meant to be there: without it the update would be unconditional.
  if (!isId(versionId)) throw new TypeError('versionId: expected the text of meta.versionId');
  return `W/"${versionId}"`;
}

/**
 * A placeholder moves to where the server looks for it: it is no valid id.
 *
 * @param {FhirResource} resource
 */
function withFullUrl(resource) {
  const { id, ...rest } = resource;
  return id !== undefined && PLACEHOLDER.test(id) ? { fullUrl: id, resource: rest } : { resource };
}

/**
 * By its members: one of another copy of the package is one too.
 *
 * @param {unknown} value
 * @returns {value is import('./index.js').TransactionBuilder}
 */
function isTransactionBuilder(value) {
  return typeof value === 'object' && value !== null && 'toBundle' in value;
}

module.exports = { TransactionBuilder, isTransactionBuilder };
