'use strict';

const { randomBytes } = require('node:crypto');
const { Refusal } = require('../refusal.js');
const { permits } = require('../scopes.js');
const { outcome } = require('./operation-outcome.js');

/**
 * @typedef {import('../access-tokens.js').AccessToken} AccessToken
 * @typedef {InstanceType<typeof import('../authorization-server.js').AuthorizationServer>} AuthorizationServer
 * @typedef {import('../exchange.js').Answer} Answer
 * @typedef {import('../exchange.js').Exchange} Exchange
 * @typedef {InstanceType<typeof import('./resource-store.js').ResourceStore>} ResourceStore
 * @typedef {import('./resource-store.js').StoredResource} StoredResource
 *
 * @typedef {object} Job
 * @property {string} id
 * @property {string} signature of its download URLs
 * @property {string} request
 * @property {string} transactionTime
 * @property {number} pollsLeft
 * @property {Map<string, readonly StoredResource[]>} files by type
 */

/** The oldest go first. */
const MAX_JOBS = 100;

/** `$export` (FHIR Bulk Data Access): kick-off, status and files. */
class BulkExport {
  /** @type {Map<string, Job>} */
  #jobs = new Map();
  #server;
  #urls;

  /**
   * @param {AuthorizationServer} server
   * @param {{ fhirBaseUrl: string, downloadOrigin: string }} urls
   */
  constructor(server, urls) {
    this.#server = server;
    this.#urls = urls;
  }

  clear() {
    this.#jobs.clear();
  }

  /**
   * @param {Exchange} exchange
   * @param {readonly string[]} path of the operation: `$export`, `Patient/$export` or `Group/{id}/$export`
   * @param {AccessToken} token
   * @param {ResourceStore} store
   * @returns {Answer}
   */
  start({ method, url, headers }, path, token, store) {
    if (method !== 'GET')
      return outcome(405, 'not-supported', 'The export is started by GET.', { allow: 'GET' });
    if (!/\brespond-async\b/.test(headers.prefer ?? '')) {
      throw new Refusal({
        rule: 'FHIR Bulk Data Access, Kick-off Request',
        error: 'invalid_request',
        explanation: "the export was asked for without 'Prefer: respond-async'",
      });
    }
    const resources = exported(path, store);
    if (resources === null)
      return outcome(404, 'not-found', `There is no ${path.slice(0, -1).join('/')} to export.`);
    const since = url.searchParams.get('_since') ?? '';
    const types = this.#typesOf(url, token, store, resources);
    const id = randomBytes(8).toString('hex');
    this.#jobs.set(id, {
      id,
      signature: randomBytes(16).toString('hex'),
      request: url.href,
      transactionTime: this.#server.now().toISOString(),
      pollsLeft: this.#server.settings.exportPolls,
      files: filesOf(
        types,
        resources.filter(({ meta }) => meta.lastUpdated >= since),
      ),
    });
    const [oldest] = this.#jobs.keys();
    if (this.#jobs.size > MAX_JOBS) this.#jobs.delete(oldest);
    return { status: 202, headers: { 'content-location': `${this.#urls.fhirBaseUrl}/bulk-status/${id}` } };
  }

  /**
   * @param {string} method
   * @param {string} id
   * @returns {Answer}
   */
  status(method, id) {
    const job = this.#jobs.get(id);
    if (job === undefined) return outcome(404, 'not-found', `There is no export ${id}.`);
    if (method === 'DELETE') {
      this.#jobs.delete(id);
      return { status: 202 };
    }
    if (job.pollsLeft > 0) {
      job.pollsLeft -= 1;
      const retryAfter = String(this.#server.settings.exportRetryAfterSeconds);
      return {
        status: 202,
        headers: { 'retry-after': retryAfter, 'x-progress': `${job.pollsLeft} more to go` },
      };
    }
    const { transactionTime, request, signature, files } = job;
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: {
        transactionTime,
        request,
        requiresAccessToken: this.#server.settings.exportRequiresAccessToken,
        output: [...files].map(([type, resources]) => ({
          type,
          url: `${this.#urls.downloadOrigin}/${id}/${type}.ndjson?signature=${signature}`,
          count: resources.length,
        })),
        error: [],
      },
    };
  }

  /**
   * One file, from the other origin.
   *
   * @param {Exchange} exchange
   * @returns {Answer}
   */
  download({ url }) {
    const [, id, type] = /^\/([^/]+)\/([A-Za-z]+)\.ndjson$/.exec(url.pathname) ?? [];
    const job = this.#jobs.get(id);
    const resources = job?.files.get(type);
    if (job === undefined || resources === undefined || url.searchParams.get('signature') !== job.signature) {
      return { status: 404, body: 'no such file\n' };
    }
    return {
      status: 200,
      headers: { 'content-type': 'application/fhir+ndjson' },
      body: resources.map((resource) => `${JSON.stringify(resource)}\n`).join(''),
    };
  }

  /**
   * Those of `_type`, which the token has to permit all, or whatever the token permits.
   *
   * @param {URL} url
   * @param {AccessToken} token
   * @param {ResourceStore} store
   * @param {readonly StoredResource[]} resources
   */
  #typesOf(url, { scopes }, store, resources) {
    const asked = url.searchParams.get('_type')?.split(',');
    const isPermitted = (/** @type {string} */ type) =>
      permits(scopes, type, 'r') && permits(scopes, type, 's');
    const missing = (asked ?? []).find((type) => !isPermitted(type));
    const permitted = (asked ?? store.types).filter(isPermitted);
    if (missing === undefined && permitted.length > 0) {
      return permitted.filter((type) => resources.some(({ resourceType }) => resourceType === type));
    }
    throw new Refusal({
      rule: 'RFC 6750 §3.1',
      error: 'insufficient_scope',
      status: 403,
      explanation: `the token does not permit the export of ${missing ?? 'anything'}; its scopes are ${scopes.join(' ')}`,
    });
  }
}

/**
 * @param {readonly string[]} path
 * @param {ResourceStore} store
 * @returns {readonly StoredResource[] | null} null: the group is not there
 */
function exported(path, store) {
  const all = store.everything();
  if (path.length === 1) return all;
  const group = path[0] === 'Group' ? store.find('Group', path[1]) : undefined;
  if (path[0] === 'Group' && !group) return null;
  const members = group?.member?.map((/** @type {any} */ { entity }) => entity.reference);
  const isOfPatients = (/** @type {StoredResource} */ { resourceType, id, subject }) => {
    const patient = resourceType === 'Patient' ? `Patient/${id}` : subject?.reference;
    return patient?.startsWith('Patient/') && (members === undefined || members.includes(patient));
  };
  return all.filter(isOfPatients);
}

/**
 * @param {readonly string[]} types
 * @param {readonly StoredResource[]} resources
 */
function filesOf(types, resources) {
  return new Map(types.map((type) => [type, resources.filter(({ resourceType }) => resourceType === type)]));
}

module.exports = { BulkExport };
