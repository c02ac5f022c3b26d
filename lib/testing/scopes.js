'use strict';

/**
 * A resource scope of SMART App Launch: `system/Patient.rs`, or `system/Patient.read` in version 1.
 *
 * @typedef {{ level: string, type: string, letters: string, query: string }} ResourceScope
 */

/** RFC 6749 §3.3. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]+$/;
const RESOURCE_SCOPE =
  /^(?<level>patient|user|system)\/(?<type>\*|[A-Z][A-Za-z]*)\.(?<access>[^?]+)(?<query>\?.+)?$/;
const LETTERS = /^c?r?u?d?s?$/;
/** What version 1 means in version 2. */
const VERSION_1 = /** @type {Record<string, string>} */ ({ read: 'rs', write: 'cud', '*': 'cruds' });
/** As URIs they have this in front. */
const URI_PREFIX = 'http://smarthealthit.org/fhir/scopes/';

/**
 * @param {string} scope
 * @returns {ResourceScope | null} null: one of another kind
 */
function readScope(scope) {
  const text = scope.startsWith(URI_PREFIX) ? scope.slice(URI_PREFIX.length) : scope;
  const { level, type, access, query = '' } = RESOURCE_SCOPE.exec(text)?.groups ?? {};
  if (level === undefined) return null;
  const letters = Object.hasOwn(VERSION_1, access) ? VERSION_1[access] : access;
  return LETTERS.test(letters) ? { level, type, letters, query } : null;
}

/**
 * @param {string} text a scope parameter
 * @returns {string | null} what is wrong with it
 */
function problemOf(text) {
  const tokens = text.split(' ');
  if (tokens.includes('')) return 'scope has to be names with a single space between them';
  const odd = tokens.find((token) => !SCOPE_TOKEN.test(token));
  if (odd !== undefined) return 'scope has a character that RFC 6749 does not allow there';
  const wrong = tokens.find((token) => /^(patient|user|system)\//.test(token) && readScope(token) === null);
  if (wrong === undefined) return null;
  return (
    `scope '${wrong}' is not '<level>/<type or *>.<access>', with an access of letters from 'cruds' in this ` +
    "order, or 'read', 'write' or '*' of version 1"
  );
}

/**
 * Whether whoever has `granted` has `asked`.
 *
 * @param {string} granted
 * @param {string} asked
 */
function covers(granted, asked) {
  if (granted === asked) return true;
  const [wide, narrow] = [readScope(granted), readScope(asked)];
  if (wide === null || narrow === null || wide.level !== narrow.level) return false;
  return (
    (wide.type === '*' || wide.type === narrow.type) &&
    [...narrow.letters].every((letter) => wide.letters.includes(letter)) &&
    (wide.query === '' || wide.query === narrow.query)
  );
}

/**
 * What a client gets of what it asks for: everything that it is registered for, and of a wider scope the part that it
 * is registered for.
 *
 * @param {readonly string[]} asked
 * @param {readonly string[]} registered
 */
function grant(asked, registered) {
  const granted = [];
  for (const scope of asked) {
    if (registered.some((own) => covers(own, scope))) granted.push(scope);
    else granted.push(...registered.filter((own) => covers(scope, own)));
  }
  return [...new Set(granted)];
}

/**
 * @param {readonly string[]} granted
 * @param {string} type
 * @param {string} letter of `cruds`
 */
function permits(granted, type, letter) {
  return granted.some((scope) => {
    const read = readScope(scope);
    return read !== null && (read.type === '*' || read.type === type) && read.letters.includes(letter);
  });
}

module.exports = { grant, permits, problemOf };
