'use strict';

/**
 * @typedef {{ resourceType: string, id?: string, meta?: Record<string, unknown>, [member: string]: any }} Resource
 * @typedef {Resource & { id: string, meta: { versionId: string, lastUpdated: string } }} StoredResource
 */

/** A FHIR id (R4, Datatypes). */
const ID = /^[A-Za-z0-9.-]{1,64}$/;

/** Resources by type and id, in the order in which they came. Deleted ones stay as null: they are gone, not unknown. */
class ResourceStore {
  /** @type {Map<string, StoredResource | null>} */
  #entries = new Map();
  #types;
  #now;
  #created = 0;

  /**
   * @param {readonly Resource[]} resources
   * @param {() => Date} now
   */
  constructor(resources, now) {
    this.#now = now;
    this.#types = new Set([
      'Patient',
      'Observation',
      'Group',
      ...resources.map(({ resourceType }) => resourceType),
    ]);
    for (const resource of resources) {
      if (resource.id === undefined) this.create(resource);
      else this.put({ ...resource, id: resource.id });
    }
  }

  get types() {
    return [...this.#types];
  }

  /**
   * @param {string} type
   * @returns {readonly StoredResource[]}
   */
  all(type) {
    return [...this.#entries.values()]
      .filter((entry) => entry !== null && entry.resourceType === type)
      .map(present);
  }

  /** Of every type. @returns {readonly StoredResource[]} */
  everything() {
    return [...this.#entries.values()].filter((entry) => entry !== null).map(present);
  }

  /**
   * @param {string} type
   * @param {string} id
   * @returns {StoredResource | null | undefined} null: deleted
   */
  find(type, id) {
    return this.#entries.get(`${type}/${id}`);
  }

  /**
   * Under an id of the store's choice: 1001, 1002, and so on, the same in every run.
   *
   * @param {Resource} resource
   */
  create(resource) {
    let id;
    do {
      this.#created += 1;
      id = String(1000 + this.#created);
    } while (this.#entries.has(`${resource.resourceType}/${id}`));
    return this.put({ ...resource, id });
  }

  /**
   * @param {Resource & { id: string }} resource
   * @returns {StoredResource}
   */
  put(resource) {
    const key = `${resource.resourceType}/${resource.id}`;
    const version = Number(this.#entries.get(key)?.meta.versionId ?? 0) + 1;
    const meta = { ...resource.meta, versionId: String(version), lastUpdated: this.#now().toISOString() };
    const stored = { ...structuredClone(resource), meta };
    this.#entries.set(key, stored);
    return stored;
  }

  /**
   * @param {string} type
   * @param {string} id
   */
  delete(type, id) {
    if (this.#entries.has(`${type}/${id}`)) this.#entries.set(`${type}/${id}`, null);
  }

  /** @returns {() => void} brings back what is there now */
  checkpoint() {
    const entries = new Map(this.#entries);
    const created = this.#created;
    return () => {
      this.#entries = entries;
      this.#created = created;
    };
  }
}

/** @param {StoredResource | null} entry */
function present(entry) {
  return /** @type {StoredResource} */ (entry);
}

module.exports = { ID, ResourceStore };
