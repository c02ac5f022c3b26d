/**
 * `@org/smart-m2m`: `Authorization` headers for FHIR and OAuth 2.0 servers, machine to machine. A client
 * proves itself with a signed assertion or a secret (SMART App Launch, Backend Services; RFC 6749 §4.4); the
 * package finds the token endpoint, keeps one token for all callers, and renews it before it ends.
 *
 * Names on the first screen are those of Smile CDR's machine-to-machine page; the rest is what Node users
 * need around them.
 *
 * What is worth a word and no failure is published on the `node:diagnostics_channel` named
 * `smart-m2m:warning`, as `{ code, message, clientId }` (`clientId` null where it is about no client). The token requests themselves can be followed on the
 * tracing channel `smart-m2m:token`: see `TokenRequestTrace`.
 */

// ───────────────────────────── Smile-compatible surface ─────────────────────────────

/**
 * Name/value pair of an additional token-request parameter. Order and repeated names are kept (RFC 8707 §2
 * repeats `resource`). The value counts as a secret: printed, inspected or serialised, a pair shows its name
 * only.
 */
export declare class BasicNameValuePair {
  constructor(name: string, value: string);
  readonly name: string;
  readonly value: string;
}
export type NameValuePair =
  | BasicNameValuePair
  | { name: string; value: string }
  | readonly [name: string, value: string];

/**
 * What the client is and how it proves it. Setters change this object and return it; `create` takes a
 * snapshot. A value of a wrong type throws `ERR_INVALID_CONFIG` at once, and so does undefined given to a
 * setter; whether the settings fit together is checked by `create`.
 */
export declare class ClientAuthParams {
  constructor(clientId: string);
  /**
   * Plain-object form of the same settings. Unknown keys throw `ERR_INVALID_CONFIG` and name the nearest
   * known key.
   */
  static from(options: ClientAuthOptions): ClientAuthParams;

  /**
   * With a keystore the client signs assertions (RFC 7523 §2.2), also where a secret is set.
   * See {@link Keystores}.
   */
  withKeystore(keystoreName: string): this;
  withClientSecret(clientSecret: string): this;
  /** Sent as it stands (RFC 6749 §3.3). null: send no scope parameter. */
  withScope(scope: string | null): this;
  /** Follow the protocol's own parameters in this order, in both flows; they cannot replace one of those. */
  withAdditionalParameters(parameters: Iterable<NameValuePair> | Record<string, string>): this;
  /**
   * The assertion's `aud` says `http:` where the token endpoint says `https:`, for servers behind a proxy
   * that ends TLS. Nothing else changes, the request itself still goes to the https URL. Default of `force`:
   * true.
   */
  withForceHttpInTokenRequestAudience(force?: boolean): this;

  // Where the authorization server is. Without any of these it is found from each request's FHIR base URL.
  /** `{url}/.well-known/smart-configuration` names the token endpoint (SMART App Launch, Conformance). */
  withFhirBaseUrl(url: string): this;
  /**
   * Its metadata names the token endpoint, and has to name this very issuer (RFC 8414 §3.3; OpenID Connect
   * Discovery §4.3).
   */
  withIssuer(url: string): this;
  /** No discovery. */
  withTokenEndpoint(url: string): this;

  /**
   * Everything else by name, e.g.
   * `.with({ clientAuthMethod: 'client_secret_post', http: { timeoutMs: 10_000 } })`.
   */
  with(options: Partial<Omit<ClientAuthOptions, 'clientId'>>): this;

  readonly clientId: string;
  readonly keystoreName: string | null;
  /** undefined: never set; null: deliberately none. */
  readonly scope: string | null | undefined;
  readonly forceHttpInTokenRequestAudience: boolean;
  /**
   * True when a secret is set; the secret itself can never be read back, printed, inspected or serialised.
   */
  readonly hasClientSecret: boolean;
}

// biome-ignore lint/complexity/noStaticOnlyClass: Smile CDR's scripts know it as a class.
export declare class ClientAuthInterceptorFactory {
  /**
   * Validates and returns; resolves and reads the keystore; makes no network call. One problem is thrown
   * under its own code (`ERR_KEYSTORE_NOT_FOUND`, `ERR_INSECURE_URL`, …); several as `ERR_INVALID_CONFIG`
   * with all of them in `problems`.
   */
  static create(params: ClientAuthParams | ClientAuthOptions): ClientAuthInterceptor;
}

/** Older Smile spelling of the same two things. */
export { ClientAuthParams as ClientAuthState };
// ClientAuthInterceptor.fromState(state) is ClientAuthInterceptorFactory.create(state)

export declare class ClientAuthInterceptor {
  private constructor();
  static fromState(params: ClientAuthParams | ClientAuthOptions): ClientAuthInterceptor;

  /** `Bearer <token>`: from the cache when it is still good, else after one (shared) token request. */
  getAuthorizationHeader(request?: AuthorizationRequest): Promise<string>;
  /**
   * The same for a request to `url`, by the origin rule of `fetch`: null, without a token request, where the token
   * does not belong, with one warning event per origin, and for a URL that is not absolute http(s). Neither a FHIR
   * base nor allowed origins: `ERR_INVALID_CONFIG`. For whoever sends requests that name their own URL; the
   * adapters of docs/adapters.md are made of it. After a 401 pass the header that was refused to `invalidate`.
   *
   * @example
   * const authorization = await interceptor.getAuthorizationHeaderFor(url, { signal });
   * const response = await send(url, authorization === null ? {} : { authorization });
   * if (authorization !== null && response.status === 401) interceptor.invalidate(authorization);
   */
  getAuthorizationHeaderFor(url: string | URL, request?: AuthorizationRequest): Promise<string | null>;
  /** The same, with what the server said about the token. */
  getAccessToken(request?: AuthorizationRequest): Promise<AccessToken>;

  /** Registers hooks; several may be registered, in order, each of them once. Returns this. */
  registerInterceptor(hooks: ClientInterceptor): this;
  /** True if they were registered. */
  unregisterInterceptor(hooks: ClientInterceptor): boolean;

  /**
   * HAPI-style request hook: replaces (never appends) `Authorization` on a fetch `Request`, `Headers`, or
   * `{ url, headers }`, in place, and resolves to it; unchangeable `Headers`, such as a response's, are
   * replaced by a copy. A request whose absolute URL has another origin than the FHIR base and the allowed
   * origins is resolved as it came, without the token, with one warning event per origin. The caller answers
   * for a request whose URL is relative or unknown, and for all of them where neither a FHIR base nor allowed
   * origins are configured.
   */
  interceptRequest<R extends RequestLike>(request: R, options?: AuthorizationRequest): Promise<R>;
  /**
   * Feeds back a response: a 401 drops the token that this request carried, and only that one (RFC 6750
   * §3.1). True if it was dropped. A 401 that came after a redirect to another origin says nothing about the
   * token.
   */
  interceptResponse(request: RequestLike, response: { status: number }): boolean;

  /**
   * `fetch` with the header attached, to the FHIR origin (and allowed origins) only; a 401 is retried once
   * with a new token, unless the body is a stream, which cannot be sent twice. If no new token can be had,
   * the call rejects with that error. Bound, so that it can be handed to a library as its fetch.
   * `init.fhirBaseUrl` stands in for the params' FHIR base in this call. To any other origin the request goes
   * without the token (signed download URLs need that), with one warning event per origin. Neither a FHIR
   * base nor allowed origins: `ERR_INVALID_CONFIG`. Node's own fetch does the sending: `http.*` is for
   * discovery and token requests; a dispatcher for the FHIR server goes into `init`.
   */
  readonly fetch: (
    input: string | URL | Request,
    init?: RequestInit & Pick<AuthorizationRequest, 'fhirBaseUrl'>,
  ) => Promise<Response>;

  /**
   * Marks it `rejected` for the next hook. Drops `header`'s token if it is still the current one (no
   * argument: whatever is current). True if a token was dropped.
   */
  invalidate(header?: string, request?: AuthorizationRequest): boolean;
  /**
   * Public JWKS of the signing keystore, ready to serve or register (SMART App Launch, Asymmetric Client
   * Authentication); `ERR_INVALID_CONFIG` without one. No private members.
   */
  publicJwks(): PublicJwks;
  /**
   * One discovery and one token request of its own, laid open for a person to read: for a command line, a health page
   * or a support desk. It takes no token from anywhere, keeps none, retries nothing and asks no hook. What goes wrong
   * with the servers is the result's `error`; it rejects only where the call itself cannot be made, and with the
   * signal's reason. No secret, key, token or parameter value is in it.
   *
   * @example
   * const { error, warnings } = await interceptor.diagnose();
   * console.log(error === null ? 'a token was granted' : error.message, warnings);
   */
  diagnose(request?: AuthorizationRequest): Promise<Diagnosis>;
  /**
   * Of this interceptor's calls since creation; `tokenRequests` counts the requests that it started or
   * joined.
   */
  stats(): InterceptorStats;
  /**
   * Ends this interceptor: its waiting and later calls reject with `ERR_CLOSED`, its hooks are dropped. A
   * token request that others share goes on for them. Not needed for the process to exit. Also
   * `Symbol.dispose`, where the runtime has it.
   */
  close(): void;
  [Symbol.dispose](): void;
}

/** Hooks, under the pointcut's own name. */
export interface ClientInterceptor {
  /**
   * Called when the interceptor is about to request a token (none cached, or the cached one is at its end or
   * was rejected). A bare token, or a token with its lifetime in seconds, is used in place of a token
   * request; null or undefined lets the flow go on. The first hook that returns a token wins. May be async. A
   * throw fails the call with `ERR_PRE_TOKEN_HOOK`, the thrown value as `cause`. A bare token serves the
   * calls that wait for it and is not kept; one with `expiresIn` is kept that long, for this interceptor
   * alone: no other interceptor ever sees it. An unusable value (empty, control characters, a wrong type) is
   * `ERR_PRE_TOKEN_HOOK` too, and so is no answer within `http.timeoutMs`. A hook that asks its own
   * interceptor for a header waits for itself, until then. A hook belongs to the thread that registered it, and runs
   * in the asynchronous context (`AsyncLocalStorage`) of the call that it is asked for.
   */
  CLIENT_AUTH_PRE_TOKEN_REQUEST?(context: PreTokenContext): SuppliedToken | Promise<SuppliedToken>;
}
export type SuppliedToken = string | { accessToken: string; expiresIn?: number } | null | undefined;
export interface PreTokenContext {
  readonly clientId: string;
  readonly scope: string | null;
  readonly fhirBaseUrl: string | null;
  readonly reason: 'initial' | 'expiring' | 'rejected';
  /** Aborted when the hook's time is up, or the interceptor closed. */
  readonly signal: AbortSignal;
}

export interface AuthorizationRequest {
  /**
   * FHIR base URL of the request at hand, where one interceptor serves several servers, as when it is
   * registered on several FHIR clients. Needed when the params name no FHIR base, issuer or token endpoint
   * (else `ERR_INVALID_CONFIG`).
   */
  fhirBaseUrl?: string;
  /**
   * Cancels this caller's wait, which rejects with the signal's own reason. The shared token request goes on
   * for the others.
   */
  signal?: AbortSignal;
}
export interface AccessToken {
  /** Printed, inspected or serialised, the object does not show it (RFC 6750 §5.2). */
  readonly accessToken: string;
  readonly tokenType: string;
  /** null for a bare token from a hook. */
  readonly expiresAt: Date | null;
  /** As granted; equal to what was asked where the server left it out (RFC 6749 §5.1). */
  readonly grantedScopes: readonly string[];
  /** Asked for and not granted, with the implications between SMART's v1 and v2 scopes. */
  readonly missingScopes: readonly string[];
  /**
   * Members of the token response that this package does not interpret (`patient`, …). Not shown either: some
   * servers repeat the token in one of them.
   */
  readonly extra: Readonly<Record<string, unknown>>;
}

// ───────────────────────────── settings ─────────────────────────────

export interface ClientAuthOptions {
  clientId: string;
  /**
   * Name of a keystore: the client signs assertions (RFC 7523 §2.2), also where a secret is set. See {@link
   * Keystores}.
   */
  keystore?: string;
  clientSecret?: string;
  /** null: send no scope parameter. */
  scope: string | null;
  /** Follow the protocol's own parameters in this order, in both flows; they cannot replace one of those. */
  additionalParameters?: Iterable<NameValuePair> | Record<string, string>;
  /** The assertion's `aud` says `http:` where it would say `https:`. Default false. */
  forceHttpInTokenRequestAudience?: boolean;

  /**
   * `{fhirBaseUrl}/.well-known/smart-configuration` names the token endpoint (SMART App Launch, Conformance).
   */
  fhirBaseUrl?: string;
  /** Its metadata names the token endpoint, and has to name this very issuer (RFC 8414 §3.3). */
  issuer?: string;
  /** No discovery. Kept byte for byte: it is the assertion's `aud` (RFC 7523 §3), unless `audience` is set. */
  tokenEndpoint?: string;

  /**
   * Default: private_key_jwt with a keystore, else client_secret_basic with a secret, else tls_client_auth with an
   * `http.clientCertificate`. client_secret_jwt: an HS256 assertion by a secret of 32 octets or more (RFC 7523 §2.2,
   * RFC 7518 §3.2), with what `audience` and `assertion` say; what `assertion` says of a key is refused.
   * tls_client_auth: the certificate of the TLS connection and the `client_id` (RFC 8705 §2), for clients that are
   * registered for tls_client_auth or self_signed_tls_client_auth.
   */
  clientAuthMethod?:
    | 'private_key_jwt'
    | 'client_secret_basic'
    | 'client_secret_post'
    | 'client_secret_jwt'
    | 'tls_client_auth';
  /**
   * Default 'rfc6749': id and secret percent-encoded (space `%20`, `-._~` untouched) before Base64 (RFC 6749
   * §2.3.1). 'raw': as they are.
   */
  basicEncoding?: 'rfc6749' | 'raw';
  /**
   * `aud` of the assertions (RFC 7523 §3). Default 'token_endpoint': the URL that they are sent to, byte for byte.
   * 'issuer': the option `issuer`, byte for byte; without it the issuer that smart-configuration names, once that
   * issuer's own metadata confirms both itself and the token endpoint (RFC 8414 §3.3), else `ERR_ISSUER_MISMATCH` or
   * `ERR_DISCOVERY`. Any other text is sent as it is. Never changed automatically, and never an array.
   */
  audience?: 'token_endpoint' | 'issuer' | (string & {});
  /**
   * A known server: fills in what it needs besides the defaults, wherever an option is left open; docs/servers.md
   * lists what that is, and why. 'auth0' and 'fapi2' make the issuer the audience; 'entra' names the key by its
   * certificate, which the keystore has to have, and signs PS256; 'bcda' authenticates with the secret.
   */
  server?:
    | 'smart'
    | 'epic'
    | 'oracle-health'
    | 'okta'
    | 'auth0'
    | 'keycloak'
    | 'entra'
    | 'bcda'
    | 'dpc'
    | 'fapi2';
  /**
   * The client assertion of private_key_jwt and client_secret_jwt.
   *
   * `algorithm`: default the key's own `alg`; for a key that has none, what the server's metadata lists and the
   * key can do (RS384 and ES384 first), else RS384 for RSA and the curve's own for EC. `keyId`: the `kid` under
   * which the server knows the key, where that is not the keystore's; null sends none. `jwksUrl`: `jku`, the
   * registered URL of the public keys. `certificateHeaders`: names of the key's certificate to send (RFC 7515
   * §4.1.6 to §4.1.8), from the keystore; Microsoft Entra needs `x5t#S256`.
   *
   * `lifetimeSeconds` (1 to 300, default 170, so that the server's clock may be off by two minutes either way): from
   * now to `exp`, which is never more than 300 s after `iat` (5 s back). `issuedAt` (default true) and `notBefore`
   * (default false): whether there is an `iat` and an `nbf` (RFC 7519 §4.1), of one value; a server that looks at them
   * and is behind refuses them. `typ`: that of the header, default 'JWT'; null sends none. `includeClientId` (default
   * false): `client_id` goes into the form too, equal to `sub` (RFC 7521 §4.2).
   */
  assertion?: {
    algorithm?: SigningAlgorithm;
    keyId?: string | null;
    jwksUrl?: string;
    certificateHeaders?: readonly ('x5t' | 'x5t#S256' | 'x5c')[];
    lifetimeSeconds?: number;
    issuedAt?: boolean;
    notBefore?: boolean;
    typ?: string | null;
    includeClientId?: boolean;
  };

  /**
   * Without any ('any') or all ('all') of the scopes asked for, a token is not used: `ERR_SCOPE_NOT_GRANTED`, with the
   * implications between SMART's v1 and v2 scopes. Default: scopes that are missing are a warning.
   */
  requireScopes?: 'any' | 'all';
  /**
   * Extra origins that may receive the token besides the FHIR base's, such as `https://bulk.example.org`.
   * Default: none.
   */
  allowedOrigins?: readonly string[];
  /**
   * Origins that a discovered token endpoint may have, the one of the discovery document only if listed; any
   * other is `ERR_ORIGIN_NOT_ALLOWED`, and nothing is sent there. Default: any https origin, with a warning where
   * it is not the one that discovery started from; but no address that is nearer than where discovery started from:
   * loopback (`localhost` too), then link-local, then private addresses. Only addresses that stand in the URL count,
   * not those that a name leads to.
   */
  allowedTokenEndpointOrigins?: readonly string[];
  /** http:// is refused off the loopback interface unless this is set. Default false. */
  allowInsecureHttp?: boolean;
  /**
   * `order`: the documents to look for the token endpoint in, each after one that is of no use; those of a FHIR
   * server or, with `issuer`, those of an issuer. Default: a FHIR server's smart-configuration, and its
   * CapabilityStatement where that is not there (404); an issuer's oauth-authorization-server (RFC 8414), then its
   * openid-configuration. `ttlSeconds` (1 to 86 400): how long a result is used, in place of the server's
   * `Cache-Control`. A result is used for up to 24 h longer while its document is away, with a warning. `strict`:
   * what the metadata does not list of what the client uses is `ERR_DISCOVERY` instead of a warning: its method,
   * algorithm, grant type, capability. Default false.
   */
  discovery?: { order?: readonly DiscoverySource[]; ttlSeconds?: number; strict?: boolean };
  /**
   * A token is renewed before its end: at its margin, which is `marginSeconds` (default min(30, 20 % of the
   * lifetime)) and the time that the last request took, never more than half of the lifetime. `jitter` (0 to 1,
   * default 0.2) moves the point earlier by a random part of up to this share of the margin, so that a fleet
   * does not renew in step.
   *
   * `background` (default true): a timer renews a token that was used since its last renewal, and callers keep
   * getting the living one meanwhile. False: the call that finds the token due waits for the next one. Either
   * way a renewal that fails leaves the living token in use, and is tried again within what is left.
   *
   * `defaultLifetimeSeconds` (default 300) where the server names none. Lifetimes count as at most 24 h; one
   * of 0 or less serves the callers that wait and is not kept.
   *
   * `failureCooldownSeconds` (0 to 3600, default 10): the longest time that a refusal which nothing but a change
   * can mend (`transient` false) answers for the server, starting at 1 s and doubled each time, and that a
   * `Retry-After` does. As long does a token stay that was requested in place of a refused one and is refused
   * at once as well.
   */
  renewal?: {
    marginSeconds?: number;
    jitter?: number;
    background?: boolean;
    defaultLifetimeSeconds?: number;
    failureCooldownSeconds?: number;
  };
  /**
   * `attempts`: HTTP attempts in all, 1 to 10, default 3. A server that asks for a longer wait
   * (`Retry-After`, RFC 9110 §10.2.3) than `maxRetryAfterSeconds` (0 to 3600, default 60) is not asked again.
   * `deadlineMs` bounds a token request with its retries, and so each discovery document; default 90 000, or
   * what `attempts` of `http.timeoutMs` and the back-off between them take, where that is longer.
   */
  retry?: { attempts?: number; maxRetryAfterSeconds?: number; deadlineMs?: number };
  /**
   * For discovery and token requests. Time-outs per HTTP attempt: `timeoutMs` in all (default 30 000),
   * `connectTimeoutMs` (default 10 000); the pre-token hook has `timeoutMs` as well. `proxy`: a URL, or null
   * for none; default: `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment, then the
   * system's own setting on macOS and Windows; http:// or https://, with user name and password where the proxy
   * wants them (what it refuses with 407 is not `transient`). `noProxy`: hosts that bypass `proxy`, as `NO_PROXY`
   * lists them: names, with and without a leading dot and with all names below them, addresses, networks such as
   * `10.0.0.0/8`, and `*` for everything; an entry with a port fits nothing. HTTP/2 is spoken where the server
   * offers it; a connection that does not answer its ping within a third of `timeoutMs`, 10 s at most, counts as timed
   * out.
   * `ca`: certificates trusted besides the system's and those of `NODE_EXTRA_CA_CERTS`, as PEM text or DER
   * bytes. `clientCertificate`: shown to every server that asks for one in the TLS handshake, with any
   * `clientAuthMethod`; see {@link ClientCertificate}. `maxResponseBytes`: default 1 MiB.
   */
  http?: {
    timeoutMs?: number;
    connectTimeoutMs?: number;
    proxy?: string | null;
    noProxy?: string;
    ca?: string | Uint8Array | readonly (string | Uint8Array)[];
    clientCertificate?: ClientCertificate;
    maxResponseBytes?: number;
    userAgent?: string;
  };
}
/**
 * The client's own certificate and its key: exactly one of `pem` and `pkcs12`. `pem`: the private key, its certificate
 * and those of intermediate CAs in one text, in any order. `pkcs12`: the same in a `.p12` or `.pfx`. `passphrase` opens
 * either. What cannot be used is told by `create`, under `ERR_INVALID_CONFIG` or a code of keystores.
 *
 * Where the metadata has an `mtls_endpoint_aliases.token_endpoint`, a client with a certificate asks there (RFC 8705
 * §5). A token may be bound to the certificate (RFC 8705 §3): requests to the FHIR server then have to show it as
 * well, with `fetch` by a `dispatcher` in `init`. It is read once: for a renewed certificate create another interceptor.
 *
 * @example
 * import { readFileSync } from 'node:fs';
 * import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
 *
 * ClientAuthInterceptorFactory.create({
 *   clientId: 'my-client-id',
 *   scope: 'system/*.read',
 *   fhirBaseUrl: 'https://fhir.example.org/r4',
 *   http: { clientCertificate: { pkcs12: readFileSync('client.p12'), passphrase: process.env.PASSPHRASE } },
 * });
 */
export interface ClientCertificate {
  pem?: string | Uint8Array;
  pkcs12?: Uint8Array;
  passphrase?: string;
}
/** The last one is `oauth-uris` in `{fhirBaseUrl}/metadata` (SMART App Launch 1.0). */
export type DiscoverySource =
  | 'smart-configuration'
  | 'oauth-authorization-server'
  | 'openid-configuration'
  | 'capability-statement';
/** JOSE names (RFC 7518 §3.1, RFC 8037 §3.1). */
export type SigningAlgorithm =
  | 'RS256'
  | 'RS384'
  | 'RS512'
  | 'PS256'
  | 'PS384'
  | 'PS512'
  | 'ES256'
  | 'ES384'
  | 'ES512'
  | 'EdDSA';

// ───────────────────────────── keystores ─────────────────────────────

/**
 * Process-wide registry of named signing keys, shared by all threads (and one for each copy of the package,
 * where several are installed). Names follow Smile's rule: letters,
 * digits, `_`, `-`.
 */
export declare const Keystores: {
  /**
   * Adds or replaces. Reads and checks at once; throws `ERR_KEYSTORE_…`. An unknown alias or key id, a
   * public-only, symmetric, encryption or too short key, an unknown curve, a certificate of another key:
   * `ERR_KEYSTORE_UNUSABLE_KEY`, naming what there is.
   *
   * Under a name that is in use the new key signs from the next token request on, for interceptors that exist
   * too; their tokens stay valid. An encrypted keystore takes as long to open as its writer made it take; what
   * would take longer than about a second is refused (`ERR_KEYSTORE_UNSUPPORTED`).
   */
  register(name: string, source: KeystoreSource): KeystoreInfo;
  /**
   * Smile's own definition documents: `{ keystores: [{ keystoreId, filePath | jwks }] }`; filePath wins over
   * text. All are registered, or none. `classpath`: folder that `classpath:` and relative paths start from.
   */
  load(definitions: string | SmileKeystoreDefinitions, options?: { classpath?: string }): KeystoreInfo[];
  list(): KeystoreInfo[];
  /**
   * True if there was one. Interceptors that were created with it keep it, and go on reading its file; what is
   * registered under the name later is another keystore. To replace a key, register it under the same name.
   */
  unregister(name: string): boolean;
  /**
   * Public JWKS, ready to serve or register: every public key of the keystore, the signing one first, with
   * `kid`, `use` and, where it is known, `alg`. No private members. As last read: a changed file is looked at
   * behind this call.
   */
  publicJwks(name: string): PublicJwks;
  /**
   * A handler that serves the public JWKS (RFC 7517) to the servers that a client is registered with: for
   * `node:http`, Express and the like, or, called with a fetch `Request`, for frameworks that return a
   * `Response`. A changed file is read before it answers. GET and HEAD, `ETag`, 304, and `Cache-Control` with
   * `maxAgeSeconds` (0 to 604 800, default 3600). What is wrong with a file is published as the warning
   * `KEYSTORE_NOT_RELOADED`, with `clientId` null. Servers keep a key set for up to a day: add the new key to the
   * set that long before it signs, and keep the old one as long after.
   *
   * @example
   * import { createServer } from 'node:http';
   * import { Keystores } from '@org/smart-m2m';
   *
   * const { keys } = Keystores.generate({ algorithm: 'ES384' });
   * Keystores.register('served-key', { jwks: { keys } });
   * const server = createServer(Keystores.jwksHandler('served-key'));
   */
  jwksHandler(name: string, options?: { maxAgeSeconds?: number }): JwksHandler;
  /**
   * New key pair as a private JWKS: to be kept where only this client reads it. Blocks the thread while the key
   * is made: RSA takes from tenths of a second (2048 bits) to many seconds (8192).
   *
   * @example
   * import { writeFileSync } from 'node:fs';
   * import { Keystores } from '@org/smart-m2m';
   *
   * const jwks = Keystores.generate({ algorithm: 'ES384' });
   * writeFileSync('my-keystore.jwks', JSON.stringify(jwks, null, 2), { mode: 0o600 });
   */
  generate(options?: NewKeyOptions): PrivateJwks;
};
/** For {@link Keystores.generate}. */
export interface NewKeyOptions {
  /** Default RS384, which every SMART server has to accept, as ES384. */
  algorithm?: SigningAlgorithm;
  /** Bits of an RSA key: 2048 (default), 3072, 4096 or 8192. */
  modulusLength?: number;
  /** Default: the RFC 7638 thumbprint. */
  keyId?: string;
}
/** See {@link Keystores.jwksHandler}. */
export interface JwksHandler {
  (
    request: { method?: string | undefined; headers: { [name: string]: string | string[] | undefined } },
    response: {
      readonly headersSent: boolean;
      writeHead(status: number, headers: Record<string, string>): unknown;
      end(body?: string): unknown;
    },
    next?: (error: unknown) => void,
  ): Promise<void>;
  (request: Request, context?: unknown): Promise<Response>;
}
/**
 * JWK or JWKS (RFC 7517); PEM or DER with a PKCS#8 (encrypted too), PKCS#1 or SEC 1 private key, with
 * certificates beside it; PKCS#12; a Java keystore (JKS, JCEKS). Sniffed by content, not by a file's name. A
 * file is read again when it changes, at the next token request or when a server refuses the client: the last
 * good key stays in use while the new file is bad, with the warning `KEYSTORE_NOT_RELOADED`.
 *
 * `passphrase` opens the keystore, or the private key in it where that has no `keyPassphrase` of its own; text,
 * or its UTF-8 bytes. `alias` chooses an entry of a PKCS#12 or Java keystore by its name, `keyId` one of a JWKS;
 * without either the first private key that can sign does. A key without an id gets `keyId`, or its RFC 7638
 * thumbprint.
 *
 * `sign`: a key that cannot be exported, as in an HSM or a key service. It gets the signing input (RFC 7515 §5.1;
 * to be hashed by whoever signs) and the algorithm, and returns the signature; of ECDSA raw or DER. It runs on the
 * thread that registered it, in the asynchronous context (`AsyncLocalStorage`) of the registration, within
 * `timeoutMs` (1 to 600 000, default 30 000). A throw, a late answer, and bytes that are no signature by `publicJwk`
 * are `ERR_SIGNER`; what was thrown is the error's `cause` on that thread. It must not wait for a token of a client
 * that it signs for.
 */
export type KeystoreSource = KeystoreFile | KeystoreJwks | KeystoreData | ExternalSigner;
interface KeystoreFile extends KeystoreOpening {
  /** Made absolute at once. */
  path: string;
  jwks?: never;
  data?: never;
  sign?: never;
}
interface KeystoreJwks {
  jwks: string | object;
  keyId?: string | undefined;
  path?: never;
  data?: never;
  sign?: never;
}
interface KeystoreData extends KeystoreOpening {
  data: string | Uint8Array;
  path?: never;
  jwks?: never;
  sign?: never;
}
interface KeystoreOpening {
  passphrase?: Passphrase | undefined;
  keyPassphrase?: Passphrase | undefined;
  alias?: string | undefined;
  keyId?: string | undefined;
}
interface ExternalSigner {
  /** Called as a method of this object. */
  sign(signingInput: Uint8Array, algorithm: SigningAlgorithm): Signature | Promise<Signature>;
  publicJwk: object;
  keyId?: string | undefined;
  /** 1 to 600 000. Default 30 000. */
  timeoutMs?: number | undefined;
  path?: never;
  jwks?: never;
  data?: never;
}
type Signature = Uint8Array | ArrayBuffer;
/** Text, or its UTF-8 bytes. */
export type Passphrase = string | Uint8Array;
export interface KeystoreInfo {
  readonly name: string;
  /** JCEKS counts as `jks`. */
  readonly format: 'jwks' | 'pem' | 'der' | 'pkcs12' | 'jks' | 'external';
  readonly path: string | null;
  readonly keyId: string;
  /** Where neither the client's settings nor the server's metadata say otherwise. */
  readonly algorithm: SigningAlgorithm;
  /** How many were found. */
  readonly certificates: number;
}
// Lookup of `withKeystore(name)`: the registry, then <SMART_M2M_KEYSTORE_DIR>/<name>.{jwks,json,pem,p12,pfx,jks}.

// ───────────────────────────── errors ─────────────────────────────

/**
 * The one error class. `code` says what happened, `message` what to do about it; secrets, keys, assertions
 * and tokens never appear.
 */
export declare class ClientAuthError extends Error {
  /** `fields`: any of the fields below, and `cause`. */
  constructor(code: ClientAuthErrorCode, message: string, fields?: object);
  readonly code: ClientAuthErrorCode;
  /** Address concerned, without its query. */
  readonly url?: string;
  /** HTTP status of the answer. */
  readonly status?: number;
  /** RFC 6749 §5.2 body of the token endpoint. */
  readonly oauth?: { error: string; errorDescription?: string; errorUri?: string };
  /** How long the server asks to wait. */
  readonly retryAfterMs?: number;
  /** HTTP attempts made. */
  readonly attempts?: number;
  /** Every problem of a configuration, where there are several. */
  readonly problems?: readonly { code: ClientAuthErrorCode; message: string }[];
  /** True when the same call may succeed later with nothing changed. */
  readonly transient: boolean;
}
/**
 * From the token endpoint: 3xx `ERR_REDIRECT`; 429 `ERR_RATE_LIMITED`; 408 and 5xx `ERR_SERVER`; any other
 * 4xx, and a 2xx with an `error` member, `ERR_TOKEN_REJECTED`, whatever its body; a 2xx that is no usable
 * token response `ERR_TOKEN_RESPONSE`; one without the scopes of `requireScopes` `ERR_SCOPE_NOT_GRANTED`.
 * `oauth` is set wherever the body had it. Everything that goes wrong with a discovery document, its size
 * included, is `ERR_DISCOVERY`; where there is no answer at all it is `ERR_NETWORK`, `ERR_TLS` or
 * `ERR_TIMEOUT`. A missing token_type is taken as Bearer, with a warning. Values of additional parameters
 * count as secrets. `ERR_NATIVE_ADDON` is thrown by `require` and `import` of this package, where the package for
 * the platform is missing or does not load. `ERR_INTERNAL` is a defect of this package. An aborted wait rejects
 * with the signal's own reason.
 */
export type ClientAuthErrorCode =
  | 'ERR_INVALID_CONFIG'
  | 'ERR_KEYSTORE_NOT_FOUND'
  | 'ERR_KEYSTORE_PASSPHRASE'
  | 'ERR_KEYSTORE_UNSUPPORTED'
  | 'ERR_KEYSTORE_CORRUPT'
  | 'ERR_KEYSTORE_UNUSABLE_KEY'
  | 'ERR_DISCOVERY'
  | 'ERR_ISSUER_MISMATCH'
  | 'ERR_INSECURE_URL'
  | 'ERR_ORIGIN_NOT_ALLOWED'
  | 'ERR_TOKEN_REJECTED'
  | 'ERR_TOKEN_RESPONSE'
  | 'ERR_UNSUPPORTED_TOKEN_TYPE'
  | 'ERR_SCOPE_NOT_GRANTED'
  | 'ERR_REDIRECT'
  | 'ERR_NETWORK'
  | 'ERR_TLS'
  | 'ERR_TIMEOUT'
  | 'ERR_RATE_LIMITED'
  | 'ERR_SERVER'
  | 'ERR_PRE_TOKEN_HOOK'
  | 'ERR_SIGNER'
  | 'ERR_CLOSED'
  | 'ERR_NATIVE_ADDON'
  | 'ERR_INTERNAL';

/** Bare `Headers` carry no URL: the caller answers for where they go. */
export type RequestLike =
  | Request
  | Headers
  | { url?: string; headers: Headers | Record<string, string | string[] | undefined> };
/** What became of {@link ClientAuthInterceptor.diagnose}; a step that was not reached is null. */
export interface Diagnosis {
  /** Of the server's metadata, what matters here. Null also where the settings name the token endpoint. */
  readonly discovery: {
    /** The document's address. */
    readonly document: string;
    /** As it is written there; the alias for clients with a certificate, where one is used. */
    readonly tokenEndpoint: string;
    /** Where `audience` wants it: the issuer that its own metadata has confirmed. */
    readonly confirmedIssuer: string | null;
    /** `token_endpoint_auth_methods_supported` and the like; null where the document does not say. */
    readonly authMethods: readonly string[] | null;
    readonly signingAlgorithms: readonly string[] | null;
    readonly grantTypes: readonly string[] | null;
    readonly capabilities: readonly string[] | null;
  } | null;
  /** As on the channel `smart-m2m:warning`. */
  readonly warnings: readonly { code: string; message: string }[];
  /** The token request, with `[redacted]` in place of every credential. */
  readonly request: {
    /** Without its query. */
    readonly url: string;
    readonly method: NonNullable<ClientAuthOptions['clientAuthMethod']>;
    /** The scheme of the `Authorization` header; null without one. */
    readonly authorization: 'Basic' | null;
    /** The form, in order. */
    readonly parameters: readonly (readonly [name: string, value: string])[];
    /** The client assertion without its signature. */
    readonly assertion: {
      readonly header: Readonly<Record<string, unknown>>;
      readonly claims: Readonly<Record<string, unknown>>;
    } | null;
  } | null;
  /** What the token endpoint said, cleaned as in error messages; null where there was no answer. */
  readonly answer: {
    readonly status: number;
    /** Those that help to understand it, correlation ids among them. */
    readonly headers: readonly (readonly [name: string, value: string])[];
    /** Up to 200 characters; of a token response the members that are no token. */
    readonly body: string;
    /** How far this machine's clock is ahead of the server's `Date`; negative: behind. */
    readonly clockAheadSeconds: number | null;
  } | null;
  /** The token, without the token itself. */
  readonly token: {
    readonly expiresInSeconds: number | null;
    readonly grantedScopes: readonly string[];
    readonly missingScopes: readonly string[];
  } | null;
  /** Why there is no token; null where there is one. */
  readonly error: ClientAuthError | null;
}
export interface PublicJwks {
  keys: object[];
}
export interface PrivateJwks {
  keys: object[];
}
export interface SmileKeystoreDefinitions {
  keystores: { keystoreId: string; filePath?: string; jwks?: string | object }[];
}
/**
 * One HTTP attempt of a token request, as published on the tracing channel `smart-m2m:token` (see
 * `tracingChannel` of `node:diagnostics_channel`): on `start`, then on `error` if it failed, then on `end`, each
 * time the same object. In every thread that has an interceptor of the client concerned, also for renewals in
 * the background. A new subscription is noticed by the next call that asks the core: `stats()`, or one that
 * finds the token due, new or missing. A request sent again because a kept connection was just being closed is
 * told under the number of the attempt that it repeats. Subscribers run in the asynchronous context
 * (`AsyncLocalStorage`) in which the thread has loaded the package. Nothing in it is secret.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 *
 * subscribe('tracing:smart-m2m:token:end', ({ clientId, reason, attempt, durationMs, error }) => {
 *   console.log(clientId, reason, attempt, durationMs, error?.code ?? 'ok');
 * });
 */
export interface TokenRequestTrace {
  readonly clientId: string;
  /** Without query and user information. */
  readonly tokenEndpoint: string;
  readonly reason: 'initial' | 'expiring' | 'rejected';
  /** From 1; later ones are retries. */
  readonly attempt: number;
  /** From the start; there on `error` and `end`. */
  durationMs?: number;
  /** There if the attempt failed. */
  error?: ClientAuthError;
}

export interface InterceptorStats {
  tokenRequests: number;
  cacheHits: number;
  renewals: number;
  failures: number;
  invalidations: number;
  lastErrorCode: ClientAuthErrorCode | null;
  expiresAt: Date | null;
  renewsAt: Date | null;
}

declare global {
  // Of TypeScript's esnext.disposable and of @types/node, for projects that have neither.
  interface SymbolConstructor {
    readonly dispose: unique symbol;
  }
}
