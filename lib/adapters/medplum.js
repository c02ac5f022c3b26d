'use strict';

const { givenMember } = require('../given-member.js');

/** @type {typeof import('./medplum.js').authorizedFetch} */
function authorizedFetch(interceptor, settings = {}) {
  const fhirBaseUrl = givenMember(settings, 'fhirBaseUrl');
  if (fhirBaseUrl === undefined) return interceptor.fetch;
  return (url, init) => interceptor.fetch(url, { ...init, fhirBaseUrl });
}

module.exports = { authorizedFetch };
