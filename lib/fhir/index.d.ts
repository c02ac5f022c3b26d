/**
 * `@org/smart-m2m/fhir-client`: a small FHIR client under the names of Smile CDR's JavaScript environment, with
 * promises in place of its blocking calls. docs/smile-scripts.md tells what is the same and what cannot be.
 *
 * @example
 * import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
 * import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
 *
 * const client = FhirClientFactory.newClient('https://fhir.example.org/r4');
 * client.registerInterceptor(
 *   ClientAuthInterceptorFactory.create({ clientId: 'my-client-id', keystore: 'my-keystore', scope: 'system/*.rs' }),
 * );
 * const patient = await client.read('Patient/123');
 */

import type { ClientAuthInterceptor, ClientInterceptor } from '../../index.js';

export declare const FhirClientFactory: {
  /**
   * Makes no network call. A wrong base URL is a `TypeError`: it is absolute, and has no query, fragment or user
   * name.
   */
  newClient(serverBase: string, options?: FhirClientOptions): FhirClient;
};

export interface FhirClientOptions {
  /**
   * For each call as a whole, hooks and the token request included; 0: no limit. Default 30 000. What a call is
   * given wins.
   */
  timeoutMs?: number;
  /** A longer answer is `ERR_FHIR_RESPONSE`. Default 64 MiB. */
  maxResponseBytes?: number;
  /** Ends every call of this client, with the signal's own reason. */
  signal?: AbortSignal;
  /** Given to `fetch`: an undici dispatcher, for a proxy, a CA or a client certificate towards the FHIR server. */
  dispatcher?: unknown;
}

export interface FhirRequestOptions {
  /** Ends this call, with the signal's own reason. */
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Besides those that the call sets itself; these win. */
  headers?: Record<string, string>;
}

/**
 * Where the server refuses a call, it rejects with a {@link FhirClientError}; where there is no token for it, with
 * the `ClientAuthError` as it is; wrong arguments are a `TypeError`.
 */
export interface FhirClient {
  /** Without trailing slashes. */
  readonly serverBase: string;

  /**
   * A `ClientAuthInterceptor`, of which there is at most one, attaches the token: to the server's own origin (and
   * its allowed origins), with one new token and one further attempt after a 401. Hooks run in the order of
   * registration, each object once. Returns this.
   */
  registerInterceptor(interceptor: ClientAuthInterceptor | FhirClientInterceptor): this;
  /** True if it was registered. */
  unregisterInterceptor(interceptor: ClientAuthInterceptor | FhirClientInterceptor): boolean;

  /**
   * Resolves with the resource as the server has it, or with the one given where the server returns none. The one
   * given gets its `id` and `meta` (unless it is frozen). An `id` that it has is not sent. `ifNoneExist`: the
   * query of a conditional create; where there is one already, that is what comes back.
   */
  create<R extends FhirResource>(
    resource: R,
    options?: FhirRequestOptions & { ifNoneExist?: string },
  ): Promise<R>;
  /**
   * `Type/id`, `Type/id/_history/version`, or the same below the base. Null where there is none (404, 410), and
   * for text that is no such reference, without a request. A 404 that is a web page is an error: that is no FHIR
   * server.
   */
  read<R extends FhirResource = AnyResource>(
    reference: string,
    options?: FhirRequestOptions,
  ): Promise<R | null>;
  /**
   * By the resource's own id. `versionId`: only if that is still the current version (`If-Match`); else the
   * server answers 409 or 412. One that is undefined is an error, as the update would be unconditional. Resolves, and changes what it is given, as `create` does.
   */
  update<R extends FhirResource>(
    resource: R,
    options?: FhirRequestOptions & { versionId?: string },
  ): Promise<R>;
  /** JSON Patch (RFC 6902) as an array, or a FHIRPath Patch as Parameters. Null where the server returns nothing. */
  patch<R extends FhirResource = AnyResource>(
    reference: string,
    patch: readonly object[] | FhirResource,
    options?: FhirRequestOptions & { versionId?: string },
  ): Promise<R | null>;
  /** False where there was none (404, 410). */
  delete(
    target: string | FhirResource,
    options?: FhirRequestOptions & { versionId?: string },
  ): Promise<boolean>;

  search(): FhirSearch;
  /** The page after this one; null: it is the last. */
  nextPage(bundle: Bundle, options?: FhirRequestOptions): Promise<Bundle | null>;

  /** A builder whose `execute()` sends it here. */
  transaction(): TransactionBuilder;
  /** A Bundle of the type transaction or batch. What became of a batch's entries stands in the answer. */
  transaction(input: Bundle | TransactionBuilder, options?: FhirRequestOptions): Promise<Bundle>;

  /**
   * `$name`, `Type/$name` or `Type/id/$name`. By POST, with Parameters that may be empty; by GET with the
   * parameters in the path's query. Null where the server returns nothing.
   */
  operation<R extends FhirResource = AnyResource>(
    path: string,
    parameters?: FhirResource,
    options?: FhirRequestOptions & { method?: 'GET' | 'POST' },
  ): Promise<R | null>;
}

/**
 * Hooks, under the pointcuts' own names. They may be async; what one throws, the call rejects with. They never see
 * the token that a `ClientAuthInterceptor` attaches, nor the 401 that it mended.
 */
export interface FhirClientInterceptor {
  /** Before each request is sent; its headers can be changed. */
  CLIENT_REQUEST?(request: ClientRequest): void | Promise<void>;
  /** After each answer, also one that the call will reject for. */
  CLIENT_RESPONSE?(request: ClientRequest, response: ClientResponse): void | Promise<void>;
  /**
   * As on the `ClientAuthInterceptor`, which asks it for this client's server only. Without one registered it is
   * never called.
   */
  CLIENT_AUTH_PRE_TOKEN_REQUEST?: ClientInterceptor['CLIENT_AUTH_PRE_TOKEN_REQUEST'];
}
export interface ClientRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** JSON; null: none. */
  readonly body: string | null;
  addHeader(name: string, value: string): void;
  removeHeaders(name: string): void;
  getUri(): string;
  getHttpVerbName(): string;
}
export interface ClientResponse {
  readonly status: number;
  readonly statusText: string;
  /** Where it came from in the end. */
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
  getStatus(): number;
  getStatusInfo(): string;
}

/** One search; its methods change it and return it. A value of a wrong type is a `TypeError` at once. */
export interface FhirSearch extends AsyncIterable<AnyResource> {
  forResource(resourceType: string): this;
  /**
   * As it stands, with modifiers (`name:exact`) and prefixes (`ge2020-01-01`); of an array any one value. Further
   * calls with one name narrow the search down.
   */
  where(name: string, value: SearchValue | readonly SearchValue[]): this;
  and(name: string, value: SearchValue | readonly SearchValue[]): this;
  /** Text in which `,`, `|`, `$` and `\` stand for themselves. */
  whereString(name: string, value: string | readonly string[]): this;
  /** A code of any system. */
  whereToken(name: string, code: string): this;
  /** A code of that system; an empty system: codes that have none. */
  whereToken(name: string, system: string, code: string): this;
  whereReference(name: string, reference: string | FhirResource): this;
  /** Resources of one page. */
  count(count: number): this;
  /** A minus sign in front sorts downwards. */
  sort(...names: string[]): this;
  include(include: string): this;
  revInclude(include: string): this;
  /** HAPI's spelling; changes nothing. */
  returnBundle(): this;

  /** The first page. */
  execute(options?: FhirRequestOptions): Promise<Bundle>;
  asBundle(options?: FhirRequestOptions): Promise<Bundle>;
  /**
   * The resources of all pages, what was included too. More than `max` (default 10 000) are a `RangeError`: go
   * through those with `for await`.
   */
  asList<R extends FhirResource = AnyResource>(options?: FhirRequestOptions & { max?: number }): Promise<R[]>;
  /** Each page is asked for when it is wanted; only links to the server's own origin are followed. */
  pages(options?: FhirRequestOptions): AsyncGenerator<Bundle, void, undefined>;
  entries(options?: FhirRequestOptions): AsyncGenerator<BundleEntry, void, undefined>;
  /** The resources of all pages. */
  [Symbol.asyncIterator](): AsyncGenerator<AnyResource, void, undefined>;
}
export type SearchValue = string | number | boolean | Date;

/**
 * A transaction, entry by entry. A resource whose id is a `urn:uuid:` becomes an entry of that `fullUrl`, so that
 * others can refer to it before it has an id.
 */
export declare class TransactionBuilder {
  private constructor();
  static newTransactionBuilder(): TransactionBuilder;
  create(resource: FhirResource): this;
  update(resource: FhirResource, options?: { versionId?: string }): this;
  delete(reference: string): this;
  /** Unless there is one already. */
  createConditional(resource: FhirResource): TransactionCondition;
  /** The one that there is, or else a new one. */
  updateConditional(resource: FhirResource): TransactionCondition;
  toBundle(): Bundle;
  /** Of a builder that `client.transaction()` made. */
  execute(options?: FhirRequestOptions): Promise<Bundle>;
}
export interface TransactionCondition {
  /** Which one is meant: `parameter=system|code`. */
  onToken(parameter: string, system: string, code: string): TransactionBuilder;
}

/** Any resource, those of `@types/fhir` too. */
export interface FhirResource {
  resourceType: string;
  id?: string | undefined;
  meta?: object | undefined;
}
/** Where nothing says which resource it is. */
export interface AnyResource extends FhirResource {
  // biome-ignore lint/suspicious/noExplicitAny: a resource has whatever its type has.
  [element: string]: any;
}
export interface Bundle extends FhirResource {
  resourceType: 'Bundle';
  type: string;
  total?: number;
  link?: { relation: string; url: string }[];
  entry?: BundleEntry[];
}
export interface BundleEntry {
  fullUrl?: string;
  resource?: AnyResource;
  search?: { mode?: string; score?: number };
  request?: { method: string; url: string; ifMatch?: string; ifNoneExist?: string };
  response?: {
    status: string;
    location?: string;
    etag?: string;
    lastModified?: string;
    outcome?: AnyResource;
  };
}

/**
 * What went wrong at the FHIR server or on the way to it. The message has the method, the URL without its query,
 * the status, and what the server's OperationOutcome says; no token is in it.
 */
export declare class FhirClientError extends Error {
  constructor(code: FhirClientErrorCode, message: string, fields?: object);
  readonly code: FhirClientErrorCode;
  readonly method?: string;
  /** Without its query, which may name a person. */
  readonly url?: string;
  readonly status?: number;
  readonly operationOutcome?: AnyResource;
  /** True when the same call may succeed later with nothing changed. */
  readonly transient: boolean;
}
/**
 * The server refused (`STATUS`); its answer is none (`RESPONSE`: no JSON, too long, no Bundle); it could not be
 * reached (`NETWORK`); it took too long (`TIMEOUT`); a link to a further page leads elsewhere (`LINK`).
 */
export type FhirClientErrorCode =
  | 'ERR_FHIR_STATUS'
  | 'ERR_FHIR_RESPONSE'
  | 'ERR_FHIR_NETWORK'
  | 'ERR_FHIR_TIMEOUT'
  | 'ERR_FHIR_LINK';
