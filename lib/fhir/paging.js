'use strict';

const { FhirClientError } = require('./fhir-client-error.js');
const { isType } = require('./resource-address.js');

/**
 * @typedef {InstanceType<typeof import('./exchange.js').Exchange>} Exchange
 * @typedef {import('./index.js').Bundle} Bundle
 * @typedef {import('./index.js').BundleEntry} BundleEntry
 * @typedef {import('./index.js').FhirRequestOptions} FhirRequestOptions
 */

/**
 * A page and those that follow it; each is asked for when it is wanted.
 *
 * @param {Exchange} exchange
 * @param {string} first its URL
 * @param {FhirRequestOptions} options
 * @returns {AsyncGenerator<Bundle, void, undefined>}
 */
async function* pagesFrom(exchange, first, options) {
  /** @type {string | null} */
  let url = first;
  // A page to come back to, further and further on (Brent's algorithm): not every one is kept.
  let landmark = first;
  let distance = 0;
  let reach = 1;
  while (url !== null) {
    const page = await loadBundle(exchange, url, options);
    yield page;
    const next = nextOf(exchange.base, page);
    // Otherwise a server would be asked for ever.
    if (next === url) throw linkProblem('the page names itself as the next one', url);
    if (next === landmark) throw linkProblem('the pages go round in a circle', landmark);
    url = next;
    distance += 1;
    if (distance < reach || url === null) continue;
    landmark = url;
    distance = 0;
    reach *= 2;
  }
}

/**
 * @param {AsyncIterable<Bundle>} pages
 * @returns {AsyncGenerator<BundleEntry, void, undefined>}
 */
async function* entriesOf(pages) {
  for await (const { entry } of pages) yield* Array.isArray(entry) ? entry : [];
}

/**
 * @param {Exchange} exchange
 * @param {string} url
 * @param {FhirRequestOptions} options
 * @returns {Promise<Bundle>}
 */
async function loadBundle(exchange, url, options) {
  const { resource, status } = await exchange.send({ method: 'GET', url }, options);
  return requireBundle(resource, { method: 'GET', url, status });
}

/**
 * @param {import('./index.js').AnyResource | null} resource
 * @param {{ method: string, url: string, status: number }} call
 * @returns {Bundle}
 */
function requireBundle(resource, { method, url, status }) {
  if (resource?.resourceType === 'Bundle') return /** @type {Bundle} */ (/** @type {unknown} */ (resource));
  const path = url.split('?', 1)[0];
  const type = resource?.resourceType;
  const got = isType(type) ? `the type ${type}` : resource === null ? 'nothing' : 'something else';
  throw new FhirClientError('ERR_FHIR_RESPONSE', `${method} ${path}: expected a Bundle and got ${got}`, {
    method,
    url: path,
    status,
  });
}

/**
 * The page after this one. The token goes with the request, so it has to be on the server that this one is from.
 *
 * @param {string} base
 * @param {Bundle} bundle
 * @returns {string | null}
 */
function nextOf(base, { link }) {
  const next = Array.isArray(link) ? link.find((one) => one?.relation === 'next') : undefined;
  if (next === undefined) return null;
  const { url } = next;
  if (typeof url !== 'string' || !URL.canParse(url, `${base}/`)) {
    throw linkProblem('the link to the next page is no URL', base);
  }
  const target = new URL(url, `${base}/`);
  const { origin } = new URL(base);
  if (target.origin !== origin) {
    throw linkProblem(
      `the next page is at ${target.origin}, which is not ${origin}; a server behind a proxy has to be told its own base URL`,
      target.origin + target.pathname,
    );
  }
  return target.href;
}

/**
 * @param {string} message
 * @param {string} url
 */
function linkProblem(message, url) {
  const path = url.split('?', 1)[0];
  return new FhirClientError('ERR_FHIR_LINK', `GET ${path}: ${message}`, { method: 'GET', url: path });
}

module.exports = { entriesOf, loadBundle, nextOf, pagesFrom, requireBundle };
