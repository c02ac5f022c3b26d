import test from 'ava';
import { json } from '../support/recording-server.mjs';
import { openVendor } from '../support/vendor-server.mjs';
import { collectWarnings } from '../support/warnings.mjs';

// Documents that say too little, too much, or the wrong thing (QK-1, QK-17).

const SCOPE = 'system/Patient.read system/Observation.read';

/**
 * A token is had in spite of what the document says; the warnings are these, and with `discovery.strict` an error
 * tells them instead.
 */
async function isNoReasonToStop(t, { metadata, settings = {}, warned = [] }) {
  const vendor = await openVendor(t, {
    metadata,
    judge: async (asked) => {
      const { header } = await asked.assertion();
      asked.demand(header.alg === 'RS384' && asked.form.get('scope') === SCOPE);
    },
  });
  const clientId = vendor.origin;
  const warnings = collectWarnings(t, clientId);
  const own = { clientId, scope: SCOPE, ...settings };
  t.regex(await vendor.client(own).getAuthorizationHeader(), /^Bearer /);
  t.deepEqual(warnings.map(({ code }) => code).sort(), warned);
  const strict = vendor.client({ ...own, discovery: { strict: true } }).getAuthorizationHeader();
  if (warned.length === 0) await t.notThrowsAsync(strict);
  else await t.throwsAsync(strict, { code: 'ERR_DISCOVERY', message: /discovery\.strict refuses that/ });
}

const CAPABLE = { capabilities: ['client-confidential-asymmetric', 'permission-v2'] };

test(
  'Veradigm misnames token_endpoint_auth_methods, and leaves private_key_jwt out of it',
  isNoReasonToStop,
  {
    metadata: () => ({
      ...CAPABLE,
      token_endpoint_auth_methods: ['client_secret_basic', 'client_secret_post'],
    }),
    warned: ['AUTH_METHOD_NOT_LISTED'],
  },
);

test('athenahealth misnames token_endpoint_auth_methods, which is read all the same', isNoReasonToStop, {
  metadata: () => ({ ...CAPABLE, token_endpoint_auth_methods: ['client_secret_basic', 'private_key_jwt'] }),
});

test('Epic lists no algorithms for signatures and no system scopes', isNoReasonToStop, {
  settings: { server: 'epic' },
  metadata: () => ({
    ...CAPABLE,
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
    scopes_supported: ['launch', 'openid', 'patient/Patient.read'],
  }),
});

test('NextGen Enterprise lists no authentication methods and no system scopes', isNoReasonToStop, {
  metadata: () => ({ ...CAPABLE, scopes_supported: ['launch/patient', 'patient/*.read'] }),
});

test('bulk-data-server lists neither grant types nor an issuer', isNoReasonToStop, {
  metadata: () => ({
    token_endpoint_auth_methods_supported: ['private_key_jwt'],
    token_endpoint_auth_signing_alg_values_supported: ['RS384', 'ES384'],
    scopes_supported: ['system/*.rs'],
    registration_endpoint: 'https://bulk-data.example.org/auth/register',
  }),
});

test('a server may leave client-confidential-asymmetric out of its capabilities', isNoReasonToStop, {
  metadata: () => ({ capabilities: ['launch-ehr', 'client-public'] }),
  warned: ['CAPABILITY_NOT_LISTED'],
});

test('a server may leave client_credentials out of its grant types', isNoReasonToStop, {
  metadata: () => ({ ...CAPABLE, grant_types_supported: ['authorization_code'] }),
  warned: ['GRANT_TYPE_NOT_LISTED'],
});

test('a server of SMART App Launch 1 has endpoints and capabilities alone', isNoReasonToStop, {
  metadata: () => ({ ...CAPABLE, authorization_endpoint: 'https://h/authorize' }),
});

const namesIssuer = (issuer) => ({ metadata: () => ({ ...CAPABLE, issuer }) });
test(
  'Oracle Health names an issuer on another host',
  isNoReasonToStop,
  namesIssuer('https://fhir-ehr.example.com/t'),
);
test(
  'athenahealth names an issuer at Okta',
  isNoReasonToStop,
  namesIssuer('https://athena.okta.example/oauth2/x'),
);
test(
  'Veradigm names an issuer on another host',
  isNoReasonToStop,
  namesIssuer('https://open.veradigm.example/x'),
);
test(
  'NextGen names an issuer of its Keycloak',
  isNoReasonToStop,
  namesIssuer('https://keycloak.example/realms/n'),
);
test(
  'Inferno names its FHIR base as issuer',
  isNoReasonToStop,
  namesIssuer('https://inferno.example.org/r4'),
);

test('one and the same foreign issuer is no matter in a smart-configuration, and ends the use of RFC 8414 metadata', async (t) => {
  const vendor = await openVendor(t, {
    judge: () => {},
    metadata: () => ({ issuer: 'https://as.example.org' }),
  });
  t.regex(await vendor.client().getAuthorizationHeader(), /^Bearer /);
  const document = { issuer: 'https://as.example.org', token_endpoint: vendor.tokenEndpoint };
  vendor.on('GET /.well-known/oauth-authorization-server/t1', json(200, document));
  const sent = vendor.tokenRequests().length;
  const byIssuer = vendor.client({ fhirBaseUrl: undefined, issuer: vendor.url('/t1') });
  const error = await t.throwsAsync(byIssuer.getAuthorizationHeader(), { code: 'ERR_ISSUER_MISMATCH' });
  t.regex(error.message, /names the issuer 'https:\/\/as\.example\.org', not '/);
  t.is(vendor.tokenRequests().length, sent);
});

test('MEDITECH lists 581 scopes', isNoReasonToStop, {
  metadata: () => ({
    ...CAPABLE,
    scopes_supported: Array.from({ length: 581 }, (_, number) => `user/Resource${number}.read`),
  }),
});

test('Oracle Health has a token endpoint of its own for each FHIR base', async (t) => {
  const vendor = await openVendor(t, { judge: () => {} });
  for (const tenant of ['ec2458f2', 'b0a1c2d3']) {
    const token_endpoint = vendor.url(`/tenants/${tenant}/protocols/oauth2/token`);
    vendor.on(`GET /r4/${tenant}/.well-known/smart-configuration`, json(200, { token_endpoint }));
    vendor.on(`POST /tenants/${tenant}/protocols/oauth2/token`, json(200, token(tenant)));
  }
  const client = vendor.client({ server: 'oracle-health', fhirBaseUrl: undefined });
  for (const tenant of ['ec2458f2', 'b0a1c2d3']) {
    const header = await client.getAuthorizationHeader({ fhirBaseUrl: vendor.url(`/r4/${tenant}`) });
    t.is(header, `Bearer ${tenant}`);
  }
});

test('athenahealth lists bogus oauth-uris beside the real ones in its CapabilityStatement', async (t) => {
  const vendor = await openVendor(t, { judge: (asked) => asked.assertion().then(() => {}) });
  const uris = (prefix, uri) => ({
    url: `${prefix}fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris`,
    extension: [{ url: 'token', valueUri: uri }],
  });
  vendor.on('GET /fhir/.well-known/smart-configuration', { status: 404 });
  vendor.on(
    'GET /fhir/metadata',
    json(200, {
      resourceType: 'Conformance',
      rest: [
        {
          mode: 'server',
          security: {
            extension: [uris('http://DSTU2/', vendor.url('/bogus')), uris('http://', vendor.tokenEndpoint)],
          },
        },
      ],
    }),
  );
  t.regex(await vendor.client().getAuthorizationHeader(), /^Bearer /);
  t.deepEqual(
    vendor.tokenRequests().map(({ url }) => url),
    ['/token'],
  );
});

function token(access_token) {
  return { access_token, token_type: 'bearer', expires_in: 570 };
}
