import test from 'ava';
import { json, text } from '../support/recording-server.mjs';
import { ES384, openVendor, plays } from '../support/vendor-server.mjs';
import { headerPairs } from '../support/wire.mjs';

// What else a request has to say, and how: header fields, parameters, ids, secrets (QK-9, QK-13 to QK-15; W 3).

const FORM = 'application/x-www-form-urlencoded';
const SECRET = { clientSecret: 'a-client-secret' };

/** As they were sent, once each. */
function sent({ request }, name) {
  const values = headerPairs(request.rawHeaders).filter(([other]) => other === name);
  return values.map(([, value]) => value).join('|');
}

test('BCDA SSAS compares Content-Type and Accept with the plain media types', plays, {
  path: '/auth/token',
  judge: async (asked) => {
    asked.demand(sent(asked, 'content-type') === FORM, text(400, 'missing Content-Type header'));
    asked.demand(sent(asked, 'accept') === 'application/json', text(400, 'missing Accept header'));
    await asked.assertion();
  },
  accepts: [{}],
});

test('BCDA reads HTTP Basic and no form', plays, {
  path: '/auth/token',
  judge: (asked) => {
    const [id, secret] = asked.basic();
    asked.demand(id && secret === SECRET.clientSecret, { status: 401 });
    asked.demand(!asked.form.has('scope') && !asked.form.has('client_id'), { status: 400 });
  },
  accepts: [{ server: 'bcda', scope: null, ...SECRET }],
  refuses: [
    [{ server: 'bcda', scope: null, clientSecret: 'old' }, /HTTP 401.*check clientId and clientSecret/],
  ],
});

test('AB2D goes by the HTTP Basic of Okta, the scope clientCreds and Accept JSON', plays, {
  judge: (asked) => {
    const [, secret] = asked.basic();
    asked.demand(secret === SECRET.clientSecret && sent(asked, 'accept') === 'application/json');
    asked.demand(asked.form.get('scope') === 'clientCreds', json(400, { error: 'invalid_scope' }));
  },
  accepts: [{ server: 'okta', scope: 'clientCreds', ...SECRET }],
  refuses: [
    [{ server: 'okta', ...SECRET }, /invalid_scope; check scope against what the client is registered for/],
  ],
});

test('servers on Rack or Express read no parameters without the content type of forms', plays, {
  judge: (asked) => {
    const read = asked.headers['content-type']?.startsWith(FORM) ? asked.form : new URLSearchParams();
    asked.demand(read.get('grant_type') === 'client_credentials', json(400, { error: 'invalid_request' }));
  },
  accepts: [{}, SECRET],
});

test('Auth0 wants the parameter audience, which names the API', plays, {
  judge: async (asked) => {
    await asked.assertion();
    const denied = json(403, {
      error: 'access_denied',
      error_description: 'No audience parameter was provided',
    });
    asked.demand(asked.form.get('audience') === 'https://api.example.org', denied);
  },
  accepts: [
    ({ tokenEndpoint }) => ({
      ...ofAuth0(tokenEndpoint),
      additionalParameters: { audience: 'https://api.example.org' },
    }),
  ],
  refuses: [[({ tokenEndpoint }) => ofAuth0(tokenEndpoint), /access_denied.*the server knows the client/]],
});

const ofAuth0 = (tokenEndpoint) => ({
  server: 'auth0',
  tokenEndpoint,
  issuer: 'https://tenant.auth0.example/',
});

test('AdvancedMD wants username, password and officekey beside an RS384 assertion with jku', plays, {
  judge: async (asked) => {
    const { header } = await asked.assertion({ algorithms: ['RS384'] });
    asked.demand(header.jku === 'https://client.example.org/jwks.json');
    const names = ['username', 'password', 'officekey'];
    const missing = json(400, { error: 'invalid_request', error_description: 'no office' });
    asked.demand(
      names.every((name) => asked.form.getAll(name).length === 1),
      missing,
    );
  },
  accepts: [
    {
      assertion: { jwksUrl: 'https://client.example.org/jwks.json' },
      additionalParameters: { username: 'API', password: 'p&w=%', officekey: '123456' },
    },
  ],
  refuses: [
    [{ assertion: { jwksUrl: 'https://client.example.org/jwks.json' } }, /invalid_request: no office/],
  ],
});

test('Microsoft Entra v1 and ADFS want the parameter resource', plays, {
  judge: (asked) => {
    const [, secret] = asked.basic();
    const noResource = json(400, { error: 'invalid_target', error_description: 'AADSTS500011' });
    asked.demand(secret && asked.form.get('resource') === 'https://fhir.example.org', noResource);
  },
  accepts: [{ ...SECRET, additionalParameters: [['resource', 'https://fhir.example.org']] }],
  refuses: [[SECRET, /invalid_target.*check the additional parameters that name the API/]],
});

test('Oracle IDCS may want grant_type in the query, which is kept, and repeated in the form', async (t) => {
  const vendor = await openVendor(t, {
    judge: async (asked) => {
      const { searchParams } = new URL(asked.origin + asked.request.url);
      asked.demand(searchParams.get('grant_type') === 'client_credentials');
      asked.demand(asked.form.get('grant_type') === 'client_credentials');
      const { claims } = await asked.assertion();
      asked.demand(claims.aud === asked.origin + asked.request.url);
    },
  });
  const tokenEndpoint = `${vendor.tokenEndpoint}?grant_type=client_credentials`;
  t.regex(await vendor.client({ tokenEndpoint }).getAuthorizationHeader(), /^Bearer /);
});

test('Smile CDR takes custom parameters, in order and more than once', plays, {
  judge: async (asked) => {
    await asked.assertion();
    const custom = [...asked.form].slice(-3).map((pair) => pair.join('='));
    asked.demand(custom.join() === 'x-tenant=a,x-reason=ä b,x-tenant=c');
  },
  accepts: [
    {
      additionalParameters: [
        ['x-tenant', 'a'],
        ['x-reason', 'ä b'],
        ['x-tenant', 'c'],
      ],
    },
  ],
});

const MACAROON = `MDAy${'+/aZ09'.repeat(200)}==`;

/** The id, wherever a request has one. */
const knows = (clientId) => async (asked) => {
  if (asked.headers.authorization === undefined && !asked.form.has('client_secret')) {
    const { claims } = await asked.assertion();
    asked.demand(claims.iss === clientId);
  } else if (asked.headers.authorization) {
    asked.demand(decodeURIComponent(asked.basic()[0]) === clientId);
  } else {
    asked.demand(asked.form.get('client_id') === clientId);
  }
};

const everyWay = (clientId) => [
  { clientId },
  { clientId, assertion: { includeClientId: true } },
  { clientId, ...SECRET },
  { clientId, ...SECRET, clientAuthMethod: 'client_secret_post' },
];

test('CMS DPC and SSAS have macaroons for client ids, long and with +, / and =', plays, {
  judge: knows(MACAROON),
  accepts: everyWay(MACAROON),
});

const JWT_AS_ID = `eyJhbGciOiJIUzI1NiJ9.${'eyJqd2tzX3VybCI6Imh0dHBzOi8vY'.repeat(20)}.c2ln`;
test('bulk-data-server has a JWT for a client id', plays, {
  judge: knows(JWT_AS_ID),
  accepts: everyWay(JWT_AS_ID),
});

test('UDAP servers have URIs for client ids', plays, {
  judge: knows('https://client.example.org/udap?a=b'),
  accepts: everyWay('https://client.example.org/udap?a=b'),
});

/** What percent-encoding changes. */
const AWKWARD = { clientId: 'my app', clientSecret: 's+cret/with=%41' };

/** Compares as it stands. */
const comparesRaw = (asked) => {
  const [id, secret] = asked.basic();
  asked.demand(id === AWKWARD.clientId && secret === AWKWARD.clientSecret);
};

const RAW = /check clientId and clientSecret \(has it expired\?\); some servers need basicEncoding: 'raw'/;

test('Inferno compares id and secret of HTTP Basic as they stand', plays, {
  judge: comparesRaw,
  accepts: [{ ...AWKWARD, basicEncoding: 'raw' }],
  refuses: [[AWKWARD, RAW]],
});

test('Medplum compares id and secret of HTTP Basic as they stand', plays, {
  judge: comparesRaw,
  accepts: [{ ...AWKWARD, basicEncoding: 'raw' }],
  refuses: [[AWKWARD, RAW]],
});

test("the OpenID Foundation's conformance suite decodes HTTP Basic, and wants one colon in it", plays, {
  judge: (asked) => {
    const parts = asked.basic().join(':').split(':');
    asked.demand(parts.length === 2);
    const [id, secret] = parts.map((part) => new URLSearchParams(`x=${part}`).get('x'));
    asked.demand(id === AWKWARD.clientId && secret === AWKWARD.clientSecret);
  },
  accepts: [AWKWARD],
  refuses: [[{ ...AWKWARD, basicEncoding: 'raw' }, /clientSecret/]],
});

test('BCDA changes a secret every 90 days: the error asks for that, and the new one works at once', async (t) => {
  let current = 'secret-of-this-quarter';
  const vendor = await openVendor(t, {
    judge: (asked) => asked.demand(asked.basic()[1] === current, { status: 401 }),
  });
  const settings = { server: 'bcda', scope: null, clientId: 'quarterly' };
  const client = vendor.client({ ...settings, clientSecret: current });
  t.regex(await client.getAuthorizationHeader(), /^Bearer /);
  current = 'secret-of-the-next';
  client.invalidate();
  const error = await t.throwsAsync(client.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.regex(error.message, /clientSecret \(has it expired\?\)/);
  t.regex(await vendor.client({ ...settings, clientSecret: current }).getAuthorizationHeader(), /^Bearer /);
});

test('a server that takes a secret in the form alone is met by client_secret_post', plays, {
  judge: (asked) => asked.demand(asked.form.get('client_secret') === SECRET.clientSecret),
  accepts: [{ ...SECRET, clientAuthMethod: 'client_secret_post' }],
  refuses: [[SECRET, /clientAuthMethod: 'client_secret_post'/]],
});

test('a server that allows one way of authentication gets no second one along', plays, {
  judge: async (asked) => {
    await asked.assertion();
    asked.demand(!asked.form.has('client_id') && !asked.form.has('client_secret'));
  },
  accepts: [{}, { jwks: ES384 }],
});
