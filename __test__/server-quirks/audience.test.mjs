import test from 'ava';
import { json } from '../support/recording-server.mjs';
import { INVALID_CLIENT, openVendor, plays } from '../support/vendor-server.mjs';

// Whom an assertion is for: no two vendors agree (requirements QK-2, W 1).

const ISSUER = 'https://login.example.org/realms/fhir';
const TRY_ISSUER = /some servers want audience: 'issuer'/;
const IS_SET = /audience is set, so aud is not the token endpoint/;

/** One text and no array, compared as it is. */
function wants(expected, reply = INVALID_CLIENT) {
  return async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand([expected(asked)].flat().includes(claims.aud), reply);
  };
}
const tokenUrl = wants(({ tokenEndpoint }) => tokenEndpoint);
const issuerAlone = wants(() => ISSUER);
const byIssuer = { issuer: ISSUER, audience: 'issuer' };
/** With a token endpoint nothing is discovered, so the issuer is the user's word. */
const withIssuer =
  (changes) =>
  ({ tokenEndpoint }) => ({ tokenEndpoint, ...byIssuer, ...changes });

test('Epic wants aud to be its token URL', plays, {
  judge: tokenUrl,
  accepts: [{ server: 'epic' }, {}],
  refuses: [[withIssuer({ server: 'epic' }), IS_SET]],
});

test('Epic behind a proxy that changes the URL takes the aud that its site allow-lists', plays, {
  judge: wants(() => 'https://fhir.hospital.example.org/oauth2/token'),
  accepts: [{ server: 'epic', audience: 'https://fhir.hospital.example.org/oauth2/token' }],
  refuses: [[{ server: 'epic' }, /aud is the token endpoint/]],
});

test('Okta wants aud to be the endpoint exactly as it is invoked', plays, {
  judge: wants(({ origin, request }) => origin + request.url, {
    ...json(401, {
      error: 'invalid_client',
      error_description:
        'The audience claim for client_assertion must be the endpoint invoked for the request.',
    }),
  }),
  accepts: [
    { server: 'okta' },
    ({ tokenEndpoint }) => ({ server: 'okta', tokenEndpoint: `${tokenEndpoint}?x=1` }),
  ],
  refuses: [
    [
      ({ tokenEndpoint }) => ({ server: 'okta', audience: `${tokenEndpoint}/` }),
      /must be the endpoint invoked for the request.; audience is set/,
    ],
  ],
});

test('Auth0 wants aud to be the URL of the tenant with its trailing slash', plays, {
  judge: wants(() => 'https://tenant.auth0.example/'),
  accepts: [withIssuer({ server: 'auth0', issuer: 'https://tenant.auth0.example/', audience: undefined })],
  refuses: [
    [withIssuer({ server: 'auth0', issuer: 'https://tenant.auth0.example', audience: undefined }), IS_SET],
    [{}, TRY_ISSUER],
  ],
});

test('Keycloak from 26.2 on takes one audience, its issuer or its token URL', plays, {
  judge: wants(({ tokenEndpoint }) => [tokenEndpoint, ISSUER], json(400, { error: 'invalid_client' })),
  accepts: [{ server: 'keycloak' }, withIssuer({ server: 'keycloak' })],
  refuses: [[{ server: 'keycloak', audience: 'https://login.example.org' }, IS_SET]],
});

test('Microsoft Entra wants aud to be the token URL of the tenant', plays, {
  path: '/tenant/oauth2/v2.0/token',
  judge: tokenUrl,
  accepts: [{}],
  refuses: [[withIssuer({}), IS_SET]],
});

test('Connect2id 17.1 in strict mode wants aud to be its issuer', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({})],
  refuses: [[{}, TRY_ISSUER]],
});

test('HelseID wants aud to be its issuer', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({ assertion: { typ: 'client-authentication+jwt' } })],
  refuses: [[{}, TRY_ISSUER]],
});

test('OpenIddict from version 7 on wants aud to be its issuer', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({})],
  refuses: [[{}, TRY_ISSUER]],
});

test('Corppass wants aud to be its issuer', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({})],
  refuses: [[{}, TRY_ISSUER]],
});

test('IBM Security Verify wants aud to be its issuer', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({})],
  refuses: [[{}, TRY_ISSUER]],
});

test('a FAPI 2.0 server wants aud to be its issuer, as text and not as a list', plays, {
  judge: issuerAlone,
  accepts: [withIssuer({ server: 'fapi2', audience: undefined })],
  refuses: [[{ server: 'fapi2', audience: 'token_endpoint' }, TRY_ISSUER]],
});

test('Hydra refuses its issuer as aud', plays, {
  judge: tokenUrl,
  accepts: [{}],
  refuses: [[withIssuer({}), IS_SET]],
});

test('Curity refuses its issuer as aud', plays, {
  judge: tokenUrl,
  accepts: [{}],
  refuses: [[withIssuer({}), IS_SET]],
});

test('Okta refuses its issuer as aud', plays, {
  judge: tokenUrl,
  accepts: [{ server: 'okta' }],
  refuses: [[withIssuer({ server: 'okta' }), IS_SET]],
});

test('CMS DPC wants one fixed URL as aud, whatever it is called by', plays, {
  path: '/behind/a/gateway',
  judge: async (asked) => {
    const { claims } = await asked.assertion({}, () => json(401, { error: 'Invalid JWT' }));
    // A list of one would be taken as well.
    const audiences = [claims.aud].flat();
    asked.demand(
      audiences.length === 1 && audiences[0] === 'https://dpc.example.gov/api/v1/Token/auth',
      json(401, { error: 'Audience claim value is incorrect' }),
    );
  },
  accepts: [{ server: 'dpc', audience: 'https://dpc.example.gov/api/v1/Token/auth' }],
  refuses: [[{ server: 'dpc' }, /Audience claim value is incorrect; aud is the token endpoint/]],
});

test('the SMART launcher ignores whether aud says http or https', plays, {
  judge: ignoresScheme,
  accepts: [{}, { forceHttpInTokenRequestAudience: true }],
});

test('bulk-data-server ignores whether aud says http or https', plays, {
  judge: ignoresScheme,
  accepts: [{}, { forceHttpInTokenRequestAudience: true }],
  refuses: [[{ audience: 'https://elsewhere.example.org/token' }, /invalid_grant.*audience is set/]],
});

test('bulk-data-server crashes on a list in aud, and never gets one', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(!Array.isArray(claims.aud), {
      status: 500,
      body: 'TypeError: aud.replace is not a function',
    });
  },
  accepts: [{}, { audience: 'https://one.example.org' }, { forceHttpInTokenRequestAudience: true }],
});

test('Medplum compares aud with its token URL', plays, {
  path: '/oauth2/token',
  judge: wants(
    ({ tokenEndpoint }) => tokenEndpoint,
    json(400, { error: 'invalid_request', error_description: 'Invalid client assertion audience' }),
  ),
  accepts: [{}],
  refuses: [[withIssuer({}), /Invalid client assertion audience; audience is set/]],
});

test('PingOne takes its token URL, its issuer or the URL that was called', plays, {
  judge: wants(({ tokenEndpoint, origin, request }) => [tokenEndpoint, ISSUER, origin + request.url]),
  accepts: [{}, withIssuer({}), ({ tokenEndpoint }) => ({ tokenEndpoint: `${tokenEndpoint}?environment=1` })],
  refuses: [[{ audience: 'https://api.pingone.example' }, IS_SET]],
});

test('Smile CDR behind a proxy that ends TLS wants http: in aud, and the error names the option', plays, {
  judge: wants(({ tokenEndpoint }) => tokenEndpoint.replace('https:', 'http:')),
  metadata: ({ origin }) => ({ issuer: origin.replace('https:', 'http:') }),
  accepts: [{ forceHttpInTokenRequestAudience: true }],
  refuses: [
    [
      {},
      /invalid_client; the server's metadata says http: of itself.* try forceHttpInTokenRequestAudience: true; check/,
    ],
  ],
});

test(
  'a server behind a proxy that ends TLS, of which nothing is known, is among what the error names',
  plays,
  {
    judge: wants(({ tokenEndpoint }) => tokenEndpoint.replace('https:', 'http:')),
    accepts: [({ tokenEndpoint }) => ({ tokenEndpoint, forceHttpInTokenRequestAudience: true })],
    refuses: [[({ tokenEndpoint }) => ({ tokenEndpoint }), /ends TLS forceHttpInTokenRequestAudience: true/]],
  },
);

test('a server that builds its URL with two slashes, as FastMCP does, gets them in aud as well', plays, {
  path: '//token',
  judge: tokenUrl,
  accepts: [{}],
});

test('a document over https with a token URL in clear text gets nothing, and the error names both options', async (t) => {
  const vendor = await openVendor(t, {
    judge: () => {},
    metadata: () => ({ token_endpoint: 'http://fhir.example.org/token' }),
  });
  const error = await t.throwsAsync(vendor.client().getAuthorizationHeader(), { code: 'ERR_INSECURE_URL' });
  t.regex(
    error.message,
    /nothing was sent;.*set tokenEndpoint to the https URL.*forceHttpInTokenRequestAudience/,
  );
});

async function ignoresScheme(asked) {
  const { claims } = await asked.assertion();
  const [aud, url] = [claims.aud, asked.tokenEndpoint].map((text) => text.replace(/^https?:/, ''));
  asked.demand(aud === url, json(400, { error: 'invalid_grant', error_description: "Invalid 'aud' claim" }));
}
