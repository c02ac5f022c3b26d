import type { ClientAuthInterceptor } from '../../index.js';

export interface UndiciOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
  /**
   * Where a `Client` or `Pool` of undici 7 sends its requests that name no origin, such as
   * `https://fhir.example.org`. Not needed with an `Agent`, nor with undici 8. Default: none, and such a request
   * fails with `ERR_INVALID_CONFIG`.
   */
  origin?: string | undefined;
}

/**
 * Interceptor for `compose` of undici's dispatchers, 7 and 8: puts the header on requests to the FHIR base's origin
 * and to `allowedOrigins`, and sends a request once more after a 401, unless its body is a stream. Compose it first;
 * undici's own `redirect` interceptor then asks it again for every hop. Only undici's `dns`, which puts an address in the
 * place of the name, is composed before it.
 *
 * Errors of this package are what `request`, `stream` and `pipeline` reject with; `fetch` makes them the `cause` of
 * its TypeError. To `fetch` every body is a stream by the time that it gets here, so that there only requests
 * without a body are sent again.
 *
 * @example
 * import { Agent, request } from 'undici';
 * import { authorizationInterceptor } from '@org/smart-m2m/undici';
 *
 * const dispatcher = new Agent().compose(authorizationInterceptor(interceptor));
 * const { statusCode, body } = await request('https://fhir.example.org/r4/Patient', { dispatcher });
 */
export declare function authorizationInterceptor(
  interceptor: ClientAuthInterceptor,
  options?: UndiciOptions,
): <Dispatch extends (options: never, handler: never) => boolean>(dispatch: Dispatch) => Dispatch;
