'use strict';

const { invalidConfig } = require('../client-auth-error.js');
const { givenMember } = require('../given-member.js');
const { isReplayable } = require('../replayable-body.js');
const { renewedHeader } = require('./renewed-header.js');
const { hearingErrorsOf } = require('./unheard-errors.js');

/**
 * @typedef {import('../../index.js').ClientAuthInterceptor} ClientAuthInterceptor
 *
 * @typedef {object} DispatchOptions those of undici's dispatch that matter here
 * @property {string | URL} [origin]
 * @property {unknown} [headers]
 * @property {any} [body]
 * @property {unknown} [signal]
 *
 * @typedef {Record<string, any>} Handler of undici's dispatch
 * @typedef {(options: any, handler: any) => boolean} Dispatch
 */

/** @type {typeof import('./undici.js').authorizationInterceptor} */
function authorizationInterceptor(interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  const origin = givenMember(settings, 'origin');
  /**
   * @param {Dispatch} dispatch
   * @param {string} [dispatcherOrigin] undici 8 tells the origin of a Client or Pool
   * @returns {Dispatch}
   */
  const compose = (dispatch, dispatcherOrigin) => (options, handler) => {
    const url = options.origin ?? origin ?? dispatcherOrigin;
    new Exchange(dispatch, options, handler).send(interceptor, url, fhirBaseUrl);
    return true;
  };
  return /** @type {any} */ (compose);
}

/** One request with the one retry after a 401; undici's handler of both. */
class Exchange {
  #dispatch;
  #options;
  #handler;
  /** @type {((refused: string) => Promise<string | null>) | null} null: the answer counts, whatever it is */
  #renew = null;
  /** @type {string | null} */
  #authorization = null;
  /** @type {(() => void)[] | null} what came in spite of the pause, as the end of a HEAD does; null: no pause */
  #held = null;
  #isDiscarding = false;
  #isOver = false;

  /**
   * @param {Dispatch} dispatch
   * @param {DispatchOptions} options
   * @param {Handler} handler
   */
  constructor(dispatch, options, handler) {
    this.#dispatch = dispatch;
    this.#options = options;
    this.#handler = handler;
  }

  /**
   * @param {ClientAuthInterceptor} interceptor
   * @param {string | URL | undefined} url
   * @param {string | undefined} fhirBaseUrl
   */
  async send(interceptor, url, fhirBaseUrl) {
    const { body, signal } = this.#options;
    try {
      if (url === undefined) {
        throw invalidConfig(
          'undici: a request of a Client or Pool names no origin; set origin in the options',
        );
      }
      const request = { fhirBaseUrl, signal: isAbortSignal(signal) ? signal : undefined };
      await hearingErrorsOf(body, async () => {
        this.#authorization = await interceptor.getAuthorizationHeaderFor(url, request);
        this.#renew = (refused) =>
          renewedHeader(interceptor, { url, refused, isReplayable: isReplayable(body) }, request);
        this.#send();
      });
    } catch (error) {
      this.#handler.onResponseError?.(null, error);
    }
  }

  #send() {
    const authorization = this.#authorization;
    const options =
      authorization === null
        ? this.#options
        : { ...this.#options, headers: withAuthorization(this.#options.headers, authorization) };
    this.#dispatch(options, this);
  }

  /** @type {(controller: any, context: any) => void} */
  onRequestStart(controller, context) {
    this.#handler.onRequestStart?.(controller, context);
  }

  /** @type {(controller: any, status: number, headers: any, socket: any) => void} */
  onRequestUpgrade(controller, status, headers, socket) {
    this.#handler.onRequestUpgrade?.(controller, status, headers, socket);
  }

  /** @type {(controller: any, status: number, headers: any, message?: string) => void} */
  onResponseStart(controller, status, headers, message) {
    const forward = () => this.#handler.onResponseStart?.(controller, status, headers, message);
    const [renew, refused] = [this.#renew, this.#authorization];
    if (status !== 401 || refused === null || renew === null) {
      forward();
      return;
    }
    this.#renew = null;
    this.#held = [];
    controller.pause();
    this.#decide(renew(refused), controller, forward);
  }

  /**
   * @param {Promise<string | null>} renewed
   * @param {any} controller of the 401, whose body waits meanwhile
   * @param {() => void} forward
   */
  async #decide(renewed, controller, forward) {
    try {
      const authorization = await renewed;
      if (this.#isOver) return;
      if (authorization === null) {
        forward();
      } else {
        this.#authorization = authorization;
        this.#isDiscarding = true;
      }
      this.#release();
    } catch (error) {
      if (this.#isOver) return;
      this.#isOver = true;
      this.#handler.onResponseError?.(controller, error);
    }
    controller.resume();
  }

  #release() {
    const held = this.#held ?? [];
    this.#held = null;
    for (const event of held) event();
  }

  /** @type {(controller: any, chunk: Buffer) => void} */
  onResponseData(controller, chunk) {
    if (this.#held !== null) this.#held.push(() => this.onResponseData(controller, chunk));
    else if (!this.#isDiscarding && !this.#isOver) this.#handler.onResponseData?.(controller, chunk);
  }

  /** @type {(controller: any, trailers: any) => void} */
  onResponseEnd(controller, trailers) {
    if (this.#isOver) return;
    if (this.#held !== null) {
      this.#held.push(() => this.onResponseEnd(controller, trailers));
    } else if (this.#isDiscarding) {
      this.#isDiscarding = false;
      this.#send();
    } else {
      this.#handler.onResponseEnd?.(controller, trailers);
      // Not before: undici's retries throw the status that they are for, and take it back as an error.
      this.#isOver = true;
    }
  }

  /** @type {(controller: any, error: Error) => void} */
  onResponseError(controller, error) {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#handler.onResponseError?.(controller, error);
  }
}

/**
 * As an object, which undici's other interceptors take as well.
 *
 * @param {any} headers an object, [name, value, …], or an iterable of pairs
 * @param {string} authorization
 */
function withAuthorization(headers, authorization) {
  /** @type {Record<string, string | string[]>} */
  const merged = Object.create(null);
  for (const [name, value] of pairsOf(headers)) {
    if (name.toLowerCase() === 'authorization') continue;
    merged[name] = name in merged ? [merged[name], value].flat() : value;
  }
  merged.authorization = authorization;
  return merged;
}

/**
 * @param {any} headers
 * @returns {Iterable<[name: string, value: any]>}
 */
function pairsOf(headers) {
  if (headers === undefined || headers === null) return [];
  if (typeof headers[Symbol.iterator] !== 'function') return Object.entries(headers);
  if (!Array.isArray(headers) || Array.isArray(headers[0])) return headers;
  return headers.flatMap((name, at) => (at % 2 === 0 ? [[String(name), headers[at + 1]]] : []));
}

/**
 * @param {unknown} signal undici takes an EventEmitter too
 * @returns {signal is AbortSignal}
 */
function isAbortSignal(signal) {
  return typeof signal === 'object' && signal !== null && 'aborted' in signal && 'addEventListener' in signal;
}

module.exports = { authorizationInterceptor };
