import test from 'ava';
import { rsaJwks } from '../support/keys.mjs';
import { json, text, tokenResponse } from '../support/recording-server.mjs';
import { INVALID_CLIENT, keystoreOf, openVendor, RSA } from '../support/vendor-server.mjs';

// Servers that are busy, away, or slow to learn of a new key (QK-12).

/** Replies one after another; the last one stays. */
async function vendorWith(t, replies) {
  const vendor = await openVendor(t, { judge: () => {} });
  vendor.on('POST /token', replies);
  return vendor;
}

test('BCDA answers 429 with Retry-After in seconds and plain text, which is waited for', async (t) => {
  const vendor = await vendorWith(t, [
    text(429, 'Too many requests', { 'retry-after': '1' }),
    tokenResponse(),
  ]);
  t.regex(await vendor.client({ retry: { attempts: 2 } }).getAuthorizationHeader(), /^Bearer /);
  const [first, second] = vendor.tokenRequests();
  t.true(second.at - first.at >= 950, `${second.at - first.at} ms`);
});

test('BCDA answers 429 with a longer Retry-After than is waited for: the error says how long', async (t) => {
  const vendor = await vendorWith(t, text(429, 'Too many requests', { 'retry-after': '300' }));
  const error = await t.throwsAsync(vendor.client({ retry: {} }).getAuthorizationHeader());
  t.like(error, { code: 'ERR_RATE_LIMITED', retryAfterMs: 300_000, attempts: 1, transient: true });
  t.regex(error.message, /Too many requests; the server asks to wait 300 s before the next request/);
});

test('BCDA answers 503 with Retry-After 1, which is waited for', async (t) => {
  const vendor = await vendorWith(t, [text(503, '', { 'retry-after': '1' }), tokenResponse()]);
  t.regex(await vendor.client({ retry: { attempts: 2 } }).getAuthorizationHeader(), /^Bearer /);
});

test('eClinicalWorks blocks an app for the rest of the minute: no second request follows a 429 that says so', async (t) => {
  const vendor = await vendorWith(t, json(429, { error: 'too_many_requests' }, { 'retry-after': '61' }));
  const client = vendor.client({ retry: {} });
  for (let call = 0; call < 3; call += 1) {
    await t.throwsAsync(client.getAuthorizationHeader(), { code: 'ERR_RATE_LIMITED' });
  }
  t.is(vendor.tokenRequests().length, 1);
});

test('Epic takes up to two days to know a new key: the refusal says so and is not repeated at once', async (t) => {
  const vendor = await vendorWith(t, INVALID_CLIENT);
  const client = vendor.client({ server: 'epic', retry: {} });
  const error = await t.throwsAsync(client.getAuthorizationHeader());
  t.regex(error.message, /servers keep key sets, and take minutes to two days to see a new key/);
  await t.throwsAsync(client.getAuthorizationHeader(), { message: /remembered/ });
  t.is(vendor.tokenRequests().length, 1);
});

test('Epic keeps a JWKS for up to 29 hours: the key before signs until it knows the new one', async (t) => {
  const next = rsaJwks({ kid: 'the-next-key' });
  const vendor = await openVendor(t, {
    judge: async (asked) => {
      await asked.assertion();
    },
  });
  // Both are published; the first of the set signs.
  const before = { keys: [...RSA.keys, ...next.keys] };
  const client = vendor.client({ server: 'epic', keystore: keystoreOf({ jwks: before }) });
  t.deepEqual(
    client.publicJwks().keys.map(({ kid }) => kid),
    ['the-rsa-key', 'the-next-key'],
  );
  t.regex(await client.getAuthorizationHeader(), /^Bearer /);
  const early = vendor.client({ server: 'epic', keystore: keystoreOf({ jwks: next }) });
  await t.throwsAsync(early.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
});

test('Epic fetches a JWKS once for an assertion, so that each attempt comes with a new one', async (t) => {
  const fetched = [];
  const vendor = await openVendor(t, {
    judge: async (asked) => {
      const { claims } = await asked.assertion();
      asked.demand(!fetched.includes(claims.jti));
      fetched.push(claims.jti);
      asked.demand(fetched.length > 1, text(502, 'the JWKS could not be fetched'));
    },
  });
  t.regex(
    await vendor.client({ server: 'epic', retry: { attempts: 2 } }).getAuthorizationHeader(),
    /^Bearer /,
  );
  t.is(fetched.length, 2);
});
