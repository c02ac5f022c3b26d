'use strict';

const { validateHeaderName, validateHeaderValue } = require('node:http');
const { COUNT, FLAG, OBJECT, checkOptions, isInteger, isObject } = require('./options.js');

/**
 * @typedef {import('./index.js').Fault} Fault
 * @typedef {import('./exchange.js').Answer} Answer
 *
 * @typedef {object} Script
 * @property {readonly string[]} endpoints
 * @property {Fault} fault
 * @property {number} skip requests that still go by
 * @property {number} remaining
 */

const DISCOVERY = Object.freeze([
  'smart-configuration',
  'capability-statement',
  'oauth-authorization-server',
  'openid-configuration',
]);
const ENDPOINTS = Object.freeze([
  ...DISCOVERY,
  'token',
  'jwks',
  'client-jwks',
  'fhir',
  'bulk',
  'download',
  'unknown',
]);

/** @type {import('./options.js').OptionTable} */
const FAULT_OPTIONS = {
  status: [
    (value) => Number.isInteger(value) && value >= 200 && value <= 599,
    'an HTTP status from 200 to 599',
  ],
  headers: [
    (value) => isObject(value) && Object.entries(value).every(isHeader),
    'names and values of HTTP headers',
  ],
  body: [(value) => typeof value === 'string' || typeof value === 'object', 'a text, bytes or an object'],
  html: FLAG,
  members: OBJECT,
  reset: FLAG,
  truncateAfter: COUNT,
  delayMs: COUNT,
  dripMs: COUNT,
  times: [(value) => value === Infinity || isInteger(1)(value), 'an integer of 1 or more, or Infinity'],
  after: COUNT,
};

const EFFECTS = /** @type {const} */ ([
  'status',
  'headers',
  'body',
  'html',
  'members',
  'reset',
  'truncateAfter',
  'delayMs',
  'dripMs',
]);
/**
 * What would be left out of a fault without a word.
 *
 * @type {readonly (readonly [keyof Fault, readonly (keyof Fault)[]])[]}
 */
const CONTRADICTIONS = [
  ['reset', ['status', 'headers', 'body', 'html', 'members', 'truncateAfter', 'dripMs']],
  ['members', ['body', 'html']],
  ['truncateAfter', ['dripMs']],
];

const LOGIN_PAGE = `<!DOCTYPE html>
<html lang="en"><head><title>Sign in</title></head>
<body><form method="post"><input name="username"><input name="password" type="password"></form></body></html>
`;

/** Faults in the order in which they were asked for. */
class Faults {
  /** @type {Script[]} */
  #scripts = [];

  /**
   * @param {string} endpoint
   * @param {Fault} fault
   * @returns {import('./index.js').ScriptedFault}
   */
  add(endpoint, fault) {
    checkOptions('fail', fault, FAULT_OPTIONS);
    const endpoints = endpointsOf(endpoint);
    checkSense(fault);
    /** @type {Script} */
    const script = {
      endpoints,
      fault: Object.freeze({ ...fault, headers: inLowerCase(fault.headers ?? {}) }),
      skip: fault.after ?? 0,
      remaining: fault.times ?? 1,
    };
    this.#scripts.push(script);
    return {
      get remaining() {
        return script.remaining;
      },
      cancel() {
        script.remaining = 0;
      },
    };
  }

  /**
   * The one for the request at hand; it counts as played.
   *
   * @param {string} endpoint
   * @returns {Fault | null}
   */
  take(endpoint) {
    this.#scripts = this.#scripts.filter(({ remaining }) => remaining > 0);
    for (const script of this.#scripts) {
      if (!script.endpoints.includes(endpoint)) continue;
      if (script.skip > 0) {
        script.skip -= 1;
        continue;
      }
      script.remaining -= 1;
      return script.fault;
    }
    return null;
  }

  clear() {
    for (const script of this.#scripts) script.remaining = 0;
    this.#scripts = [];
  }
}

/** @param {[string, unknown]} header */
function isHeader([name, value]) {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, /** @type {string} */ (value));
    return true;
  } catch {
    return false;
  }
}

/** @param {Fault} fault */
function checkSense(fault) {
  const isGiven = (/** @type {keyof Fault} */ name) => fault[name] !== undefined && fault[name] !== false;
  if (!EFFECTS.some(isGiven)) {
    throw new TypeError(`fail: a fault needs at least one of ${EFFECTS.join(', ')}`);
  }
  for (const [name, others] of CONTRADICTIONS) {
    const other = isGiven(name) ? others.find(isGiven) : undefined;
    if (other !== undefined) throw new TypeError(`fail: ${name} does not go with ${other}`);
  }
}

/**
 * As the server's own headers are, so that they replace those.
 *
 * @param {Readonly<Record<string, string>>} headers
 */
function inLowerCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

/** @param {string} endpoint */
function endpointsOf(endpoint) {
  if (endpoint === 'any') return ENDPOINTS;
  if (endpoint === 'discovery') return DISCOVERY;
  if (ENDPOINTS.includes(endpoint)) return [endpoint];
  const known = ['any', 'discovery', ...ENDPOINTS].join(', ');
  throw new TypeError(`unknown endpoint ${endpoint}; known are ${known}`);
}

/**
 * True where the server itself is not asked at all, like one behind a gateway that answers in its place.
 *
 * @param {Fault} fault
 */
function standsIn({ status, body, html, reset, members }) {
  return (
    members === undefined && (status !== undefined || body !== undefined || html === true || reset === true)
  );
}

/**
 * @param {Fault} fault
 * @returns {Answer}
 */
function answerOf({ status = 200, headers, body, html }) {
  if (html !== true) return { status, headers, body };
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8', ...headers },
    body: body ?? LOGIN_PAGE,
  };
}

/**
 * The server's own answer, changed.
 *
 * @param {Fault} fault
 * @param {Answer} answer
 * @returns {Answer}
 */
function alter({ status, headers, members }, answer) {
  const { body } = answer;
  const isChangeable = members !== undefined && typeof body === 'object' && body !== null;
  return {
    ...answer,
    status: status ?? answer.status,
    headers: { ...answer.headers, ...headers },
    // A member set to undefined is not there in JSON.
    body: isChangeable ? { ...body, ...members } : body,
  };
}

module.exports = { Faults, alter, answerOf, endpointsOf, standsIn };
