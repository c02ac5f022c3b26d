'use strict';

const { givenMember } = require('../given-member.js');

/**
 * @typedef {object} ResourceAddress
 * @property {string} type
 * @property {string} id
 * @property {string} [versionId]
 */

const TYPE = /^[A-Z][A-Za-z]*$/;
// Longer and with more characters than FHIR has it (R4, data types, id): servers do as they like.
const ID = /^[\w.~-]{1,128}$/;
const ADDRESS = /^(?<type>[^/]+)\/(?<id>[^/]+)(?:\/_history\/(?<versionId>[^/]+))?$/;

/**
 * @param {string} base without trailing slashes
 * @param {string} reference `Type/id`, `Type/id/_history/version`, or the same below the base
 * @returns {ResourceAddress | null} null: it is no resource's address
 */
function addressOf(base, reference) {
  const path = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  const { type, id, versionId } = ADDRESS.exec(path)?.groups ?? {};
  if (!isType(type) || !isId(id)) return null;
  return versionId === undefined || isId(versionId) ? { type, id, versionId } : null;
}

/**
 * The end of a `Location` that a server gave, whatever it takes for its own base.
 *
 * @param {string | null} location
 */
function addressAtEndOf(location) {
  const path = /[^/]+\/[^/]+(?:\/_history\/[^/]+)?$/.exec(location ?? '')?.[0];
  return path === undefined ? null : addressOf('', path);
}

/** @param {ResourceAddress} address */
function pathOf(address) {
  const { type, id } = address;
  const versionId = givenMember(address, 'versionId');
  return versionId === undefined ? `${type}/${id}` : `${type}/${id}/_history/${versionId}`;
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isType(value) {
  return typeof value === 'string' && TYPE.test(value);
}

/**
 * @param {unknown} value
 * @returns {value is string}
 */
function isId(value) {
  // A URL takes dots alone for a way up.
  return typeof value === 'string' && ID.test(value) && !/^\.+$/.test(value);
}

/**
 * @param {unknown} resource
 * @param {string} where the name of the function that was given it
 * @returns {string} its type
 */
function typeOf(resource, where) {
  if (typeof resource === 'object' && resource !== null && 'resourceType' in resource) {
    const { resourceType } = resource;
    if (isType(resourceType)) return resourceType;
  }
  throw new TypeError(`${where}: expected a resource: an object with a resourceType`);
}

module.exports = { addressAtEndOf, addressOf, isId, isType, pathOf, typeOf };
