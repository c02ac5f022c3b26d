'use strict';

/** @type {typeof import('./medplum.js').authorizedFetch} */
function authorizedFetch(interceptor, { fhirBaseUrl } = {}) {
  if (fhirBaseUrl === undefined) return interceptor.fetch;
  return (url, init) => interceptor.fetch(url, { ...init, fhirBaseUrl });
}

module.exports = { authorizedFetch };
