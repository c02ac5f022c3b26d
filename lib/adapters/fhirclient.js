'use strict';

const { givenMember } = require('../given-member.js');
const { isReplayable } = require('../replayable-body.js');
const { originOf } = require('../token-origins.js');
const { renewedHeader } = require('./renewed-header.js');

/**
 * @typedef {Record<string, any>} RequestOptions of fhirclient: those of fetch, and its own
 * @typedef {(url: string, options: RequestOptions) => Promise<any>} Send
 */

/** As many as node-fetch follows. */
const MAX_REDIRECTS = 20;
const REPLACED = ['headers', 'redirect', 'agent'];
const REDIRECTS = [301, 302, 303, 307, 308];

/** @type {typeof import('./fhirclient.js').authorizeClient} */
function authorizeClient(client, interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  const given = /** @type {any} */ (client);
  const { request, fhirRequest } = given;
  /**
   * What headers with a token have replaced, the caller's own options: the library passes ours on to requests for
   * references, which may be anywhere.
   *
   * @type {WeakMap<object, RequestOptions>}
   */
  const replaced = new WeakMap();
  /** What requests for pages and references, which are made within another one, have failed with for good. */
  const settled = new WeakSet();

  /**
   * @param {string} path absolute, or relative to the client's base
   * @param {RequestOptions} passed
   * @param {Send} send
   * @returns {Promise<any>}
   */
  async function exchange(path, passed, send, redirects = 0) {
    const options = replaced.has(passed.headers)
      ? { ...without(REPLACED, passed), ...replaced.get(passed.headers) }
      : passed;
    const url = /^http/.test(path) ? path : given.fhirBaseUrl;
    const wait = { fhirBaseUrl, signal: options.signal ?? undefined };
    const refused = await interceptor.getAuthorizationHeaderFor(url, wait);
    if (refused === null) return send(path, options);
    const defaults = await given.getRequestDefaults();
    const redirect = options.redirect ?? defaults.redirect ?? 'manual';
    const agent = stayingAt(url, options.agent ?? defaults.agent);
    /** @param {string} authorization */
    const sendWith = (authorization) => {
      const headers = { ...without(['authorization'], options.headers), authorization };
      replaced.set(headers, only(REPLACED, options));
      return send(path, { ...options, headers, redirect, agent });
    };
    try {
      return await sendWith(refused);
    } catch (thrown) {
      const error = /** @type {any} */ (thrown);
      if (settled.has(error)) throw error;
      const next = redirect === 'manual' ? nextRequest(error, options) : null;
      if (next !== null && redirects < MAX_REDIRECTS) {
        return exchange(next.url, next.options, send, redirects + 1);
      }
      if (error?.status !== 401) throw error;
      const sent = { url, refused, isReplayable: isReplayable(options.body) };
      const renewed = await renewedHeader(interceptor, sent, wait);
      if (renewed === null) throw error;
      return sendWith(renewed);
    }
  }

  /** @type {(path: string, options: RequestOptions, send: Send) => Promise<any>} */
  const begin = async (path, options, send) => {
    try {
      return await exchange(path, options, send);
    } catch (error) {
      if (error instanceof Error) settled.add(error);
      throw error;
    }
  };

  given.fhirRequest = (/** @type {string | URL} */ uri, /** @type {RequestOptions} */ options = {}) =>
    begin(String(uri), options, (url, sent) => fhirRequest.call(given, url, sent));
  if (typeof request === 'function') {
    given.request = (/** @type {any} */ asked, /** @type {any[]} */ ...rest) => {
      const options = typeof asked === 'object' && !(asked instanceof URL) ? asked : { url: asked };
      return begin(String(options.url), options, (url, sent) =>
        request.call(given, { ...sent, url }, ...rest),
      );
    };
  }
  return () => {
    given.fhirRequest = fhirRequest;
    if (typeof request === 'function') given.request = request;
  };
}

/**
 * fhirclient sends by node-fetch, which carries headers on to other ports of a host and to hosts below it, and
 * follows the Location of an empty 201 itself, with all headers. Redirects are therefore followed here; and the one
 * thing of ours that node-fetch asks before it connects, wherever to, is the agent.
 *
 * @param {string} url
 * @param {any} agent the caller's own, or a function that tells it
 */
function stayingAt(url, agent) {
  return (/** @type {URL} */ target) => {
    const { href } = target;
    if (originOf(href) !== originOf(url)) throw new Departure(href);
    return typeof agent === 'function' ? agent(target) : agent;
  };
}

/** The library is about to go elsewhere with what was meant for one origin. */
class Departure extends Error {
  /** @param {string} url */
  constructor(url) {
    super('a response leads to another origin');
    this.url = url;
  }
}

/**
 * As fetch follows redirects (Fetch, HTTP-redirect fetch).
 *
 * @param {any} error
 * @param {RequestOptions} options
 * @returns {{ url: string, options: RequestOptions } | null} null: it leads nowhere
 */
function nextRequest(error, options) {
  const { method = 'GET', body, ...rest } = options;
  if (error instanceof Departure) return { url: error.url, options: rest };
  const url = REDIRECTS.includes(error?.status) ? error.response?.headers?.get('location') : null;
  if (!url) return null;
  const isGet = error.status === 303 ? method !== 'HEAD' : error.status <= 302 && method === 'POST';
  if (isGet) return { url, options: rest };
  return isReplayable(body) ? { url, options } : null;
}

/**
 * @param {string[]} names
 * @param {Record<string, any>} [members]
 */
function without(names, members = {}) {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name.toLowerCase())));
}

/**
 * @param {string[]} names
 * @param {Record<string, any>} members
 */
function only(names, members) {
  return Object.fromEntries(Object.entries(members).filter(([name]) => names.includes(name)));
}

module.exports = { authorizeClient };
