import test from 'ava';
import { json, text } from '../support/recording-server.mjs';
import { INVALID_CLIENT, openVendor, plays } from '../support/vendor-server.mjs';
import { decodeAssertion, formValue } from '../support/wire.mjs';

// When an assertion was made and how long it is good (QK-7, QK-8; W 4); strict checks, with no tolerance at all.

const now = () => Date.now() / 1000;

test('Epic wants an end within 5 minutes of receipt, and no iat or nbf in the future', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion({ clockTolerance: 0 });
    const { exp, iat = 0, nbf = 0 } = claims;
    asked.demand(exp > now() && exp <= now() + 300 && iat <= now() && nbf <= now());
  },
  accepts: [
    { server: 'epic' },
    { server: 'epic', assertion: { lifetimeSeconds: 300 } },
    { server: 'epic', assertion: { notBefore: true } },
  ],
});

test('Epic wants no more than 300 s from iat and from nbf to the end', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    const { exp, iat, nbf = iat } = claims;
    asked.demand(exp - iat <= 300 && exp - nbf <= 300);
  },
  accepts: [30, 240, 300].map((lifetimeSeconds) => ({
    server: 'epic',
    assertion: { lifetimeSeconds, notBefore: true },
  })),
});

test('CMS DPC answers 401 where the end is more than 5 minutes off', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(claims.exp <= now() + 300, json(401, { error: 'Token expiration is too long' }));
  },
  accepts: [{ server: 'dpc' }, { server: 'dpc', assertion: { lifetimeSeconds: 300 } }],
});

test('BCDA SSAS crashes on an assertion without iat', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(
      'iat' in claims,
      text(500, 'runtime error: invalid memory address or nil pointer dereference'),
    );
    asked.demand(claims.exp - claims.iat <= 300);
  },
  accepts: [{}, { assertion: { lifetimeSeconds: 300 } }],
  refuses: [[{ assertion: { issuedAt: false } }, /HTTP 500.*nil pointer dereference; the server failed/]],
});

test('Keycloak refuses an assertion without iat whose end is far off', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    const farOff = json(400, {
      error: 'invalid_client',
      error_description: 'Token expiration is too far in the future',
    });
    asked.demand('iat' in claims || claims.exp <= now() + 60, farOff);
  },
  accepts: [
    { server: 'keycloak' },
    { server: 'keycloak', assertion: { issuedAt: false, lifetimeSeconds: 30 } },
  ],
  refuses: [
    [
      { server: 'keycloak', assertion: { issuedAt: false } },
      /too far in the future; check this machine's clock/,
    ],
  ],
});

test('Keycloak refuses what was issued in its future, and the error says how far off the clock is', async (t) => {
  // Its clock is 90 s behind this machine's.
  const behind = { date: new Date(Date.now() - 90_000).toUTCString() };
  const issuedInTheFuture = { error: 'invalid_client', error_description: 'Token was issued in the future' };
  await plays(t, {
    judge: async (asked) => {
      const { claims } = await asked.assertion({ currentDate: new Date(Date.now() - 90_000) });
      const { iat = 0, exp } = claims;
      asked.demand(iat <= now() - 90 && exp <= now() - 90 + 300, json(400, issuedInTheFuture, behind));
    },
    accepts: [{ server: 'keycloak', assertion: { issuedAt: false, lifetimeSeconds: 60 } }],
    refuses: [
      [
        { server: 'keycloak' },
        /issued in the future; this machine's clock is (89|9\d|1\d\d) s ahead of the server's: set it right \(until then .*issuedAt: false, lifetimeSeconds: 60/,
      ],
    ],
  });
});

test('a server whose clock is ahead finds the assertion expired, and the error says so', async (t) => {
  const ahead = { date: new Date(Date.now() + 600_000).toUTCString() };
  await plays(t, {
    judge: async (asked) => {
      const currentDate = new Date(Date.now() + 600_000);
      await asked.assertion({ currentDate }, () => json(401, { error: 'invalid_client' }, ahead));
    },
    refuses: [
      [{}, /this machine's clock is (5\d\d|600) s behind the server's: set it right; check clientId/],
    ],
  });
});

test('Okta takes up to an hour, and what the defaults say', plays, {
  judge: within(3600),
  accepts: [{ server: 'okta' }, { server: 'okta', assertion: { lifetimeSeconds: 300 } }],
});

test('PingOne takes up to an hour, and what the defaults say', plays, {
  judge: within(3600),
  accepts: [{}, { assertion: { lifetimeSeconds: 300 } }],
});

test('Auth0 takes up to 5 minutes, and what the defaults say', plays, {
  judge: within(300),
  accepts: [
    ({ tokenEndpoint }) => ({ server: 'auth0', tokenEndpoint, issuer: 'https://tenant.auth0.example/' }),
  ],
});

test('a UDAP server wants an iat that is not after receipt', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion({ requiredClaims: ['iat'] });
    asked.demand(claims.iat <= now() && claims.exp - claims.iat <= 300);
  },
  accepts: [{}],
  refuses: [[{ assertion: { issuedAt: false } }, /invalid_client/]],
});

test("the OpenID Foundation's conformance suite wants an iat", plays, {
  judge: async (asked) => {
    await asked.assertion({ requiredClaims: ['iat'], maxTokenAge: 300 });
  },
  accepts: [{}],
  refuses: [[{ assertion: { issuedAt: false } }, /invalid_client/]],
});

test("a server that knows the claims of the SMART guide's example alone gets those, without iat", plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(Object.keys(claims).sort().join() === 'aud,exp,iss,jti,sub');
  },
  accepts: [{ assertion: { issuedAt: false } }],
  refuses: [[{}, /invalid_client/]],
});

test('Epic wants a jti of text, of up to 151 characters', plays, {
  judge: async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(typeof claims.jti === 'string' && claims.jti.length > 0 && claims.jti.length <= 151);
  },
  accepts: [{ server: 'epic' }],
});

test('Epic refuses a jti that it has seen', refusesReplay, { server: 'epic' });
test('Keycloak refuses a jti that it has seen', refusesReplay, { server: 'keycloak' });
test('Inferno refuses a jti that it has seen', refusesReplay, {});
test("the OpenID Foundation's conformance suite refuses a jti that it has seen", refusesReplay, {});

test('a replay that this client has not made is told as such', plays, {
  judge: (asked) => {
    const seen = 'The jti has already been used';
    asked.demand(false, json(400, { error: 'invalid_client', error_description: seen }));
  },
  refuses: [
    [{}, /already been used; each attempt has a new jti: does a proxy .* send requests twice\?; check/],
  ],
});

/** The attempt after a failure, and the next token, each come with a `jti` of their own. */
async function refusesReplay(t, settings) {
  const seen = new Set();
  const vendor = await openVendor(t, {
    judge: async (asked) => {
      const { claims } = await asked.assertion();
      asked.demand(!seen.has(claims.jti));
      seen.add(claims.jti);
      asked.demand(seen.size > 1, text(503, 'busy'));
    },
  });
  const client = vendor.client({ ...settings, retry: { attempts: 2 } });
  await client.getAuthorizationHeader();
  client.invalidate();
  await client.getAuthorizationHeader();
  const sent = vendor.tokenRequests().map(({ body }) => formValue(body, 'client_assertion'));
  t.is(new Set(sent.map((assertion) => decodeAssertion(assertion).claims.jti)).size, 3);
}

function within(seconds) {
  return async (asked) => {
    const { claims } = await asked.assertion();
    asked.demand(claims.exp > now() && claims.exp <= now() + seconds, INVALID_CLIENT);
  };
}
