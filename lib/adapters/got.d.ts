import type { ClientAuthInterceptor } from '../../index.js';

export interface GotOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
}

/** Options for `got.extend`. */
export interface AuthorizationHooks {
  hooks: {
    beforeRequest: ((options: object) => Promise<void>)[];
    afterResponse: (<Response>(response: Response, retry: (options: object) => never) => Promise<Response>)[];
    beforeError: (<GivenError>(error: GivenError) => GivenError)[];
  };
}

/**
 * Hooks for got 14 to 16: the header for requests to the FHIR base's origin and to `allowedOrigins`, asked for again
 * at every redirect and try, and one more try after a 401, unless the body is a stream or FormData. That try is one of
 * got's own, with its `beforeRetry` hooks, and counts in `retryCount`.
 *
 * Errors of this package are what the call rejects with. Of `got.stream` got shows the hooks no response: there a 401
 * gets the next request a new token, but is not tried again.
 *
 * @example
 * import got from 'got';
 * import { authorizationHooks } from '@org/smart-m2m/got';
 *
 * const fhir = got.extend({ prefixUrl: 'https://fhir.example.org/r4' }, authorizationHooks(interceptor));
 * const bundle = await fhir.get('Patient', { searchParams: { _count: 3 } }).json();
 */
export declare function authorizationHooks(
  interceptor: ClientAuthInterceptor,
  options?: GotOptions,
): AuthorizationHooks;
