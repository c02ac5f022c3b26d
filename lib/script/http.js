'use strict';

const { startDeadline } = require('../fhir/deadline.js');
const { readText } = require('../fhir/read-text.js');

/**
 * @typedef {object} Surroundings
 * @property {AbortSignal} signal ends every request
 * @property {() => () => void} begin is told of every request, and by what it returns of its end
 */

const TIMEOUT_MS = 30_000;
const MOST_BYTES = 64 * 2 ** 20;

/**
 * Smile's `Http`.
 *
 * @param {Surroundings} surroundings
 */
function createHttp(surroundings) {
  /** @param {string} method */
  const requestWith = (method) => (/** @type {string} */ url) => new HttpRequest(method, url, surroundings);
  return Object.freeze({
    get: requestWith('GET'),
    post: requestWith('POST'),
    put: requestWith('PUT'),
    head: requestWith('HEAD'),
    delete: requestWith('DELETE'),
  });
}

class HttpRequest {
  #method;
  #url;
  #surroundings;
  #headers = new Headers();
  /** @type {string | null} */
  #body = null;
  /** @type {'new' | 'under way' | 'over'} */
  #state = 'new';
  /** @type {Response | null} */
  #response = null;
  #text = '';
  #failure = '';

  /**
   * @param {string} method
   * @param {string} url
   * @param {Surroundings} surroundings
   */
  constructor(method, url, surroundings) {
    if (!URL.canParse(url)) throw new TypeError(`Http.${method.toLowerCase()}: expected an absolute URL`);
    this.#method = method;
    this.#url = url;
    this.#surroundings = surroundings;
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  addRequestHeader(name, value) {
    this.#headers.append(name, value);
  }

  /** @param {string} type */
  setContentType(type) {
    this.#headers.set('content-type', type);
  }

  /** @param {string} text */
  setContentString(text) {
    this.#body = String(text);
  }

  /** @param {unknown} value */
  setContentJson(value) {
    this.setContentType('application/json');
    this.#body = JSON.stringify(value);
  }

  /**
   * Resolves with this request whatever becomes of it, as Smile's returns: `isSuccess` tells. Rejects when the
   * run is over.
   */
  execute() {
    if (this.#state !== 'new') throw new Error('execute: this request was executed before; make another one');
    this.#state = 'under way';
    return this.#send();
  }

  isSuccess() {
    this.#requireOver('isSuccess');
    return this.#failure === '';
  }

  getFailureMessage() {
    this.#requireOver('getFailureMessage');
    return this.#failure === '' ? null : this.#failure;
  }

  /** Null: there was no answer. */
  getStatusCode() {
    this.#requireOver('getStatusCode');
    return this.#response?.status ?? null;
  }

  getResponseString() {
    this.#requireOver('getResponseString');
    return this.#text;
  }

  parseResponseAsJson() {
    this.#requireOver('parseResponseAsJson');
    return JSON.parse(this.#text);
  }

  async #send() {
    const { signal, begin } = this.#surroundings;
    const end = begin();
    const deadline = startDeadline(
      [signal],
      TIMEOUT_MS,
      () => new Error(`no answer within ${TIMEOUT_MS} ms`),
    );
    try {
      this.#response = await fetch(this.#url, {
        method: this.#method,
        headers: this.#headers,
        body: this.#body,
        signal: deadline.signal,
        // A form with a secret in it must not be carried elsewhere.
        redirect: this.#method === 'GET' || this.#method === 'HEAD' ? 'follow' : 'manual',
      });
      const text = await readText(this.#response, MOST_BYTES);
      this.#text = text ?? '';
      const { ok, status, statusText } = this.#response;
      if (text === null) this.#failure = `the answer is longer than ${MOST_BYTES} bytes`;
      else if (!ok) this.#failure = `HTTP ${status} ${statusText}`.trim();
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      const { cause, message } = /** @type {Error & { cause?: Error }} */ (error);
      this.#failure = cause?.message || message;
    } finally {
      this.#state = 'over';
      deadline.end();
      end();
    }
    return this;
  }

  /** @param {string} what */
  #requireOver(what) {
    if (this.#state === 'over') return;
    throw new Error(
      this.#state === 'new'
        ? `${what}: the request was not executed yet`
        : `${what}: the request is still under way; it takes "await request.execute()"`,
    );
  }
}

module.exports = { createHttp };
