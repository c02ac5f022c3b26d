import type { ClientAuthInterceptor } from '../../index.js';

export interface FhirClientOptions {
  /** Stands in for the params' FHIR base, for the token as for the origin rule. Default: the params' own. */
  fhirBaseUrl?: string | undefined;
}

/** What of a `Client` or `FhirClient` of fhirclient is needed. */
export interface FhirClientLike {
  readonly fhirBaseUrl: string;
  fhirRequest(uri: string | URL, options?: never): Promise<unknown>;
  getRequestDefaults(): Promise<object>;
}

/**
 * Authorises a client of fhirclient 2 (SMART's client-js) on the server side: the header on requests to the FHIR
 * base's origin and to `allowedOrigins`, for pages and references as well, and one more try after a 401, unless the
 * body is a stream. In place: it takes the places of the client's `request` and `fhirRequest`, which all other
 * methods end in. Returns a function that undoes that.
 *
 * For clients without a session of a user: a token in the client's own `state.tokenResponse` would win. After a
 * second 401 the library adds to its HttpError's message that the app should be launched, which does not apply here.
 * The CapabilityStatement that `getFhirVersion` and the like read is asked for without the token, as it is public.
 *
 * Errors of this package are what the call rejects with. A `redirect` that the caller sets is left to node-fetch,
 * and then a redirect to another origin is an error.
 *
 * @example
 * import FHIR from 'fhirclient';
 * import { authorizeClient } from '@org/smart-m2m/fhirclient';
 *
 * const client = new FHIR.FhirClient('https://fhir.example.org/r4');
 * authorizeClient(client, interceptor);
 * const bundle = await client.fhirRequest('Patient?_count=3');
 */
export declare function authorizeClient(
  client: FhirClientLike,
  interceptor: ClientAuthInterceptor,
  options?: FhirClientOptions,
): () => void;
