'use strict';

const { isMap } = require('node:util/types');
const { invalidConfig } = require('./client-auth-error.js');
const { givenMember, isGiven } = require('./given-member.js');

/**
 * @typedef {import('../index.js').RequestLike} RequestLike
 * @typedef {Pick<Headers, 'get' | 'set' | 'delete'>} HeadersObject or what has their methods
 * @typedef {Record<string, string | string[] | undefined>} HeadersRecord
 */

/**
 * Replaces the header, whatever the case of its name. In place, but for `Headers` that cannot be changed, as
 * those of a response: then a copy takes their place.
 *
 * @template {RequestLike} R
 * @param {R} request
 * @param {string} authorization
 * @returns {R} the same request, or for unchangeable bare `Headers` their copy
 */
function setAuthorization(request, authorization) {
  const headers = headersOf(request);
  if (!isHeadersObject(headers)) {
    try {
      deleteMember(headers);
      headers.Authorization = authorization;
      return request;
    } catch {
      throw invalidConfig('request: its headers are frozen');
    }
  }
  try {
    headers.set('authorization', authorization);
    return request;
  } catch {
    const copy = new Headers(/** @type {Headers} */ (headers));
    copy.set('authorization', authorization);
    if (isBare(request)) return /** @type {R} */ (copy);
    try {
      /** @type {{ headers: Headers }} */ (request).headers = copy;
      return request;
    } catch {
      throw invalidConfig('request: its headers cannot be changed');
    }
  }
}

/**
 * @param {RequestLike} request
 * @returns {string | null}
 */
function getAuthorization(request) {
  const headers = headersOf(request);
  if (isHeadersObject(headers)) return headers.get('authorization') ?? null;
  for (const [name, value] of Object.entries(headers)) {
    if (isAuthorization(name) && value !== undefined)
      return Array.isArray(value) ? (value[0] ?? null) : value;
  }
  return null;
}

/** @param {RequestLike} request */
function deleteAuthorization(request) {
  const headers = headersOf(request);
  if (isHeadersObject(headers)) headers.delete('authorization');
  else deleteMember(headers);
}

/**
 * @param {RequestLike} request
 * @returns {string | null} null: bare `Headers`, or a request that does not say
 */
function urlOf(request) {
  if (isBare(request)) return null;
  const url = givenMember(request, 'url');
  if (url === undefined || url === null) return null;
  // By its member: the URL of another realm is one too.
  if (typeof url === 'object' && 'href' in url && typeof url.href === 'string') return url.href;
  if (typeof url !== 'string') throw invalidConfig('request: url: expected a string or a URL');
  return url;
}

/**
 * @param {RequestLike} request
 * @returns {HeadersObject | HeadersRecord}
 */
function headersOf(request) {
  if (typeof request === 'object' && request !== null) {
    const headers = givenMember(request, 'headers');
    // Not a Map: its names are case-sensitive, so that an old header would stay next to the new one.
    if (typeof headers === 'object' && headers !== null && !Array.isArray(headers) && !isMap(headers)) {
      return /** @type {HeadersObject | HeadersRecord} */ (headers);
    }
    if (isBare(request)) return request;
  }
  throw invalidConfig('request: expected a Request, Headers or { url, headers }');
}

/**
 * @param {RequestLike} request
 * @returns {request is Headers}
 */
function isBare(request) {
  return !isGiven(request, 'headers') && !isMap(request) && isHeadersObject(request);
}

/**
 * By its methods: the classes of other fetch implementations are not the global ones.
 *
 * @param {object} headers
 * @returns {headers is HeadersObject}
 */
function isHeadersObject(headers) {
  return (
    'get' in headers &&
    typeof headers.get === 'function' &&
    'set' in headers &&
    typeof headers.set === 'function'
  );
}

/** @param {HeadersRecord} headers */
function deleteMember(headers) {
  for (const name of Object.keys(headers)) if (isAuthorization(name)) delete headers[name];
}

/** @param {string} name */
function isAuthorization(name) {
  return name.toLowerCase() === 'authorization';
}

module.exports = { deleteAuthorization, getAuthorization, headersOf, setAuthorization, urlOf };
