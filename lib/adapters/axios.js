'use strict';

const { givenMember } = require('../given-member.js');
const { isReplayable } = require('../replayable-body.js');
const { originOf } = require('../token-origins.js');
const { renewedHeader } = require('./renewed-header.js');
const { hearingErrorsOf } = require('./unheard-errors.js');

/**
 * @typedef {Record<string, any>} RequestConfig of axios
 *
 * @typedef {object} Exchange
 * @property {string} url
 * @property {string} authorization
 * @property {boolean} hasLeft the origin: by a redirect, or as an interceptor would have it
 * @property {((...details: any[]) => void) | undefined} beforeRedirect the caller's own
 */

/** @type {typeof import('./axios.js').authorizeAxios} */
function authorizeAxios(instance, interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  /** @type {{ request: any, response: any }} */
  const { request, response } = instance.interceptors;
  /**
   * By `beforeRedirect`, which is made for each request and comes back with the response, however many copies of
   * the config other interceptors make.
   *
   * @type {WeakMap<Function, Exchange>}
   */
  const exchanges = new WeakMap();
  /** @type {WeakSet<Function>} */
  const lookouts = new WeakSet();

  /** @param {RequestConfig} config */
  async function authorize(config) {
    const { data, signal } = config;
    const url = targetOf(config);
    const authorization = await unlessAborted(signal, () =>
      hearingErrorsOf(data, () => interceptor.getAuthorizationHeaderFor(url, { fhirBaseUrl, signal })),
    );
    // axios would wait for the end of a stream that is broken already.
    if (data?.errored) throw data.errored;
    if (authorization === null) return config;
    // A config that comes back, as for a retry of the application's, still has what was put there.
    const { beforeRedirect } = exchanges.get(config.beforeRedirect) ?? config;
    const exchange = { url, authorization, hasLeft: false, beforeRedirect };
    config.headers.set('Authorization', authorization);
    // It would take the header's place.
    delete config.auth;
    const guard = stayingAt(exchange);
    config.beforeRedirect = guard;
    exchanges.set(guard, exchange);
    const lookout = lookingWhereItGoes(exchange, guard);
    lookouts.add(lookout);
    config.transformRequest = [config.transformRequest ?? []].flat().filter((own) => !lookouts.has(own));
    config.transformRequest.push(lookout);
    return config;
  }

  /**
   * @param {RequestConfig | undefined} config
   * @param {{ status: number, data: any } | undefined} answer
   * @returns {Promise<any>} null: the answer stands
   */
  async function retry(config, answer) {
    const exchange = exchanges.get(config?.beforeRedirect);
    if (answer?.status !== 401 || !config || exchange === undefined || exchange.hasLeft) return null;
    const { url, authorization: refused } = exchange;
    const { signal } = config;
    const sent = { url, refused, isReplayable: isReplayable(config.data) };
    const renewed = await unlessAborted(signal, () =>
      renewedHeader(interceptor, sent, { fhirBaseUrl, signal }),
    );
    if (renewed !== null) config.headers.set('Authorization', renewed);
    else if (!signal?.aborted) return null;
    // With responseType: 'stream' nobody else would end it.
    if (typeof answer.data?.destroy === 'function') answer.data.destroy();
    // Without interceptors, which have seen this request, and with the body as it was sent.
    return withoutInterceptors(instance).request({ ...config, transformRequest: [asItIs] });
  }

  const ids = {
    request: request.use(authorize),
    response: response.use(
      async (/** @type {any} */ answer) => (await retry(answer?.config, answer)) ?? answer,
      async (/** @type {any} */ error) => {
        const answer = await retry(error?.config, error?.response);
        if (answer === null) throw error;
        return answer;
      },
    ),
  };
  return () => {
    request.eject(ids.request);
    response.eject(ids.response);
  };
}

/**
 * What decides where a request goes, as axios does it.
 *
 * @param {RequestConfig} config
 */
function targetOf({ url = '', baseURL, allowAbsoluteUrls }) {
  const isAbsolute = /^([a-z][a-z\d+\-.]*:)?\/\//i.test(url);
  return String(baseURL && !(isAbsolute && allowAbsoluteUrls !== false) ? baseURL : url);
}

/**
 * An aborted wait is no error here: axios looks at the signal before it sends, and rejects with its own.
 *
 * @param {AbortSignal | undefined} signal
 * @param {() => Promise<string | null>} wait
 */
async function unlessAborted(signal, wait) {
  try {
    return await wait();
  } catch (error) {
    if (signal?.aborted) return null;
    throw error;
  }
}

/**
 * To another port, and from a host to those below it, some versions of axios let the header through.
 *
 * @param {Exchange} exchange
 */
function stayingAt(exchange) {
  return (/** @type {any} */ options, /** @type {any[]} */ ...details) => {
    exchange.beforeRedirect?.(options, ...details);
    if (originOf(options.href) === originOf(exchange.url)) return;
    exchange.hasLeft = true;
    for (const name of Object.keys(options.headers)) {
      if (name.toLowerCase() === 'authorization') delete options.headers[name];
    }
  };
}

/**
 * Interceptors that were added earlier run later, and may change the URL and beforeRedirect. Transforms run after all
 * of them.
 *
 * @param {Exchange} exchange
 * @param {Function} guard
 */
function lookingWhereItGoes(exchange, guard) {
  /**
   * @this {RequestConfig}
   * @param {unknown} data
   */
  return function look(data) {
    if (this.beforeRedirect !== guard) {
      exchange.beforeRedirect = this.beforeRedirect;
      this.beforeRedirect = guard;
    }
    if (originOf(targetOf(this)) !== originOf(exchange.url)) {
      exchange.hasLeft = true;
      if (this.headers.get('Authorization') === exchange.authorization) this.headers.delete('Authorization');
    }
    return data;
  };
}

/** @param {any} instance an instance, or an object of the class Axios */
function withoutInterceptors(instance) {
  const bare = typeof instance.create === 'function' ? instance.create() : new instance.constructor({});
  // All that was to be added has been; what was taken out again is not to come back.
  bare.defaults.headers = {};
  return bare;
}

/** @param {unknown} data */
function asItIs(data) {
  return data;
}

module.exports = { authorizeAxios };
