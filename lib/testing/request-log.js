'use strict';

const { inspect } = require('node:util');
const { readCompactJws } = require('./compact-jws.js');

/**
 * @typedef {import('./exchange.js').Exchange} Exchange
 * @typedef {import('./exchange.js').Answer} Answer
 */

/** The oldest go first: a server can run for as long as a soak test. */
const MAX_RECORDS = 10_000;

const HIDDEN = '[hidden]';
/** Form parameters that are nobody's secret; of all others the values are not shown. */
const SHOWN_PARAMETERS = new Set([
  'grant_type',
  'scope',
  'client_id',
  'client_assertion_type',
  'resource',
  'audience',
]);
const HIDDEN_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie']);
const SECRET_IN_URL = /([?&](?:access_token|client_secret|client_assertion|signature)=)[^&]*/gi;

/**
 * One request and what became of it. What may be secret can be read by whoever asks for it, as `headers` and `form`,
 * and is not shown where the record is printed, inspected, compared or serialised.
 */
class RequestRecord {
  #headers;
  #form;

  /**
   * @param {Exchange} exchange
   * @param {import('./index.js').Endpoint} endpoint
   * @param {Answer} answer
   * @param {{ fault: boolean, status: number | null }} outcome
   */
  constructor(exchange, endpoint, { refusal, clientId, tokenNumber }, { fault, status }) {
    this.#headers = exchange.headers;
    this.#form = endpoint === 'token' ? formOf(exchange.body) : Object.freeze([]);
    this.at = exchange.at;
    this.endpoint = endpoint;
    this.method = exchange.method;
    this.url = exchange.target.replace(SECRET_IN_URL, `$1${HIDDEN}`);
    this.status = status;
    this.clientId = clientId ?? refusal?.clientId ?? null;
    this.tokenNumber = tokenNumber ?? refusal?.tokenNumber ?? null;
    this.assertion = assertionOf(this.#form);
    this.fault = fault;
    this.check = refusal?.check ?? null;
    this.rule = refusal?.rule ?? null;
    this.explanation = refusal?.explanation ?? null;
    Object.freeze(this);
  }

  get headers() {
    return this.#headers;
  }

  get form() {
    return this.#form;
  }

  toJSON() {
    const headers = Object.entries(this.#headers).map(([name, value]) => [
      name,
      HIDDEN_HEADERS.has(name) ? hiddenCredentials(value) : value,
    ]);
    const form = this.#form.map(([name, value]) => [name, SHOWN_PARAMETERS.has(name) ? value : HIDDEN]);
    return { ...this, headers: Object.fromEntries(headers), form };
  }

  /**
   * @param {number} _depth
   * @param {import('node:util').InspectOptions} options
   */
  [inspect.custom](_depth, options) {
    return `RequestRecord ${inspect(this.toJSON(), options)}`;
  }
}

class RequestLog {
  /** @type {RequestRecord[]} */
  #records = [];

  /** @param {RequestRecord} record */
  add(record) {
    this.#records.push(record);
    if (this.#records.length > MAX_RECORDS) this.#records.shift();
  }

  /** As it is now. */
  all() {
    return Object.freeze([...this.#records]);
  }

  clear() {
    this.#records = [];
  }
}

/** @param {string} body */
function formOf(body) {
  return Object.freeze([...new URLSearchParams(body)].map((pair) => Object.freeze(pair)));
}

/** @param {readonly (readonly [string, string])[]} form */
function assertionOf(form) {
  const text = form.find(([name]) => name === 'client_assertion')?.[1];
  const parts = text === undefined ? null : readCompactJws(text);
  if (parts === null || typeof parts === 'string') return null;
  return Object.freeze({ header: parts.header, claims: parts.claims });
}

/** @param {string} value */
function hiddenCredentials(value) {
  const scheme = /^[A-Za-z]+(?= )/.exec(value)?.[0];
  return scheme === undefined ? HIDDEN : `${scheme} ${HIDDEN}`;
}

module.exports = { RequestLog, RequestRecord };
