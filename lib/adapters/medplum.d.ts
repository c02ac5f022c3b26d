import type { ClientAuthInterceptor } from '../../index.js';

export interface MedplumOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
}

/**
 * The `fetch` option of a `MedplumClient` of @medplum/core 4 and 5: the interceptor's own `fetch`, with its origin
 * rule and its one more try after a 401. What the client does around it stays: it caches, tries again after a 429 and
 * a 5xx, and reports a 401 that stands as an OperationOutcomeError and to `onUnauthenticated`.
 *
 * Errors of this package are what the call rejects with, after the client's own `maxRetries`: a refusal of the token
 * endpoint is remembered for these, and costs no further token requests.
 *
 * @example
 * import { MedplumClient } from '@medplum/core';
 * import { authorizedFetch } from '@org/smart-m2m/medplum';
 *
 * const medplum = new MedplumClient({
 *   baseUrl: 'https://fhir.example.org/',
 *   fhirUrlPath: 'r4',
 *   fetch: authorizedFetch(interceptor),
 * });
 * const patients = await medplum.searchResources('Patient', { _count: 3 });
 */
export declare function authorizedFetch(
  interceptor: ClientAuthInterceptor,
  options?: MedplumOptions,
): (url: string, init?: object) => Promise<Response>;
