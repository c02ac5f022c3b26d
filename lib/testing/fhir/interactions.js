'use strict';

const { ID } = require('./resource-store.js');
const { fhirAnswer, outcome } = require('./operation-outcome.js');
const { matches, search } = require('./search.js');

/**
 * @typedef {import('../exchange.js').Answer} Answer
 * @typedef {InstanceType<typeof import('./resource-store.js').ResourceStore>} ResourceStore
 * @typedef {import('./resource-store.js').StoredResource} StoredResource
 *
 * One interaction of the RESTful API (FHIR R4), from a request or from an entry of a bundle.
 *
 * @typedef {object} Interaction
 * @property {string} method
 * @property {readonly string[]} path below the base
 * @property {URLSearchParams} query
 * @property {unknown} resource
 * @property {string | undefined} ifMatch
 * @property {string | undefined} ifNoneExist
 * @property {string} prefer
 *
 * @typedef {object} FhirServer
 * @property {string} baseUrl
 * @property {number} pageSize
 * @property {ResourceStore} store
 * @property {(type: string, letter: string) => void} authorize throws where the token does not permit it
 */

/**
 * @param {Interaction} interaction
 * @param {FhirServer} server
 * @returns {Answer}
 */
function interact(interaction, server) {
  const { method, path } = interaction;
  const [type, id, ...rest] = path;
  if (!server.store.types.includes(type)) {
    return outcome(404, 'not-supported', `There are no resources of the type ${type}.`);
  }
  if (rest.length > 0) return outcome(404, 'not-found', `There is nothing at ${path.join('/')}.`);
  if (id === undefined || id === '_search') return onType(interaction, server, type, id);
  if (method === 'GET' || method === 'HEAD') return read(server, type, id);
  if (method === 'PUT') return update(interaction, server, type, id);
  if (method === 'DELETE') return remove(server, type, id);
  return outcome(405, 'not-supported', `${method} is not supported for a resource.`, {
    allow: 'GET, PUT, DELETE',
  });
}

/**
 * @param {Interaction} interaction
 * @param {FhirServer} server
 * @param {string} type
 * @param {string | undefined} operation
 */
function onType(interaction, server, type, operation) {
  const { method, query, prefer } = interaction;
  if (operation === undefined && method === 'POST') return create(interaction, server, type);
  if (method === 'GET' || method === 'HEAD' || (operation === '_search' && method === 'POST')) {
    server.authorize(type, 's');
    const { store, baseUrl, pageSize } = server;
    const strict = prefer.includes('handling=strict');
    return search(store.all(type), { type, query, baseUrl, pageSize, strict });
  }
  return outcome(405, 'not-supported', `${method} is not supported for a type.`, { allow: 'GET, POST' });
}

/**
 * @param {FhirServer} server
 * @param {string} type
 * @param {string} id
 */
function read(server, type, id) {
  server.authorize(type, 'r');
  const found = server.store.find(type, id);
  if (found === undefined) return outcome(404, 'not-found', `There is no ${type}/${id}.`);
  if (found === null) return outcome(410, 'deleted', `${type}/${id} has been deleted.`);
  return fhirAnswer(200, found, versionHeaders(found));
}

/**
 * @param {Interaction} interaction
 * @param {FhirServer} server
 * @param {string} type
 */
function create({ resource, ifNoneExist, prefer }, server, type) {
  server.authorize(type, 'c');
  const problem = problemOf(resource, type);
  if (problem !== null) return problem;
  if (ifNoneExist !== undefined) {
    const found = matches(server.store.all(type), type, new URLSearchParams(ifNoneExist));
    if (found.length > 1)
      return outcome(412, 'multiple-matches', `If-None-Exist matches ${found.length} resources.`);
    if (found.length === 1) return written(200, found[0], server, prefer);
  }
  return written(201, server.store.create(/** @type {StoredResource} */ (resource)), server, prefer);
}

/**
 * @param {Interaction} interaction
 * @param {FhirServer} server
 * @param {string} type
 * @param {string} id
 */
function update({ resource, ifMatch, prefer }, server, type, id) {
  server.authorize(type, 'u');
  const problem = problemOf(resource, type);
  if (problem !== null) return problem;
  const given = /** @type {StoredResource} */ (resource);
  if (!ID.test(id) || given.id !== id) {
    return outcome(
      400,
      'invalid',
      `The resource has the id ${JSON.stringify(given.id)}, and the URL has ${id}.`,
    );
  }
  const current = server.store.find(type, id);
  if (ifMatch !== undefined && (!current || ifMatch !== etagOf(current))) {
    return outcome(
      412,
      'conflict',
      `If-Match is ${ifMatch}, and the current version is ${current ? etagOf(current) : 'none'}.`,
    );
  }
  return written(current ? 200 : 201, server.store.put(given), server, prefer);
}

/**
 * @param {FhirServer} server
 * @param {string} type
 * @param {string} id
 */
function remove(server, type, id) {
  server.authorize(type, 'd');
  server.store.delete(type, id);
  return fhirAnswer(204);
}

/**
 * @param {unknown} resource
 * @param {string} type
 */
function problemOf(resource, type) {
  const given = /** @type {{ resourceType?: unknown } | null | undefined} */ (resource);
  if (typeof given === 'object' && given !== null && given.resourceType === type) return null;
  return outcome(400, 'invalid', `The body is not a resource of the type ${type}.`);
}

/**
 * @param {number} status
 * @param {StoredResource} resource
 * @param {FhirServer} server
 * @param {string} prefer
 */
function written(status, resource, { baseUrl }, prefer) {
  const { resourceType, id, meta } = resource;
  const location = `${baseUrl}/${resourceType}/${id}/_history/${meta.versionId}`;
  const headers = { ...versionHeaders(resource), ...(status === 201 ? { location } : {}) };
  return fhirAnswer(status, prefer.includes('return=minimal') ? undefined : resource, headers);
}

/** @param {StoredResource} resource */
function versionHeaders(resource) {
  return { etag: etagOf(resource), 'last-modified': new Date(resource.meta.lastUpdated).toUTCString() };
}

/** @param {StoredResource} resource */
function etagOf({ meta }) {
  return `W/"${meta.versionId}"`;
}

module.exports = { interact };
