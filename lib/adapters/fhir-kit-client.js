'use strict';

const { givenMember } = require('../given-member.js');
const { renewedHeader } = require('./renewed-header.js');

/** @type {typeof import('./fhir-kit-client.js').requestSigner} */
function requestSigner(interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  return async (url, options) => {
    const { headers, signal } = /** @type {{ headers: Headers, signal?: AbortSignal }} */ (options);
    const authorization = await interceptor.getAuthorizationHeaderFor(url, requestOf(fhirBaseUrl, signal));
    if (authorization !== null) headers.set('authorization', authorization);
  };
}

/** @type {typeof import('./fhir-kit-client.js').authorizeClient} */
function authorizeClient(client, interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  /** @type {any} all of the client's methods end in its `request` */
  const { httpClient } = client;
  const { request } = httpClient;

  /** @type {(method: string, requestUrl: string, options?: Record<string, any>, body?: unknown) => Promise<any>} */
  const authorizedRequest = async (method, requestUrl, options = {}, body) => {
    const url = httpClient.expandUrl(requestUrl);
    const wait = requestOf(fhirBaseUrl, options.signal);
    /** @param {string | null} authorization */
    const send = (authorization) => {
      const headers = authorization === null ? options.headers : { ...options.headers, authorization };
      return request.call(httpClient, method, requestUrl, { ...options, headers }, body);
    };
    const refused = await interceptor.getAuthorizationHeaderFor(url, wait);
    try {
      return await send(refused);
    } catch (error) {
      if (refused === null || /** @type {any} */ (error)?.response?.status !== 401) throw error;
      // What is no text is made JSON for every try.
      const renewed = await renewedHeader(interceptor, { url, refused, isReplayable: true }, wait);
      if (renewed === null) throw error;
      return send(renewed);
    }
  };
  httpClient.request = authorizedRequest;
  return () => {
    if (httpClient.request === authorizedRequest) httpClient.request = request;
  };
}

/**
 * The library also takes signals that nothing can stop listening to; those end the request, and not the wait.
 *
 * @param {string | undefined} fhirBaseUrl
 * @param {any} signal
 */
function requestOf(fhirBaseUrl, signal) {
  return { fhirBaseUrl, signal: signal && 'removeEventListener' in signal ? signal : undefined };
}

module.exports = { authorizeClient, requestSigner };
