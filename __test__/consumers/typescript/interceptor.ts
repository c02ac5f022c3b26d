import {
  type AccessToken,
  type AuthorizationRequest,
  ClientAuthError,
  type ClientAuthErrorCode,
  ClientAuthInterceptor,
  type ClientInterceptor,
  type InterceptorStats,
  type PreTokenContext,
  type PublicJwks,
  type RequestLike,
  type SuppliedToken,
} from '@org/smart-m2m';
import { expectType } from './expect-type.js';

const interceptor = ClientAuthInterceptor.fromState({ clientId: 'client', scope: null });
expectType<ClientAuthInterceptor>()(interceptor);

// ── headers and tokens ──

export async function headers(signal: AbortSignal): Promise<void> {
  const request: AuthorizationRequest = { fhirBaseUrl: 'https://fhir.example.org/r4', signal };
  expectType<string>()(await interceptor.getAuthorizationHeader());
  expectType<string>()(await interceptor.getAuthorizationHeader(request));
  expectType<string | null>()(await interceptor.getAuthorizationHeaderFor('https://fhir.example.org/r4'));
  expectType<string | null>()(
    await interceptor.getAuthorizationHeaderFor(new URL('https://fhir.example.org/r4'), request),
  );

  const token = await interceptor.getAccessToken(request);
  expectType<AccessToken>()(token);
  expectType<string>()(token.accessToken);
  expectType<string>()(token.tokenType);
  expectType<Date | null>()(token.expiresAt);
  expectType<readonly string[]>()(token.grantedScopes);
  expectType<readonly string[]>()(token.missingScopes);
  expectType<unknown>()(token.extra.patient);

  // @ts-expect-error the server is named in an object
  await interceptor.getAuthorizationHeader('https://fhir.example.org/r4');
  // @ts-expect-error a token is not changed
  token.accessToken = 'other';
}

// ── hooks ──

const bare: ClientInterceptor = { CLIENT_AUTH_PRE_TOKEN_REQUEST: () => 'token' };
const withLifetime: ClientInterceptor = {
  async CLIENT_AUTH_PRE_TOKEN_REQUEST(context) {
    expectType<PreTokenContext>()(context);
    expectType<string>()(context.clientId);
    expectType<string | null>()(context.scope);
    expectType<string | null>()(context.fhirBaseUrl);
    expectType<'initial' | 'expiring' | 'rejected'>()(context.reason);
    return context.reason === 'initial' ? null : { accessToken: 'token', expiresIn: 60 };
  },
};
const supplied: SuppliedToken[] = ['token', { accessToken: 'token' }, null, undefined];

expectType<ClientAuthInterceptor>()(interceptor.registerInterceptor(bare).registerInterceptor(withLifetime));
expectType<boolean>()(interceptor.unregisterInterceptor(bare));

// @ts-expect-error a number is no token
interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => 1 });
// @ts-expect-error a token has a name
interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => ({ token: 'token' }) });
// @ts-expect-error an unknown pointcut
interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN: () => 'token' });

// ── requests ──

export async function requests(): Promise<void> {
  expectType<Request>()(
    await interceptor.interceptRequest(new Request('https://fhir.example.org/r4/Patient')),
  );
  expectType<Headers>()(
    await interceptor.interceptRequest(new Headers(), { fhirBaseUrl: 'https://fhir.example.org' }),
  );
  const plain = {
    url: 'https://fhir.example.org/r4/Patient',
    headers: { accept: 'application/fhir+json' },
    method: 'GET',
  };
  expectType<typeof plain>()(await interceptor.interceptRequest(plain));
  const like: RequestLike = plain;
  expectType<boolean>()(interceptor.interceptResponse(like, { status: 401 }));
  expectType<boolean>()(interceptor.interceptResponse(new Headers(), new Response()));

  const { fetch: authorizedFetch } = interceptor;
  expectType<Response>()(await authorizedFetch('https://fhir.example.org/r4/Patient'));
  expectType<Response>()(
    await authorizedFetch(new URL('https://fhir.example.org/r4/Patient'), { method: 'GET' }),
  );
  expectType<Response>()(
    await authorizedFetch(new Request('https://fhir.example.org/r4/Patient'), {
      headers: { accept: 'application/fhir+json' },
      fhirBaseUrl: 'https://fhir.example.org/r4',
    }),
  );
  const standIn: typeof fetch = interceptor.fetch;
  void standIn;

  // @ts-expect-error a request has headers
  await interceptor.interceptRequest({ url: 'https://fhir.example.org/r4/Patient' });
  // @ts-expect-error a response has a status
  interceptor.interceptResponse(like, {});
}

export async function diagnosis(): Promise<void> {
  const { answer, error } = await interceptor.diagnose({ fhirBaseUrl: 'https://fhir.example.org/r4' });
  expectType<number | undefined>()(answer?.status);
  expectType<ClientAuthErrorCode | undefined>()(error?.code);
}

// ── the rest ──

expectType<boolean>()(interceptor.invalidate());
expectType<boolean>()(interceptor.invalidate('Bearer token', { fhirBaseUrl: 'https://fhir.example.org/r4' }));
expectType<PublicJwks>()(interceptor.publicJwks());

const stats = interceptor.stats();
expectType<InterceptorStats>()(stats);
const counts: number[] = [
  stats.tokenRequests,
  stats.cacheHits,
  stats.renewals,
  stats.failures,
  stats.invalidations,
];
expectType<ClientAuthErrorCode | null>()(stats.lastErrorCode);
expectType<Date | null>()(stats.expiresAt);
expectType<Date | null>()(stats.renewsAt);
expectType<void>()(interceptor.close());

// @ts-expect-error interceptors come from the factory
new ClientAuthInterceptor();

// ── errors ──

export function describe(thrown: unknown): string {
  if (!(thrown instanceof ClientAuthError)) return 'not ours';
  const error: Error = thrown;
  expectType<ClientAuthErrorCode>()(thrown.code);
  expectType<boolean>()(thrown.transient);
  const url: string | undefined = thrown.url;
  const status: number | undefined = thrown.status;
  const attempts: number | undefined = thrown.attempts;
  const retryAfterMs: number | undefined = thrown.retryAfterMs;
  const oauth: string | undefined = thrown.oauth?.error;
  const oauthDetail: string | undefined = thrown.oauth?.errorDescription ?? thrown.oauth?.errorUri;
  const problem: ClientAuthErrorCode | undefined = thrown.problems?.[0]?.code;
  // @ts-expect-error no such code
  if (thrown.code === 'ERR_UNKNOWN') return 'never';
  // @ts-expect-error what happened stays what it was
  thrown.code = 'ERR_CLOSED';
  return [error.message, url, status, attempts, retryAfterMs, oauth, oauthDetail, problem].join(' ');
}

// Every code, once: a missing or an additional one does not compile.
const codes: Record<ClientAuthErrorCode, true> = {
  ERR_INVALID_CONFIG: true,
  ERR_KEYSTORE_NOT_FOUND: true,
  ERR_KEYSTORE_PASSPHRASE: true,
  ERR_KEYSTORE_UNSUPPORTED: true,
  ERR_KEYSTORE_CORRUPT: true,
  ERR_KEYSTORE_UNUSABLE_KEY: true,
  ERR_DISCOVERY: true,
  ERR_ISSUER_MISMATCH: true,
  ERR_INSECURE_URL: true,
  ERR_ORIGIN_NOT_ALLOWED: true,
  ERR_TOKEN_REJECTED: true,
  ERR_TOKEN_RESPONSE: true,
  ERR_UNSUPPORTED_TOKEN_TYPE: true,
  ERR_SCOPE_NOT_GRANTED: true,
  ERR_REDIRECT: true,
  ERR_NETWORK: true,
  ERR_TLS: true,
  ERR_TIMEOUT: true,
  ERR_RATE_LIMITED: true,
  ERR_SERVER: true,
  ERR_PRE_TOKEN_HOOK: true,
  ERR_SIGNER: true,
  ERR_CLOSED: true,
  ERR_NATIVE_ADDON: true,
  ERR_INTERNAL: true,
};

export { codes, counts, supplied };
