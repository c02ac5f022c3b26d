export const TITLE = 'Discovery documents';
export const KIND = 'input';

const OAUTH_URIS = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';
const NOT_JSON = /not JSON|instead of JSON|no such document/;
const NO_ENDPOINT = /token_endpoint/;

/** No document that can be used. */
function refused(name, body, words, more = {}) {
  const code = 'ERR_DISCOVERY';
  return { name, outcome: `${code}, and nothing of it is shown`, code, words, body, ...more };
}

/** Good enough: the token endpoint counts. */
function taken(name, body, more = {}) {
  return { name, outcome: 'the token endpoint counts, and warnings are short', body, ...more };
}

const document = (members) => JSON.stringify({ token_endpoint: 'token', ...members });
/** The members as they stand, behind a token endpoint. */
const withText = (text) => `{"token_endpoint":"token",${text}}`;

const TYPES = {
  null: null,
  true: true,
  'a number': 443,
  'an array with a URL in it': ['token'],
  'an object with a URL in it': { url: 'token' },
  'empty text': '',
  spaces: '   ',
};

/** Members of which each has a type that it should not have. */
const MEMBERS = [
  'issuer',
  'jwks_uri',
  'authorization_endpoint',
  'token_endpoint_auth_methods_supported',
  'token_endpoint_auth_signing_alg_values_supported',
  'grant_types_supported',
  'capabilities',
  'scopes_supported',
  'mtls_endpoint_aliases',
];
const LISTS = MEMBERS.slice(3, 7);
const of = (names, value) => Object.fromEntries(names.map((name) => [name, value]));
const many = (count, make) => Array.from({ length: count }, (_, at) => make(at));
const TRICKS = ['\u202etpircs', '\u001b[2J', 'a\r\nb', '\u2028', '\0', '<script>', 'x'.repeat(10_000)];

const ISSUERS = {
  missing: undefined,
  null: null,
  'a number': 7,
  'an array': ['https://localhost/'],
  'an object': {},
  empty: '',
  'no URL': 'not a url',
  'javascript:': 'javascript:alert(1)',
  'file:': 'file:///etc/passwd',
  'a URL with a query': 'https://localhost/?a=b',
  'a URL with a fragment': 'https://localhost/#a',
  'a URL with a password': 'https://user:p4ssw0rd@localhost/',
  'a URL in clear text elsewhere': 'http://issuer.example.test/',
};

/** Metadata that an issuer publishes under its own name. */
const FOREIGN_ISSUERS = {
  'another one': 'https://evil.example.test/',
  'the same with a slash': (issuer) => `${issuer}/`,
  'the same in capitals': (issuer) => issuer.toUpperCase(),
  'the same with a change of direction': (issuer) => `${issuer}\u202e`,
  'the same with a zero-width space': (issuer) => `${issuer}\u200b`,
  'the same with a line break': (issuer) => `${issuer}\r\n`,
  'the same with a fragment': (issuer) => `${issuer}#`,
  'one of a megabyte': 'x'.repeat(900_000),
  'an array with it': (issuer) => [issuer],
  missing: undefined,
};

const nested = (levels) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const token = (value) => ({ url: 'token', ...value });
const statement = (extension, more = {}) =>
  JSON.stringify({
    resourceType: 'CapabilityStatement',
    rest: [{ mode: 'server', security: { extension } }],
    ...more,
  });
const oauthUris = (...extension) => [{ url: OAUTH_URIS, extension }];
const good = oauthUris(token({ valueUri: 'token' }));

const STATEMENTS = [
  refused(
    'a statement whose token URI is an object',
    statement(oauthUris(token({ valueUri: { value: 'token' } }))),
    /no token endpoint/,
  ),
  refused(
    'a statement whose token URI is a number',
    statement(oauthUris(token({ valueUri: 7 }))),
    /no token endpoint/,
  ),
  refused(
    'a statement whose token URI is javascript:',
    statement(oauthUris(token({ valueUri: 'javascript:alert(1)' }))),
    NO_ENDPOINT,
  ),
  refused(
    'a statement whose token URI has a password',
    statement(oauthUris(token({ valueUri: 'https://u:p4ssw0rd@localhost/' }))),
    NO_ENDPOINT,
  ),
  refused(
    'a statement whose extension has a number for a URL',
    statement([{ ...good[0], url: 7 }]),
    /no token endpoint/,
  ),
  refused(
    'a statement whose extension has a URL that looks the same',
    statement([{ ...good[0], url: OAUTH_URIS.replace('a', '\u0430') }]),
    /no token endpoint/,
  ),
  refused(
    'a statement with a thousand extensions in one another',
    statement(many(1000, () => 0).reduce((inner) => [{ url: 'x', extension: inner }], good)),
    /not JSON/,
  ),
  refused(
    'a statement of another mode',
    JSON.stringify({
      resourceType: 'CapabilityStatement',
      rest: [{ mode: ['client'], security: 7 }, 7, null, []],
    }),
    /no token endpoint/,
  ),
  refused(
    'a resource with a name to deceive',
    JSON.stringify({ resourceType: '<script>\u202e\r\n', rest: [] }),
    /expected a CapabilityStatement, got script;/,
  ),
  refused(
    'a resource with a name of a megabyte',
    JSON.stringify({ resourceType: 'x'.repeat(900_000) }),
    /got x{40};/,
  ),
  taken(
    'a statement with 10,000 extensions before the right one',
    statement([...many(10_000, (at) => ({ url: `x${at}` })), ...good]),
  ),
  taken(
    'a statement with 1,000 rest entries',
    statement(good, { rest: [...many(1000, () => ({ mode: 'client' })), { security: { extension: good } }] }),
  ),
  taken(
    'a statement with a second token URI elsewhere',
    statement([...good, ...oauthUris(token({ valueUri: 'https://evil.example.test/' }))]),
  ),
].map((row) => ({ ...row, isStatement: true }));

export const ROWS = [
  ...Object.entries(TYPES).map(([kind, value]) =>
    refused(`a token_endpoint that is ${kind}`, JSON.stringify({ token_endpoint: value }), NO_ENDPOINT),
  ),
  refused(
    'a token_endpoint of a megabyte that is no URL',
    JSON.stringify({ token_endpoint: `urn:${'x'.repeat(1_000_000)}` }),
    NO_ENDPOINT,
  ),
  refused('a token_endpoint with half a surrogate pair', '{"token_endpoint":"token\\ud800"}', NOT_JSON),
  refused(
    'a token_endpoint with a no-break space',
    JSON.stringify({ token_endpoint: 'to\u00a0ken' }),
    NO_ENDPOINT,
  ),
  refused(
    'a token_endpoint in a nested object',
    JSON.stringify({ metadata: { token_endpoint: 'token' } }),
    NO_ENDPOINT,
  ),
  refused('a token_endpoint of a prototype', '{"__proto__":{"token_endpoint":"token"}}', NO_ENDPOINT),
  taken(
    'two token_endpoints, of which the last one counts',
    '{"token_endpoint":"https://evil.example.test/","token_endpoint":"token"}',
  ),
  taken(
    'a __proto__ and a constructor',
    withText('"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}'),
  ),
  ...Object.entries(TYPES)
    .slice(0, 5)
    .map(([kind, value]) => taken(`every other member ${kind}`, document(of(MEMBERS, value)))),
  taken('lists of lists, numbers and null', document(of(LISTS, [[['a']], 7, null, {}]))),
  taken(
    'lists of 20,000 names',
    document(
      of(
        LISTS,
        many(20_000, (at) => `n${at}`),
      ),
    ),
  ),
  taken('lists of names to deceive', document(of(LISTS, TRICKS))),
  taken(
    'lists with none as an algorithm',
    document({ token_endpoint_auth_signing_alg_values_supported: ['none', 'HS256'] }),
  ),
  taken('10,000 members', document(Object.fromEntries(many(10_000, (at) => [`m${at}`, at])))),
  taken('members nested in 100 levels', withText(`"x":${nested(100)}`)),
  refused('members nested in 100,000 levels', withText(`"x":${nested(100_000)}`), NOT_JSON),
  refused('100,000 brackets, never closed', '['.repeat(100_000), NOT_JSON),
  refused(
    'a document of more than a megabyte',
    document({ x: 'x'.repeat(1 << 20) }),
    /larger than 1048576 bytes/,
  ),
  refused('an array', '["token_endpoint"]', /not an object/),
  refused('text in quotes', '"https://localhost/token"', /not an object/),
  refused('nothing', '', NOT_JSON),
  refused('a web page', '<!doctype html><title>Login</title>', /HTML/),
  refused('XML', '<?xml version="1.0"?><Conformance/>', /HTML or XML/),
  refused('an XML bomb', '<!DOCTYPE a [<!ENTITY b "bb"><!ENTITY c "&b;&b;">]><a>&c;</a>', /HTML or XML/),
  refused('YAML', 'token_endpoint: token\n', NOT_JSON),
  refused('UTF-16', Buffer.from(`\ufeff${document()}`, 'utf16le'), NOT_JSON),
  refused('invalid UTF-8', Buffer.from('{"token_endpoint":"token","x":"\xe9"}', 'latin1'), NOT_JSON),
  refused('bytes by chance', Buffer.from('00ff8f3a1e7b5d', 'hex'), NOT_JSON),
  ...STATEMENTS,
  ...Object.entries(ISSUERS).map(([kind, issuer]) =>
    refused(`for audience 'issuer', an issuer that is ${kind}`, document({ issuer }), /issuer/, {
      audience: 'issuer',
    }),
  ),
  ...Object.entries(FOREIGN_ISSUERS).map(([kind, issuer]) => ({
    name: `metadata of an issuer that names ${kind}`,
    outcome: 'ERR_ISSUER_MISMATCH, and nothing is sent',
    code: 'ERR_ISSUER_MISMATCH',
    words: /names the issuer/,
    /** @param {string} asked */
    bodyFor: (asked) => document({ issuer: typeof issuer === 'function' ? issuer(asked) : issuer }),
  })),
];
