'use strict';

const { Refusal } = require('../refusal.js');
const { interact } = require('./interactions.js');
const { fhirAnswer, outcome } = require('./operation-outcome.js');

/**
 * @typedef {import('../exchange.js').Answer} Answer
 * @typedef {import('./interactions.js').FhirServer} FhirServer
 * @typedef {import('./interactions.js').Interaction} Interaction
 *
 * @typedef {{ fullUrl?: string, resource?: any, request?: { method?: string, url?: string, ifMatch?: string,
 *   ifNoneExist?: string } }} Entry
 */

/** The order in which a transaction is processed, whatever that of its entries (FHIR R4, RESTful API). */
const ORDER = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD'];

/**
 * A bundle of interactions: a transaction happens as a whole or not at all, the entries of a batch by themselves.
 *
 * @param {any} bundle
 * @param {FhirServer} server
 * @returns {Answer}
 */
function processBundle(bundle, server) {
  const type = bundle?.resourceType === 'Bundle' ? bundle.type : undefined;
  if (type !== 'transaction' && type !== 'batch') {
    return outcome(400, 'invalid', 'The body is not a Bundle of the type transaction or batch.');
  }
  /** @type {Entry[]} */
  const entries = bundle.entry ?? [];
  return type === 'batch'
    ? responseBundle(
        'batch-response',
        entries.map((entry) => answerAlone(entry, server)),
      )
    : transact(entries, server);
}

/**
 * @param {Entry} entry
 * @param {FhirServer} server
 */
function answerAlone(entry, server) {
  try {
    return interact(interactionOf(entry), server);
  } catch (error) {
    if (error instanceof Refusal) return outcome(error.status, 'forbidden', error.explanation);
    throw error;
  }
}

/**
 * @param {Entry[]} entries
 * @param {FhirServer} server
 */
function transact(entries, server) {
  const undo = server.store.checkpoint();
  /** @type {Answer[]} */
  const answers = [];
  /** @type {Map<string, string>} */
  const ids = new Map();
  try {
    for (const index of processingOrder(entries)) {
      const entry = entries[index];
      const answer = interact(interactionOf(entry), server);
      if (answer.status >= 400) {
        undo();
        return answer;
      }
      answers[index] = answer;
      const { resourceType, id } = /** @type {any} */ (answer.body) ?? {};
      if (entry.fullUrl !== undefined && id !== undefined) ids.set(entry.fullUrl, `${resourceType}/${id}`);
    }
  } catch (error) {
    undo();
    throw error;
  }
  return responseBundle(
    'transaction-response',
    answers.map((answer) => resolved(answer, ids, server)),
  );
}

/** @param {Entry[]} entries */
function processingOrder(entries) {
  const rank = (/** @type {number} */ index) => ORDER.indexOf(entries[index].request?.method ?? '');
  return entries.map((_, index) => index).sort((one, other) => rank(one) - rank(other));
}

/**
 * @param {Entry} entry
 * @returns {Interaction}
 */
function interactionOf({ resource, request: { method = '', url = '', ifMatch, ifNoneExist } = {} }) {
  const [path, query = ''] = url.split('?', 2);
  return {
    method,
    path: path.split('/'),
    query: new URLSearchParams(query),
    resource,
    ifMatch,
    ifNoneExist,
    prefer: '',
  };
}

/**
 * References of one entry to another, once every entry has its id.
 *
 * @param {Answer} answer
 * @param {Map<string, string>} ids by fullUrl
 * @param {FhirServer} server
 */
function resolved(answer, ids, { store }) {
  const { resourceType, id } = /** @type {any} */ (answer.body) ?? {};
  const stored = resourceType === undefined ? undefined : store.find(resourceType, id);
  if (stored) replaceReferences(stored, ids);
  return stored ? { ...answer, body: stored } : answer;
}

/**
 * @param {any} value
 * @param {Map<string, string>} ids
 */
function replaceReferences(value, ids) {
  if (typeof value !== 'object' || value === null) return;
  if (typeof value.reference === 'string') value.reference = ids.get(value.reference) ?? value.reference;
  for (const member of Object.values(value)) replaceReferences(member, ids);
}

/**
 * @param {string} type
 * @param {Answer[]} answers
 */
function responseBundle(type, answers) {
  const entry = answers.map(({ status, headers = {}, body }) => {
    const { location, etag } = headers;
    const isOutcome = /** @type {any} */ (body)?.resourceType === 'OperationOutcome';
    return {
      ...(body === undefined || isOutcome ? {} : { resource: body }),
      response: {
        status: String(status),
        ...(location === undefined ? {} : { location }),
        ...(etag === undefined ? {} : { etag }),
        ...(isOutcome ? { outcome: body } : {}),
      },
    };
  });
  return fhirAnswer(200, { resourceType: 'Bundle', type, entry });
}

module.exports = { processBundle };
