import type { ClientAuthInterceptor } from '../../index.js';

export interface FhirKitClientOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
}

/** What of a `Client` of fhir-kit-client is needed. */
export interface FhirKitClientLike {
  readonly httpClient: {
    request(method: string, requestUrl: string, options?: never, body?: unknown): Promise<unknown>;
    expandUrl(url?: string): string;
  };
}

/**
 * Authorises a client of fhir-kit-client 2: the header on requests to the FHIR base's origin and to
 * `allowedOrigins`, and one more try after a 401. In place: it wraps `client.httpClient.request`, which all methods
 * of the client end in. Returns a function that undoes that.
 *
 * Errors of this package are what the call rejects with. The library does not tell where a redirect has led to: a 401
 * of another origin behind one costs one token request, and that origin never sees the token.
 *
 * @example
 * import { Client } from 'fhir-kit-client';
 * import { authorizeClient } from '@org/smart-m2m/fhir-kit-client';
 *
 * const client = new Client({ baseUrl: 'https://fhir.example.org/r4' });
 * authorizeClient(client, interceptor);
 * const bundle = await client.search({ resourceType: 'Patient', searchParams: { _count: 3 } });
 */
export declare function authorizeClient(
  client: FhirKitClientLike,
  interceptor: ClientAuthInterceptor,
  options?: FhirKitClientOptions,
): () => void;

/**
 * The library's own hook: puts the header on requests and sees no answers. After a 401, which the client throws as
 * an error with `response.status`, the refused token stays in use until `interceptor.invalidate()` is called or the
 * token ends; `authorizeClient` needs nothing of the kind.
 *
 * @example
 * import { Client } from 'fhir-kit-client';
 * import { requestSigner } from '@org/smart-m2m/fhir-kit-client';
 *
 * const client = new Client({
 *   baseUrl: 'https://fhir.example.org/r4',
 *   requestSigner: requestSigner(interceptor),
 * });
 */
export declare function requestSigner(
  interceptor: ClientAuthInterceptor,
  options?: FhirKitClientOptions,
): (url: string, options: RequestInit) => Promise<void>;
