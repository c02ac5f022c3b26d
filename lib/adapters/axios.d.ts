import type { ClientAuthInterceptor } from '../../index.js';

export interface AxiosOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
}

/** What of an axios instance is needed: `axios` itself, what `axios.create()` returns, or an `Axios`. */
export interface AxiosLike {
  readonly interceptors: { readonly request: InterceptorManager; readonly response: InterceptorManager };
}
interface InterceptorManager {
  use(...handlers: never[]): number;
  eject(id: number): void;
}

/**
 * Adds a request and a response interceptor to an instance of axios 1: the header for requests to the FHIR base's
 * origin and to `allowedOrigins`, and one more try after a 401, unless the body is a stream. Returns a function that
 * takes both out again.
 *
 * Add it before other request interceptors: axios runs the last one first, and this one has to see the URL that the
 * request goes to; what one sends to another origin after that goes without the token. The token takes the place of
 * `auth`. Other interceptors see a request that is sent twice once, with the answer to the second try.
 *
 * Errors of this package are what the call rejects with; an aborted signal makes it axios's own `CanceledError`, also
 * while a token is waited for. A `cancelToken` does not end that wait.
 *
 * @example
 * import axios from 'axios';
 * import { authorizeAxios } from '@org/smart-m2m/axios';
 *
 * const fhir = axios.create({ baseURL: 'https://fhir.example.org/r4' });
 * authorizeAxios(fhir, interceptor);
 * const { data } = await fhir.get('Patient', { params: { _count: 3 } });
 */
export declare function authorizeAxios(
  instance: AxiosLike,
  interceptor: ClientAuthInterceptor,
  options?: AxiosOptions,
): () => void;
