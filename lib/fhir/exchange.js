'use strict';

const { authorizationOf } = require('../authorized-fetch.js');
const { givenMember } = require('../given-member.js');
const { startDeadline } = require('./deadline.js');
const { FhirClientError } = require('./fhir-client-error.js');
const { Interceptors } = require('./interceptors.js');
const { ClientRequest, ClientResponse } = require('./messages.js');
const { describeOutcome, isOperationOutcome } = require('./operation-outcome.js');
const { readText } = require('./read-text.js');
const { credentialsOf, onOneLine, redact, repeats } = require('./server-text.js');

/**
 * @typedef {import('./index.js').FhirRequestOptions} FhirRequestOptions
 * @typedef {import('./index.js').AnyResource} AnyResource
 *
 * @typedef {object} Settings
 * @property {string} base without trailing slashes
 * @property {number} timeoutMs
 * @property {number} maxResponseBytes
 * @property {readonly (AbortSignal | undefined)[]} signals
 * @property {any} dispatcher of undici, whose types are not those of every Node
 * @property {(() => () => void) | undefined} begin is told of every call, and by what it returns of its end
 *
 * @typedef {object} Interaction
 * @property {string} method
 * @property {string} url
 * @property {Record<string, string>} [headers]
 * @property {object} [body] sent as JSON
 * @property {string} [contentType] of the body
 * @property {readonly number[]} [alsoFine] statuses that are an answer too
 *
 * @typedef {{ method: string, url: string }} Call for errors: its URL has no query
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {Headers} headers
 * @property {AnyResource | null} resource
 */

const FHIR_JSON = 'application/fhir+json';
const SAFE_METHODS = new Set(['GET', 'HEAD']);
const NOT_FOUND = 404;

/** OpenSSL's and Node's words for a certificate that nobody vouches for. */
const UNTRUSTED = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_UNTRUSTED)/;

/** One FHIR server as a client talks to it: a request goes out, and its answer comes back as a resource. */
class Exchange {
  #settings;
  interceptors;

  /** @param {Settings} settings */
  constructor(settings) {
    this.#settings = settings;
    this.interceptors = new Interceptors(settings.base);
  }

  get base() {
    return this.#settings.base;
  }

  /**
   * @param {Interaction} interaction
   * @param {FhirRequestOptions} [options]
   * @returns {Promise<Answer>}
   */
  async send(interaction, options = {}) {
    const { method, url } = interaction;
    const timeoutMs = givenMember(options, 'timeoutMs') ?? this.#settings.timeoutMs;
    // What is no number would be no limit.
    if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 0) {
      throw new TypeError('timeoutMs: expected a whole number from 0 on');
    }
    const call = { method, url: withoutQuery(url) };
    const deadline = startDeadline(
      [...this.#settings.signals, givenMember(options, 'signal')],
      timeoutMs,
      () => problem('ERR_FHIR_TIMEOUT', call, `no answer within ${timeoutMs} ms (timeoutMs)`),
    );
    const end = this.#settings.begin?.();
    try {
      const request = requestOf(interaction, options);
      await deadline.race(() => this.interceptors.beforeRequest(request));
      const { response, text } = await this.#reach(request, deadline.signal, call);
      const shown = new ClientResponse(response, text);
      await deadline.race(() => this.interceptors.afterResponse(request, shown));
      const credentials = [authorizationOf(response), headerOf(request)].flatMap(credentialsOf);
      return this.#answerOf(interaction, response, text, credentials, call);
    } finally {
      deadline.end();
      end?.();
    }
  }

  /**
   * @param {import('./index.js').ClientRequest} request
   * @param {AbortSignal} signal
   * @param {Call} call
   */
  async #reach({ method, url, headers, body }, signal, call) {
    const { dispatcher, maxResponseBytes } = this.#settings;
    /** @type {RequestInit} */
    const init = {
      method,
      headers,
      body,
      signal,
      // A write that is redirected would become a GET, or be carried to where nobody meant it to go.
      redirect: SAFE_METHODS.has(method) ? 'follow' : 'manual',
      ...(dispatcher !== undefined && { dispatcher }),
    };
    try {
      const response = await this.interceptors.fetch(url, init);
      const text = await readText(response, maxResponseBytes);
      if (text === null) {
        const message = `the answer is longer than ${maxResponseBytes} bytes (maxResponseBytes)`;
        throw problem('ERR_FHIR_RESPONSE', call, message, { status: response.status });
      }
      return { response, text };
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      // fetch's word for a connection that did not come about or broke; all else has its own words already.
      if (!isFetchFailure(error)) throw error;
      throw problem('ERR_FHIR_NETWORK', call, describeFailure(error), { cause: error });
    }
  }

  /**
   * @param {Interaction} interaction
   * @param {Response} response
   * @param {string} text
   * @param {string[]} credentials that went with the request
   * @param {Call} call
   * @returns {Answer}
   */
  #answerOf(interaction, response, text, credentials, call) {
    const alsoFine = givenMember(interaction, 'alsoFine') ?? [];
    const { status, headers } = response;
    const parsed = parse(text);
    if (!response.ok && !(alsoFine.includes(status) && !isPage(headers, parsed))) {
      throw this.#refusal(response, text, credentials, call);
    }
    if (parsed === undefined) {
      const message = `answered ${status} with ${kindOf(headers)} that is no JSON object`;
      throw problem('ERR_FHIR_RESPONSE', call, message, { status });
    }
    return { status, headers, resource: /** @type {AnyResource | null} */ (parsed) };
  }

  /**
   * What it is made of must not hold the token, which some servers repeat.
   *
   * @param {Response} response
   * @param {string} text
   * @param {string[]} credentials
   * @param {Call} call
   */
  #refusal(response, text, credentials, call) {
    const { status, statusText, headers } = response;
    /** @param {string | null} said */
    const shown = (said) => (said === null || repeats(said, credentials) ? '' : redact(said));
    const isWithheld = repeats(text, credentials);
    const parsed = parse(shown(text));
    const outcome = isOperationOutcome(parsed) ? parsed : null;
    const isWebPage = isPage(headers, parsed);
    const parts = [
      [String(status), onOneLine(shown(statusText))].join(' ').trim(),
      isWithheld ? "the server's text is not shown: it repeats the token, or is too long" : '',
      outcome === null ? (isWebPage ? '' : onOneLine(shown(text))) : describeOutcome(outcome),
      ...this.#hints(status, isWebPage, {
        challenge: shown(headers.get('www-authenticate')),
        location: shown(headers.get('location')),
      }),
    ];
    return problem('ERR_FHIR_STATUS', call, parts.filter((part) => part !== '').join(': '), {
      status,
      ...(outcome !== null && { operationOutcome: outcome }),
    });
  }

  /**
   * @param {number} status
   * @param {boolean} isWebPage
   * @param {{ challenge: string, location: string }} headers
   */
  *#hints(status, isWebPage, { challenge, location }) {
    if ((status === 401 || status === 403) && challenge !== '') {
      yield `WWW-Authenticate: ${onOneLine(challenge)}`;
    }
    if (status === 401 && !this.interceptors.hasAuthorization) {
      yield 'no ClientAuthInterceptor is registered with this client';
    }
    if (status >= 300 && status < 400 && URL.canParse(location, this.base)) {
      const target = onOneLine(withoutQuery(new URL(location, this.base).href));
      yield `the server redirects to ${target}; writes are not redirected, so begin with that base URL`;
    }
    if (isWebPage) yield `the answer is a web page: is ${this.base} a FHIR base URL?`;
  }
}

/**
 * @param {Interaction} interaction
 * @param {FhirRequestOptions} options
 */
function requestOf(interaction, options) {
  const { method, url } = interaction;
  const [headers, body, contentType = FHIR_JSON] = ['headers', 'body', 'contentType'].map((name) =>
    givenMember(interaction, name),
  );
  const merged = new Headers({ accept: FHIR_JSON, ...headers });
  for (const [name, value] of new Headers(givenMember(options, 'headers'))) merged.set(name, value);
  if (body === undefined) return new ClientRequest(method, url, merged, null);
  merged.set('content-type', contentType);
  return new ClientRequest(method, url, merged, JSON.stringify(body));
}

/** @param {import('./index.js').ClientRequest} request */
function headerOf({ headers }) {
  return headers.get('authorization');
}

/**
 * @param {string} text
 * @returns {object | null | undefined} null: nothing; undefined: no JSON object
 */
function parse(text) {
  if (text.trim() === '') return null;
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A web page is no FHIR server's answer, whatever its status.
 *
 * @param {Headers} headers
 * @param {object | null | undefined} parsed
 */
function isPage(headers, parsed) {
  return parsed === undefined && kindOf(headers) === 'text/html';
}

/** @param {Headers} headers */
function kindOf(headers) {
  const type = headers.get('content-type')?.split(';', 1)[0].trim().toLowerCase() ?? '';
  return /^[\w.+-]+\/[\w.+-]+$/.test(type) ? type : 'something else';
}

/**
 * @param {unknown} error
 * @returns {error is TypeError & { cause: { code?: string, message?: string } }}
 */
function isFetchFailure(error) {
  if (!(error instanceof TypeError)) return false;
  // A body that breaks off says `terminated`.
  return error.message === 'fetch failed' || error.message === 'terminated';
}

/** @param {TypeError & { cause?: { code?: string, message?: string, errors?: { message: string }[] } }} error */
function describeFailure({ message, cause }) {
  const reason = onOneLine(cause?.errors?.[0]?.message || cause?.message || message);
  if (cause?.code !== undefined && UNTRUSTED.test(cause.code)) {
    return `the server's certificate is not trusted (${reason}); NODE_EXTRA_CA_CERTS names a file with its CA`;
  }
  return `no answer: ${reason}`;
}

/**
 * @param {import('./index.js').FhirClientErrorCode} code
 * @param {Call} call
 * @param {string} message
 * @param {import('./fhir-client-error.js').Fields} [fields]
 */
function problem(code, call, message, fields = {}) {
  return new FhirClientError(code, `${call.method} ${call.url}: ${message}`, { ...call, ...fields });
}

/**
 * A query holds what was searched for: names, identifiers.
 *
 * @param {string} url
 */
function withoutQuery(url) {
  const { origin, pathname } = new URL(url);
  return origin + pathname;
}

module.exports = { Exchange, NOT_FOUND };
