'use strict';

const { CHECK_NAMES } = require('./checks.js');
const { MAC_ALGORITHMS, SIGNATURE_ALGORITHMS } = require('./json-web-keys.js');
const {
  COUNT,
  FLAG,
  OBJECT,
  checkOptions,
  isInteger,
  isObject,
  isText,
  listOf,
  oneOf,
} = require('./options.js');

/**
 * @typedef {import('./index.js').SmartServerSettings} SmartServerSettings
 * @typedef {{ [Name in keyof SmartServerSettings]-?: NonNullable<SmartServerSettings[Name]> }} Settings
 */

/** @type {readonly import('./index.js').AssertionAlgorithm[]} */
const ALGORITHMS = Object.freeze([...SIGNATURE_ALGORITHMS, ...MAC_ALGORITHMS]);
/**
 * In the order in which clients ask for them.
 *
 * @type {readonly import('./index.js').DiscoveryDocument[]}
 */
const DOCUMENTS = Object.freeze([
  'smart-configuration',
  'capability-statement',
  'oauth-authorization-server',
  'openid-configuration',
]);
const ENCODINGS = Object.freeze(['either', 'rfc6749', 'raw']);
const WIDE_SCOPES = Object.freeze(['narrow', 'refuse']);

/** @type {Settings} */
const DEFAULTS = Object.freeze({
  tokenLifetimeSeconds: 300,
  clockOffsetSeconds: 0,
  leewaySeconds: 0,
  audience: 'token_endpoint',
  behindTlsProxy: false,
  algorithms: ALGORITHMS,
  typ: 'JWT',
  basicEncoding: 'either',
  wideScopes: 'narrow',
  checks: true,
  explain: true,
  documents: DOCUMENTS,
  metadata: Object.freeze({}),
  pageSize: 20,
  exportPolls: 1,
  exportRetryAfterSeconds: 1,
  exportRequiresAccessToken: false,
});

/** @type {(value: any) => boolean} */
const isTyp = (value) => value === null || isText(value);

/** @type {Record<keyof SmartServerSettings, import('./options.js').Expectation>} */
const SETTINGS = {
  tokenLifetimeSeconds: [Number.isFinite, 'a number of seconds'],
  clockOffsetSeconds: [Number.isFinite, 'a number of seconds'],
  leewaySeconds: COUNT,
  audience: [
    (value) => isText(value) || (listOf(isText)(value) && value.length > 0),
    "'token_endpoint', 'issuer', another text, or a list of these",
  ],
  behindTlsProxy: FLAG,
  algorithms: [listOf(oneOf(ALGORITHMS)), `a list of ${ALGORITHMS.join(', ')}`],
  typ: [(value) => isTyp(value) || listOf(isTyp)(value), 'a text, null for none, or a list of these'],
  basicEncoding: [oneOf(ENCODINGS), `one of ${ENCODINGS.join(', ')}`],
  wideScopes: [oneOf(WIDE_SCOPES), `one of ${WIDE_SCOPES.join(', ')}`],
  checks: [
    (value) =>
      typeof value === 'boolean' || (isObject(value) && Object.keys(value).every(oneOf(CHECK_NAMES))),
    `a boolean, or an object with some of ${CHECK_NAMES.join(', ')}`,
  ],
  explain: FLAG,
  documents: [listOf(oneOf(DOCUMENTS)), `a list of ${DOCUMENTS.join(', ')}`],
  metadata: OBJECT,
  pageSize: [isInteger(1), 'an integer of 1 or more'],
  exportPolls: COUNT,
  exportRetryAfterSeconds: COUNT,
  exportRequiresAccessToken: FLAG,
};

/**
 * @param {string} where for the message
 * @param {Settings} settings
 * @param {SmartServerSettings} changes undefined leaves a setting as it is
 * @returns {Settings}
 */
function changed(where, settings, changes) {
  checkOptions(where, changes, SETTINGS);
  const given = Object.entries(changes).filter(([, value]) => value !== undefined);
  return Object.freeze({ ...settings, ...Object.fromEntries(given) });
}

module.exports = { DEFAULTS, SETTINGS, changed };
