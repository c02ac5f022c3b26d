'use strict';

const { givenMember, isGiven } = require('../given-member.js');
const { NOT_FOUND } = require('./exchange.js');
const { FhirClientError } = require('./fhir-client-error.js');
const { loadBundle, nextOf, requireBundle } = require('./paging.js');
const { addressAtEndOf, addressOf, isId, pathOf, typeOf } = require('./resource-address.js');
const { FhirSearch } = require('./search.js');
const { TransactionBuilder, isTransactionBuilder } = require('./transaction-builder.js');

/**
 * @typedef {InstanceType<typeof import('./exchange.js').Exchange>} Exchange
 * @typedef {import('./exchange.js').Answer} Answer
 * @typedef {import('./index.js').AnyResource} AnyResource
 * @typedef {import('./index.js').Bundle} Bundle
 * @typedef {import('./index.js').FhirResource} FhirResource
 * @typedef {import('./index.js').FhirRequestOptions} FhirRequestOptions
 * @typedef {import('./index.js').TransactionBuilder} Builder
 * @typedef {Parameters<import('./index.js').FhirClient['registerInterceptor']>[0]} Interceptor
 */

const GONE = 410;
const ABSENT = [NOT_FOUND, GONE];
const JSON_PATCH = 'application/json-patch+json';

class FhirClient {
  #exchange;

  /** @param {Exchange} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
  }

  get serverBase() {
    return this.#exchange.base;
  }

  /** @param {Interceptor} interceptor */
  registerInterceptor(interceptor) {
    this.#exchange.interceptors.add(interceptor);
    return this;
  }

  /** @param {Interceptor} interceptor */
  unregisterInterceptor(interceptor) {
    return this.#exchange.interceptors.remove(interceptor);
  }

  /**
   * @template {FhirResource} R
   * @param {R} resource
   * @param {FhirRequestOptions & { ifNoneExist?: string }} [options]
   * @returns {Promise<R>}
   */
  async create(resource, options = {}) {
    const type = typeOf(resource, 'create');
    // The server gives the id (FHIR R4, RESTful API, create); a placeholder would not even be a valid one.
    const { id: _given, ...body } = resource;
    const answer = await this.#send('POST', type, { body, headers: ifNoneExist(options) }, options);
    return adopt(resource, type, answer);
  }

  /**
   * @param {string} reference
   * @param {FhirRequestOptions} [options]
   * @returns {Promise<any>}
   */
  async read(reference, options) {
    if (typeof reference !== 'string') throw new TypeError('read: expected text: Type/id');
    const address = this.#addressOf(reference, 'read');
    if (address === null) return null;
    const path = pathOf(address);
    const { status, resource } = await this.#send('GET', path, { alsoFine: ABSENT }, options);
    if (ABSENT.includes(status)) return null;
    if (resource !== null) return resource;
    const call = { method: 'GET', url: `${this.serverBase}/${path}` };
    const message = `GET ${call.url}: answered ${status} with nothing`;
    throw new FhirClientError('ERR_FHIR_RESPONSE', message, { ...call, status });
  }

  /**
   * @template {FhirResource} R
   * @param {R} resource
   * @param {FhirRequestOptions & { versionId?: string }} [options]
   * @returns {Promise<R>}
   */
  async update(resource, options = {}) {
    const type = typeOf(resource, 'update');
    if (!isId(resource.id)) throw new TypeError('update: the resource has no id; create gives it one');
    const path = pathOf({ type, id: resource.id });
    const answer = await this.#send('PUT', path, { body: resource, headers: ifMatch(options) }, options);
    return adopt(resource, type, answer);
  }

  /**
   * @param {string} reference
   * @param {readonly object[] | FhirResource} patch
   * @param {FhirRequestOptions & { versionId?: string }} [options]
   * @returns {Promise<any>}
   */
  async patch(reference, patch, options = {}) {
    const path = this.#pathTo(reference, 'patch');
    const isJsonPatch = Array.isArray(patch);
    if (!isJsonPatch) typeOf(patch, 'patch');
    const parts = {
      body: patch,
      headers: ifMatch(options),
      ...(isJsonPatch && { contentType: JSON_PATCH }),
    };
    const { resource } = await this.#send('PATCH', path, parts, options);
    return resource;
  }

  /**
   * @param {string | FhirResource} target
   * @param {FhirRequestOptions & { versionId?: string }} [options]
   */
  async delete(target, options = {}) {
    const type = typeof target === 'string' ? null : typeOf(target, 'delete');
    // A resource without an id must not become the address of one that is called undefined.
    if (typeof target !== 'string' && !isId(target.id)) throw new TypeError('delete: the resource has no id');
    const reference = typeof target === 'string' ? target : `${type}/${target.id}`;
    const parts = { headers: ifMatch(options), alsoFine: ABSENT };
    const { status } = await this.#send('DELETE', this.#pathTo(reference, 'delete'), parts, options);
    return !ABSENT.includes(status);
  }

  search() {
    return new FhirSearch(this.#exchange);
  }

  /**
   * @param {Bundle | Builder} [input]
   * @param {FhirRequestOptions} [options]
   * @returns {any} a builder, or the promise of the server's Bundle
   */
  transaction(input, options) {
    if (input === undefined) return new TransactionBuilder((bundle, own) => this.#transact(bundle, own));
    return this.#transact(input, options);
  }

  /**
   * @param {string} path
   * @param {FhirResource} [parameters]
   * @param {FhirRequestOptions & { method?: 'GET' | 'POST' }} [options]
   * @returns {Promise<any>}
   */
  async operation(path, parameters, options = {}) {
    const method = givenMember(options, 'method') ?? 'POST';
    if (typeof path !== 'string' || !/(^|\/)\$[\w-]+(\?|$)/.test(path)) {
      throw new TypeError('operation: expected a path that ends in $name, such as Patient/1/$everything');
    }
    if (method === 'GET' && parameters !== undefined) {
      throw new TypeError('operation: a GET has its parameters in the path, after a question mark');
    }
    if (parameters !== undefined) typeOf(parameters, 'operation');
    const body = method === 'GET' ? undefined : (parameters ?? { resourceType: 'Parameters' });
    const { resource } = await this.#send(method, path, body === undefined ? {} : { body }, options);
    return resource;
  }

  /**
   * @param {Bundle} bundle
   * @param {FhirRequestOptions} [options]
   * @returns {Promise<Bundle | null>}
   */
  async nextPage(bundle, options = {}) {
    if (typeOf(bundle, 'nextPage') !== 'Bundle') throw new TypeError('nextPage: expected a Bundle');
    const url = nextOf(this.#exchange.base, bundle);
    return url === null ? null : loadBundle(this.#exchange, url, options);
  }

  /**
   * @param {Bundle | Builder} input
   * @param {FhirRequestOptions} [options]
   */
  async #transact(input, options) {
    const bundle = isTransactionBuilder(input) ? input.toBundle() : input;
    const isOne =
      typeOf(bundle, 'transaction') === 'Bundle' && ['transaction', 'batch'].includes(bundle.type);
    if (!isOne) throw new TypeError('transaction: expected a Bundle of the type transaction or batch');
    const { resource, status } = await this.#send('POST', '', { body: bundle }, options);
    return requireBundle(resource, { method: 'POST', url: this.#exchange.base, status });
  }

  /**
   * @param {string} method
   * @param {string} path below the base
   * @param {Omit<import('./exchange.js').Interaction, 'method' | 'url'>} parts
   * @param {FhirRequestOptions} [options]
   */
  #send(method, path, parts, options) {
    const { base } = this.#exchange;
    const url = path === '' ? base : new URL(`${base}/${path}`).href;
    // Not by way of `..`, and not by way of a path that is a URL.
    if (path !== '' && !url.startsWith(`${base}/`)) throw new TypeError(`${method}: the path leaves ${base}`);
    return this.#exchange.send({ method, url, ...parts }, options);
  }

  /**
   * @param {string} reference
   * @param {string} where
   */
  #addressOf(reference, where) {
    const { base } = this.#exchange;
    // The mistake would otherwise look like a resource that is not there.
    if (/^https?:/i.test(reference) && !reference.startsWith(`${base}/`)) {
      throw new TypeError(`${where}: the reference is to another server than ${base}`);
    }
    return addressOf(base, reference);
  }

  /**
   * @param {unknown} reference
   * @param {string} where
   */
  #pathTo(reference, where) {
    const address = typeof reference === 'string' ? this.#addressOf(reference, where) : null;
    if (address === null) throw new TypeError(`${where}: expected Type/id`);
    return pathOf({ type: address.type, id: address.id });
  }
}

/**
 * A condition that is there and undefined was meant, and would be missed: the write would be unconditional.
 *
 * @param {{ versionId?: string }} options
 * @returns {Record<string, string>}
 */
function ifMatch(options) {
  if (!isGiven(options, 'versionId')) return {};
  const { versionId } = options;
  if (!isId(versionId)) throw new TypeError('versionId: expected the text of meta.versionId');
  return { 'if-match': `W/"${versionId}"` };
}

/**
 * @param {{ ifNoneExist?: string }} options
 * @returns {Record<string, string>}
 */
function ifNoneExist(options) {
  if (!isGiven(options, 'ifNoneExist')) return {};
  const { ifNoneExist: query } = options;
  if (typeof query !== 'string' || query === '')
    throw new TypeError('ifNoneExist: expected a query: name=value');
  if (/\p{Surrogate}/u.test(query)) throw new TypeError('ifNoneExist: has half of a surrogate pair');
  // A header would take the rest for Latin-1, or not at all, and the condition would be another one.
  return { 'if-none-exist': query.replace(/[^!-~]+/g, encodeURIComponent) };
}

/**
 * The resource as the server has it now. What was sent gets its id and version, as Smile has it.
 *
 * @template {FhirResource} R
 * @param {R} sent
 * @param {string} type
 * @param {Answer} answer
 * @returns {R}
 */
function adopt(sent, type, { headers, resource }) {
  const stored = resource?.resourceType === type ? resource : null;
  const address = addressAtEndOf(headers.get('location') ?? headers.get('content-location'));
  const located = address?.type === type ? address : null;
  const id = stored?.id ?? located?.id;
  const versionId = located?.versionId ?? /^(?:W\/)?"(.+)"$/.exec(headers.get('etag') ?? '')?.[1];
  const meta = stored?.meta ?? (versionId === undefined ? undefined : { versionId });
  if (!Object.isFrozen(sent)) {
    if (id !== undefined) sent.id = id;
    if (meta !== undefined) sent.meta = { ...sent.meta, ...meta };
  }
  return /** @type {R} */ (/** @type {unknown} */ (stored)) ?? sent;
}

module.exports = { FhirClient };
