/**
 * `@org/smart-m2m/testing`: a SMART authorization server and a FHIR endpoint inside the test process, for the suites of
 * whoever writes clients. It knows nothing of the client package and can test any client. Node built-ins only.
 *
 * Requests are checked by the letter. One that breaks a rule is refused as a server would refuse it, and the reason is
 * in the log, in the answer's `error_description` (or the OperationOutcome), and in `assertNoRefusals()`.
 *
 * A mistyped or wrong option throws `TypeError`, and names those that there are.
 */

/**
 * Starts a server on the loopback interface. Any number of them can run side by side.
 *
 * @example
 * import { startSmartServer } from '@org/smart-m2m/testing';
 *
 * const server = await startSmartServer({ tls: false });
 * const client = server.registerClient({ scope: 'system/Patient.rs' });
 * // … the code under test, with server.fhirBaseUrl, client.clientId and client.jwks
 * server.assertNoRefusals();
 * await server.close();
 */
export declare function startSmartServer(options?: SmartServerOptions): Promise<SmartServer>;

export interface SmartServer {
  /** Of the FHIR endpoint and the authorization server. */
  readonly origin: string;
  /** `{origin}/fhir` */
  readonly fhirBaseUrl: string;
  /** `{origin}/auth`; its metadata is at `/.well-known/oauth-authorization-server/auth` (RFC 8414 §3.1). */
  readonly issuer: string;
  /** `{issuer}/token` */
  readonly tokenEndpoint: string;
  /** Another origin, from which exported files are downloaded. */
  readonly downloadOrigin: string;
  /**
   * Certificate of the CA that signed the server's, made for this run, as PEM: for `http.ca`, for `ca` of node:https,
   * or, in a file, for `NODE_EXTRA_CA_CERTS` of a child process. null without TLS.
   */
  readonly ca: string | null;
  /** What a client of `@org/smart-m2m` needs to come here, whatever proxy the environment names. */
  readonly clientOptions: {
    readonly fhirBaseUrl: string;
    readonly http: { readonly proxy: null; readonly ca?: string };
  };

  /**
   * Every request since the start or `reset()`, in the order in which they were decided on: a record is there before
   * its answer is sent. The last 10 000 are kept. As it is now.
   */
  readonly requests: readonly RequestRecord[];
  /** Those to one endpoint. */
  requestsTo(endpoint: Endpoint | EndpointGroup): readonly RequestRecord[];
  /** Copies of the FHIR resources that the server holds now. */
  readonly resources: FhirResource[];

  /**
   * Registers a client. Without a key and a secret it gets a key of its own, whose private JWKS is `client.jwks`; so
   * does one with a secret that is registered for private_key_jwt too. `TypeError` where the id is taken, or where no
   * client could authenticate by what is registered.
   */
  registerClient(registration?: ClientRegistration): RegisteredClient;
  /**
   * Plays a fault at the next request to an endpoint. Faults are played in the order in which they were asked for.
   *
   * @example
   * server.fail('token', { status: 503, headers: { 'retry-after': '1' }, times: 2 });
   * server.fail('discovery', { html: true });
   * server.fail('fhir', { reset: true, after: 3 });
   * server.fail('token', { members: { expires_in: '300', token_type: undefined } });
   */
  fail(endpoint: Endpoint | EndpointGroup, fault: Fault): ScriptedFault;
  /** Changes settings of the running server, until `reset()`. undefined leaves one as it is. */
  configure(settings: SmartServerSettings): void;
  /**
   * A token without a token request, for tests of what comes after. `clientId` (default 'test') need not be registered;
   * `scope` is 'system/*.cruds' by default, `lifetimeSeconds` that of the settings.
   */
  issueToken(options?: { clientId?: string; scope?: string; lifetimeSeconds?: number }): string;
  /** Revokes one token, those of one client, or all; returns how many. The next request with one is a 401. */
  revokeTokens(which?: { clientId?: string; token?: string }): number;
  /** Throws an `Error` that lists every refused request with its explanation, if there is one. */
  assertNoRefusals(): void;
  /**
   * As after the start: an empty log, no faults, the first settings and resources, no assertion used. Clients, their
   * keys, and tokens that they hold stay.
   */
  reset(): void;
  /** Ends every connection and answer under way. Nothing is left that keeps the process alive. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SmartServerOptions extends SmartServerSettings {
  /** Default true, with a CA of its own. false: plain http, which clients allow on loopback. */
  tls?: boolean | TlsOptions;
  /** What the URLs say: a name, served on 127.0.0.1, or a loopback address. Default 'localhost'. */
  host?: string;
  /** Default 0: any free one. */
  port?: number;
  /** Registered from the start. */
  clients?: readonly ClientRegistration[];
  /**
   * What the FHIR endpoint holds, in place of three patients, three observations and a group. Its types are Patient,
   * Observation, Group, and those of these resources.
   */
  resources?: readonly FhirResource[];
}
export interface TlsOptions {
  /** Names and addresses of the certificate. Default: `host`, localhost, 127.0.0.1, ::1. */
  hostnames?: readonly string[];
  /** What has ended an hour ago. 'ca': and with it the certificate, which no CA lets outlive itself. */
  expired?: 'ca' | 'certificate';
}

/** What can be changed while it runs. */
export interface SmartServerSettings {
  /** `expires_in`, and how long tokens live. Default 300. */
  tokenLifetimeSeconds?: number;
  /** How far the server's clock is ahead of this machine's: checks, `Date` headers, tokens' ends. Default 0. */
  clockOffsetSeconds?: number;
  /** What `exp`, `iat` and `nbf` may be off. Default 0. */
  leewaySeconds?: number;
  /** Accepted `aud` of assertions, byte for byte: two words, or any other text. Default 'token_endpoint'. */
  audience?: 'token_endpoint' | 'issuer' | (string & {}) | readonly string[];
  /**
   * As behind a proxy that ends TLS: the `aud` has to say `http:` where the URL says `https:`. Default false. For a
   * server whose documents say so too, add `metadata`.
   */
  behindTlsProxy?: boolean;
  /** Accepted and listed `alg`s of assertions. Default: all. */
  algorithms?: readonly AssertionAlgorithm[];
  /** Accepted `typ` of assertions; null: none. Default 'JWT'. */
  typ?: string | null | readonly (string | null)[];
  /** How HTTP Basic is read: as RFC 6749 §2.3.1 has it, as it stands, or either way. Default 'either'. */
  basicEncoding?: 'either' | 'rfc6749' | 'raw';
  /**
   * Of a scope that the client is not registered for: leave it out, or the part of it that is not ('narrow', the
   * default; refused where nothing is left), or refuse the request.
   */
  wideScopes?: 'narrow' | 'refuse';
  /** false: none of the checks; `{ jti: false }`: not this one. Default true. */
  checks?: boolean | { readonly [Name in CheckName]?: boolean };
  /** Whether answers say what was wrong; most servers are terse. Default true. The log always says it. */
  explain?: boolean;
  /** Documents that there are; the others are a 404. Default: all. */
  documents?: readonly DiscoveryDocument[];
  /** Members that replace those of the discovery documents; one that is undefined is left out. */
  metadata?: Readonly<Record<string, unknown>>;
  /** Resources on a page of a search without `_count`. Default 20. */
  pageSize?: number;
  /** How often an export's status is 202 before it is complete. Default 1. */
  exportPolls?: number;
  /** `Retry-After` of such a 202. Default 1. */
  exportRetryAfterSeconds?: number;
  /** Default false: a file request that carries a token is refused, as it leaks the token to another origin. */
  exportRequiresAccessToken?: boolean;
}

/** What is checked of a request, and can be left out of it. */
export type CheckName =
  /** POST (RFC 6749 §3.2) */
  | 'method'
  /** none of the client's credentials in the URL (RFC 6749 §2.3.1) */
  | 'credentialsInUrl'
  /** `application/x-www-form-urlencoded` (RFC 6749 §4.4.2) */
  | 'contentType'
  /** each parameter once, but `resource` and `audience` (RFC 6749 §3.2) */
  | 'repeatedParameters'
  /** `client_credentials` (RFC 6749 §4.4.2) */
  | 'grantType'
  /** one authentication of the client at a time (RFC 6749 §2.3) */
  | 'oneAuthentication'
  /** the one that the client is registered for (RFC 7591 §2) */
  | 'clientAuthMethod'
  /** `client_assertion_type` (RFC 7523 §2.2) */
  | 'assertionType'
  /** the assertion's `alg` is one of `algorithms` (RFC 8414 §2) */
  | 'algorithm'
  /** `typ` is that of the settings (SMART App Launch) */
  | 'typ'
  /** `kid` names a registered key (SMART App Launch) */
  | 'keyId'
  /** `jku`, if any, is the registered URL (SMART App Launch) */
  | 'jwksUrl'
  /** no `crit` (RFC 7515 §4.1.11) */
  | 'critical'
  /** `iss` and `sub` are the client's id (RFC 7523 §3) */
  | 'issuer'
  /** a `client_id` parameter agrees with the proof (RFC 7521 §4.2) */
  | 'clientId'
  /** `aud` is one text, that of the settings (RFC 7523 §3) */
  | 'audience'
  /** `exp` is there, to come, and at most 300 s ahead (SMART App Launch) */
  | 'expiry'
  /** `iat`, if any, is not to come (RFC 7523 §3) */
  | 'issuedAt'
  /** `nbf`, if any, is not to come (RFC 7519 §4.1.5) */
  | 'notBefore'
  /** a `jti` of up to 151 characters, not used before (SMART App Launch) */
  | 'jti'
  /** made with the registered key or secret (RFC 7523 §3) */
  | 'signature'
  /** a scope parameter, in the grammar of RFC 6749 §3.3 and of SMART */
  | 'scope'
  /** no access token in a FHIR URL (RFC 6750 §2.3) */
  | 'tokenInUrl'
  /** no access token for another origin that wants none (SMART Backend Services) */
  | 'tokenToOtherOrigin';

export interface ClientRegistration {
  /** Default: `client-1`, `client-2`, and so on, as far as they are free. */
  clientId?: string;
  clientSecret?: string;
  /** Its keys, of which the public half is registered. */
  jwks?: JsonWebKeySet;
  /**
   * Where its public keys are, in place of `jwks`; they are fetched for every assertion. Trusted are the CAs that Node
   * brings along and the server's own.
   */
  jwksUrl?: string;
  /** Of a key that is made here. Default ES384. */
  algorithm?: SigningAlgorithm;
  /** `kid` of a key that is made here. Default: the RFC 7638 thumbprint. */
  keyId?: string;
  /** Default: private_key_jwt with keys; with a secret the three methods that prove it. */
  clientAuthMethod?: ClientAuthMethod | readonly ClientAuthMethod[];
  /** Scopes that it may have. Default 'system/*.cruds'. */
  scope?: string;
}
/** Printed or serialised, it shows neither its secret nor its keys. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string | null;
  /** Private keys, to be handed to the client; null where they were not made here. */
  readonly jwks: JsonWebKeySet | null;
  /** As registered. */
  readonly publicJwks: JsonWebKeySet;
  /** Where the public keys can be fetched: the registered URL, or one of this server. */
  readonly jwksUrl: string;
  readonly clientAuthMethods: readonly ClientAuthMethod[];
  readonly scopes: readonly string[];
  /** Registers a new key; the old ones stop counting, unless `keepOld`. Returns its private JWKS. */
  rotateKeys(options?: KeyRotation): JsonWebKeySet;
  /** Registers other keys in place of these; `{ keys: [] }` for none. */
  replaceKeys(jwks: JsonWebKeySet): void;
  replaceSecret(clientSecret: string): void;
}
export interface KeyRotation {
  /** Default ES384. */
  algorithm?: SigningAlgorithm;
  /** Default: the RFC 7638 thumbprint. */
  keyId?: string;
  /** Default false. */
  keepOld?: boolean;
}

/**
 * A fault. With `status`, `body` or `html` the server is not asked at all, as with a gateway that answers in its place;
 * with `members` its own answer is changed; with nothing but times it answers as ever, only late or in part.
 * One that has no effect, or members that exclude each other (`reset` and `status`, `members` and `html`), is a
 * `TypeError`.
 */
export interface Fault {
  /** Default 200, or the server's own with `members`. */
  status?: number;
  headers?: Readonly<Record<string, string>>;
  /** An object is sent as JSON. Default: none. */
  body?: string | Uint8Array | object;
  /** A login page. */
  html?: boolean;
  /** Members that replace those of the server's JSON; one that is undefined is left out. */
  members?: Readonly<Record<string, unknown>>;
  /** The connection is reset instead of an answer; only `delayMs` goes with it. */
  reset?: boolean;
  /** The connection ends after so many bytes of the body, of which the headers promise more. */
  truncateAfter?: number;
  /** Wait before the answer, or before the reset. */
  delayMs?: number;
  /** Wait between each byte of the body and the next. */
  dripMs?: number;
  /** How many requests. Default 1; `Infinity`: until `cancel()` or `reset()`. */
  times?: number;
  /** How many requests go by before; those that a fault asked for earlier takes are not counted. Default 0. */
  after?: number;
}
export interface ScriptedFault {
  /** How many times it is still to be played. */
  readonly remaining: number;
  cancel(): void;
}

/**
 * A request and what became of it; it does not change. `headers` and `form` have everything as it was sent; printed,
 * inspected, compared or serialised, the record shows no credentials.
 */
export interface RequestRecord {
  /** Of arrival, by the server's clock. */
  readonly at: Date;
  readonly endpoint: Endpoint;
  readonly method: string;
  /** Path and query, with credentials taken out. */
  readonly url: string;
  /** Names in lower case; repeated ones are joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values of a token request, decoded, in the order and as often as they were sent. */
  readonly form: readonly (readonly [name: string, value: string])[];
  /** Of a token request that has one that can be read; not verified by being here. */
  readonly assertion: {
    readonly header: Readonly<Record<string, unknown>>;
    readonly claims: Readonly<Record<string, unknown>>;
  } | null;
  /** null: the connection was reset. */
  readonly status: number | null;
  /** Who asked, as far as the server came to know. */
  readonly clientId: string | null;
  /** The number of the token that was issued or shown, counted from 1: two requests with one number had one token. */
  readonly tokenNumber: number | null;
  /** Whether a fault was played. */
  readonly fault: boolean;
  /** Of a refused request: the check that it failed, where that can be left out of the settings. */
  readonly check: CheckName | null;
  /** Of a refused request: where the rule is written, such as `RFC 7523 §3`. */
  readonly rule: string | null;
  /** Of a refused request: what was wrong, with the rule. */
  readonly explanation: string | null;
}

export type DiscoveryDocument =
  | 'smart-configuration'
  | 'capability-statement'
  | 'oauth-authorization-server'
  | 'openid-configuration';
/**
 * 'jwks': the server's own keys; 'client-jwks': a client's, at its `jwksUrl`; 'bulk': `$export` and its status;
 * 'download': files of an export; 'unknown': no endpoint.
 */
export type Endpoint =
  | DiscoveryDocument
  | 'token'
  | 'jwks'
  | 'client-jwks'
  | 'fhir'
  | 'bulk'
  | 'download'
  | 'unknown';
/** 'discovery': the four documents. */
export type EndpointGroup = 'discovery' | 'any';
export type ClientAuthMethod =
  | 'private_key_jwt'
  | 'client_secret_basic'
  | 'client_secret_post'
  | 'client_secret_jwt';
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
export type AssertionAlgorithm = SigningAlgorithm | 'HS256' | 'HS384' | 'HS512';
export interface JsonWebKeySet {
  keys: Record<string, unknown>[];
}
export interface FhirResource {
  resourceType: string;
  id?: string;
  // biome-ignore lint/suspicious/noExplicitAny: FHIR's own types are elsewhere, and tests want to look inside.
  [member: string]: any;
}

declare global {
  // Of TypeScript's esnext.disposable and of @types/node, for projects that have neither.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}
