import { createHash, createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import test from 'ava';
import { makeSelfSignedCertificate } from '../support/client-certificates.mjs';
import { ecJwks, rsaJwks } from '../support/keys.mjs';
import { json, text } from '../support/recording-server.mjs';
import { ES256, ES384, keystoreOf, plays, RSA } from '../support/vendor-server.mjs';

// How a key is named, what it signs, and of what type the assertion says that it is (QK-3, QK-4, QK-18; W 2, 5).

const CHECK_KID = /the server has this key's public half under the same kid \(interceptor\.publicJwks\(\)\)/;
const JWKS_URL = 'https://client.example.org/jwks.json';
const renamed = ({ keys: [key] }, kid) => ({ keys: [{ ...key, kid }] });

/** Nothing but these algorithms. */
function signs(...algorithms) {
  return async (asked) => {
    await asked.assertion({ algorithms });
  };
}

/** As a server's metadata lists them. */
const lists =
  (...algorithms) =>
  () => ({ token_endpoint_auth_signing_alg_values_supported: algorithms });

const GIVEN_BY_DPC = randomUUID();
test('CMS DPC knows the key by the id that it gave it, a UUID', plays, {
  keys: renamed(RSA, GIVEN_BY_DPC),
  judge: async (asked) => {
    await asked.assertion({}, () => json(401, { error: 'Cannot find public key with id' }));
  },
  accepts: [{ server: 'dpc', scope: 'system/*.*', assertion: { keyId: GIVEN_BY_DPC } }],
  refuses: [
    [{ server: 'dpc', scope: 'system/*.*' }, /Cannot find public key with id; check clientId, and that/],
  ],
});

test('Auth0 knows the key by an id of its own', plays, {
  keys: renamed(RSA, 'auth0-key-id'),
  judge: async (asked) => {
    await asked.assertion();
  },
  accepts: [{ assertion: { keyId: 'auth0-key-id' } }],
  refuses: [[{}, CHECK_KID]],
});

test('Okta with several keys of a client wants a kid', plays, {
  judge: async (asked) => {
    const { header } = await asked.assertion();
    asked.demand(header.kid);
  },
  keys: { keys: [...RSA.keys, ...rsaJwks({ kid: 'the-key-before' }).keys] },
  accepts: [{ server: 'okta' }],
  refuses: [[{ server: 'okta', assertion: { keyId: null } }, CHECK_KID]],
});

/** As a client registers it with servers that go by certificates. */
async function certifiedKey() {
  const { pem } = await makeSelfSignedCertificate('client', { key: 'RSA' });
  const { publicKey, raw } = new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERTIFICATE')));
  const thumbprint = (hash) => createHash(hash).update(raw).digest('base64url');
  return { pem, publicKey, thumbprint };
}

test('Oracle IDCS finds the key by its kid or its certificate, and takes RS256', async (t) => {
  const { pem, publicKey, thumbprint } = await certifiedKey();
  const keystore = keystoreOf({ data: pem });
  await plays(t, {
    keys: publicKey,
    judge: async (asked) => {
      const { header } = await asked.assertion({ algorithms: ['RS256'] });
      asked.demand(header.kid === 'idcs-key' || header.x5t === thumbprint('sha1'));
    },
    accepts: [
      { keystore, assertion: { algorithm: 'RS256', keyId: 'idcs-key' } },
      { keystore, assertion: { algorithm: 'RS256', keyId: null, certificateHeaders: ['x5t'] } },
    ],
    refuses: [[{ keystore, assertion: { algorithm: 'RS256' } }, CHECK_KID]],
  });
});

/** Microsoft Entra, which finds a key by this name of its certificate, and by no `kid`. */
async function entra(t, { name, hash, algorithm, settings }) {
  const { pem, publicKey, thumbprint } = await certifiedKey();
  const keystore = keystoreOf({ data: pem });
  const reply = json(401, {
    error: 'invalid_client',
    error_description: 'AADSTS50027: JWT token is invalid',
  });
  const changed = (assertion) => ({
    ...settings,
    keystore,
    assertion: { ...settings.assertion, ...assertion },
  });
  await plays(t, {
    keys: publicKey,
    judge: async (asked) => {
      const { header, claims } = await asked.assertion({ algorithms: [algorithm] }, () => reply);
      asked.demand(header[name] === thumbprint(hash) && !('kid' in header), reply);
      asked.demand(asked.form.get('client_id') === claims.sub, reply);
    },
    accepts: [changed({})],
    refuses: [
      [changed({ keyId: 'a-kid' }), /AADSTS50027/],
      // RS384, which it does not know.
      [changed({ algorithm: 'RS384' }), /AADSTS50027/],
    ],
  });
}

test(
  'Microsoft Entra finds the key by the SHA-256 of its certificate, takes PS256, and knows no RS384',
  entra,
  {
    name: 'x5t#S256',
    hash: 'sha256',
    algorithm: 'PS256',
    settings: { server: 'entra' },
  },
);

test('Microsoft Entra of older days finds the key by the SHA-1 of its certificate, and takes RS256', entra, {
  name: 'x5t',
  hash: 'sha1',
  algorithm: 'RS256',
  settings: { server: 'entra', assertion: { algorithm: 'RS256', certificateHeaders: ['x5t'] } },
});

test('Epic with a static key pays no attention to the kid', plays, {
  keys: createPublicKey({ key: RSA.keys[0], format: 'jwk' }),
  judge: async (asked) => {
    await asked.assertion();
  },
  accepts: [{}, { keyId: 'anything' }, { keyId: null }].map((assertion) => ({ server: 'epic', assertion })),
});

test('Epic with a JWKS URL wants the kid of the key there', plays, {
  judge: async (asked) => {
    const { header } = await asked.assertion();
    asked.demand(header.kid === 'the-rsa-key');
  },
  accepts: [{ server: 'epic' }, { server: 'epic', assertion: { jwksUrl: JWKS_URL } }],
  refuses: [[{ server: 'epic', assertion: { keyId: 'anything' } }, CHECK_KID]],
});

test('BCDA SSAS wants a kid', plays, {
  judge: async (asked) => {
    const { header } = await asked.assertion();
    asked.demand(header.kid, text(400, 'missing public key id (kid) in jwt header'));
  },
  accepts: [{}],
  refuses: [[{ assertion: { keyId: null } }, /missing public key id.*check clientId, and that/]],
});

test('BCDA SSAS takes RSA keys alone', plays, {
  judge: signs('RS256', 'RS384', 'RS512'),
  accepts: [{}],
  refuses: [[{ jwks: ES384 }, CHECK_KID]],
});

const RS256_KEY = renamed({ keys: RSA.keys.map((key) => ({ ...key, alg: 'RS256' })) }, 'the-rsa-key');
const SAYS_RS256 = /the key says RS256 \(its alg\), while the server lists RS384/;

test('athenahealth takes RS384 alone, and a key of mkjwk that says RS256 is told as the reason', plays, {
  judge: signs('RS384'),
  metadata: lists('RS384'),
  accepts: [{}, { jwks: RS256_KEY, assertion: { algorithm: 'RS384' } }],
  refuses: [[{ jwks: RS256_KEY }, SAYS_RS256]],
});

test('eClinicalWorks takes RS384 alone', plays, {
  judge: signs('RS384'),
  accepts: [{}],
  refuses: [[{ assertion: { algorithm: 'RS512' } }, CHECK_KID]],
});

test('Aidbox takes RS384 alone', plays, {
  judge: signs('RS384'),
  accepts: [{}],
  refuses: [[{ jwks: ES384 }, CHECK_KID]],
});

test('Epic takes RS256, RS384 and RS512 always', plays, {
  judge: signs('RS256', 'RS384', 'RS512'),
  accepts: ['RS256', 'RS384', 'RS512'].map((algorithm) => ({ server: 'epic', assertion: { algorithm } })),
});

test('Epic takes ES256 and ES384 from clients with a JWKS URL', plays, {
  judge: async (asked) => {
    const { header } = await asked.assertion();
    asked.demand(header.alg.startsWith('RS') || header.jku === JWKS_URL);
  },
  accepts: [ES256, ES384].map((jwks) => ({ server: 'epic', jwks, assertion: { jwksUrl: JWKS_URL } })),
  refuses: [[{ server: 'epic', jwks: ES384 }, CHECK_KID]],
});

test('MEDITECH takes RS256, RS384 and RS512', plays, {
  judge: signs('RS256', 'RS384', 'RS512'),
  metadata: lists('RS256', 'RS384', 'RS512'),
  accepts: [{}, { jwks: RS256_KEY }, { assertion: { algorithm: 'RS512' } }],
  refuses: [[{ jwks: ES384 }, /the key says ES384 .* lists RS256, RS384, RS512/]],
});

test('Oracle Health takes RS384 and ES384', plays, {
  judge: signs('RS384', 'ES384'),
  metadata: lists('RS384', 'ES384'),
  accepts: [{ server: 'oracle-health' }, { server: 'oracle-health', jwks: ES384 }],
  refuses: [[{ server: 'oracle-health', jwks: RS256_KEY }, SAYS_RS256]],
});

test('a UDAP server takes RS256, which its list makes a key sign that says nothing', plays, {
  judge: signs('RS256'),
  metadata: lists('RS256'),
  accepts: [{}],
  refuses: [
    [{ assertion: { algorithm: 'RS384' } }, /assertion.algorithm is RS384, while the server lists RS256/],
  ],
});

test('a SMART server takes RS384 and ES384, which keys sign by themselves', plays, {
  judge: signs('RS384', 'ES384'),
  accepts: [{}, { jwks: ES384 }],
  refuses: [[{ server: 'fapi2', audience: 'token_endpoint', assertion: { typ: 'JWT' } }, CHECK_KID]],
});

test('a FAPI 2.0 server takes PS256 and ES256, which its preset signs', plays, {
  judge: signs('PS256', 'ES256'),
  accepts: [RSA, ES256].map((jwks) => ({ server: 'fapi2', audience: 'token_endpoint', jwks })),
  refuses: [[{}, CHECK_KID]],
});

test('a new key that the server has not fetched yet is told with how long that takes', plays, {
  judge: async (asked) => {
    await asked.assertion();
  },
  accepts: [{}],
  refuses: [[{ jwks: ecJwks() }, /servers keep key sets, and take minutes to two days to see a new key/]],
});

/** `typ` is what the header says, where it says one. */
const typed =
  (expected, allowed = []) =>
  async (asked) => {
    const { header } = await asked.assertion();
    asked.demand([expected, ...allowed].includes(header.typ));
  };

test('Epic takes JWT as typ, or none', plays, {
  judge: typed('JWT', [undefined]),
  accepts: [{ server: 'epic' }, { server: 'epic', assertion: { typ: null } }],
  refuses: [[{ server: 'epic', assertion: { typ: 'client-authentication+jwt' } }, CHECK_KID]],
});

test('the SMART launcher wants JWT as typ', plays, {
  judge: typed('JWT'),
  accepts: [{}],
  refuses: [[{ assertion: { typ: null } }, CHECK_KID]],
});

test('PingFederate 13.1 wants client-authentication+jwt as typ', plays, {
  judge: typed('client-authentication+jwt'),
  accepts: [{ assertion: { typ: 'client-authentication+jwt' } }],
  refuses: [[{}, CHECK_KID]],
});
