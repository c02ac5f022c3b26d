/** Header fields by which a server can point elsewhere. */
export const POINTERS = (elsewhere) => ({
  location: elsewhere('/location'),
  'content-location': elsewhere('/content-location'),
  refresh: `0; url=${elsewhere('/refresh')}`,
  link: `<${elsewhere('/link')}>; rel="preconnect", <${elsewhere('/next')}>; rel="next"`,
  'alt-svc': `h2="localhost:${new URL(elsewhere()).port}"; ma=3600, h3=":${new URL(elsewhere()).port}"`,
  'www-authenticate': `Bearer resource_metadata="${elsewhere('/metadata')}", error_uri="${elsewhere('/e')}"`,
  'report-to': JSON.stringify({ group: 'g', max_age: 60, endpoints: [{ url: elsewhere('/report') }] }),
  nel: '{"report_to":"g","max_age":60}',
});

/** Members of documents and answers that name other servers. */
export const MEMBERS = (elsewhere) => ({
  jwks_uri: elsewhere('/jwks'),
  authorization_endpoint: elsewhere('/authorize'),
  registration_endpoint: elsewhere('/register'),
  introspection_endpoint: elsewhere('/introspect'),
  revocation_endpoint: elsewhere('/revoke'),
  management_endpoint: elsewhere('/manage'),
  userinfo_endpoint: elsewhere('/userinfo'),
  op_policy_uri: elsewhere('/policy'),
  error_uri: elsewhere('/error'),
  mtls_endpoint_aliases: { token_endpoint: elsewhere('/mtls') },
  associated_endpoints: [{ url: elsewhere('/associated'), capabilities: [] }],
  token_endpoints: [elsewhere('/tokens')],
  issuer: elsewhere('/issuer'),
});
