export const TITLE = 'Redirects';
export const KIND = 'input';

const STATUSES = [301, 302, 303, 307, 308];
const EVIL = 'https://evil.example.test';

/** Of a discovery document; `{origin}` is the server's own. */
const REFUSED = [
  ['to another server', `${EVIL}/`, /another server: not followed/],
  ['to another server, without its scheme', '//evil.example.test/', /another server: not followed/],
  ['to another server by backslashes', '/\\evil.example.test/', /another server: not followed/],
  ['to another port', 'http://127.0.0.1:9/', /another server: not followed/],
  ['to another name for the same machine', 'http://localhost:{port}/', /another server: not followed/],
  ['to another scheme', 'https://127.0.0.1:{port}/', /another server: not followed/],
  ["to a cloud's credentials", 'http://169.254.169.254/latest/', /another server: not followed/],
  [
    'to a user name that looks like the server',
    'http://127.0.0.1:{port}@evil.example.test/',
    /another server: not followed/,
  ],
  ['to file:', 'file:///etc/passwd', /another server: not followed/],
  ['to javascript:', 'javascript:alert(1)', /another server: not followed/],
  ['to data:', 'data:application/json,{"token_endpoint":"x"}', /another server: not followed/],
  ['to what is no URL', 'http://[', /without a usable Location/],
  ['to bytes beyond ASCII', '/\xe9\xff', /without a usable Location/],
  ['to nowhere', undefined, /without a usable Location/],
  ['to itself', '', /more than 3 redirects/],
  ['to a second place that leads back', '/loop', /more than 3 redirects/],
  ['along a path that grows', 'x/', /more than 3 redirects/],
  ['to 100 KB of path on another server', `${EVIL}/${'x'.repeat(100_000)}`, /another server: not followed/],
  ['to a secret of the URL on another server', `${EVIL}/?token=p4ssw0rd`, /another server: not followed/],
];

/** Of a token request: never followed. */
const OF_TOKENS = [
  ['to itself', '/token'],
  ['to another path of the same server', '/elsewhere'],
  ['to another server', `${EVIL}/collect`],
  ['to clear text', 'http://evil.example.test/collect'],
  ['to nowhere', undefined],
  ['to what is no URL', 'http://['],
  ['to javascript:', 'javascript:alert(1)'],
  ['to 100 KB of path', `${EVIL}/${'x'.repeat(100_000)}`],
  ['to a password', 'https://user:p4ssw0rd@evil.example.test/?p4ssw0rd#p4ssw0rd'],
];

export const ROWS = [
  ...REFUSED.map(([name, location, words], index) => ({
    name: `a discovery document that is moved ${name}`,
    outcome: 'ERR_DISCOVERY, and nobody else is asked',
    code: 'ERR_DISCOVERY',
    status: STATUSES[index % STATUSES.length],
    location,
    words,
  })),
  ...STATUSES.flatMap((status) => [
    {
      name: `a discovery document that is moved (${status}) on its server`,
      outcome: 'it is read there',
      status,
      location: '/moved',
    },
    {
      name: `a discovery document that is moved (${status}) to another server`,
      outcome: 'ERR_DISCOVERY, and nobody else is asked',
      code: 'ERR_DISCOVERY',
      status,
      location: `${EVIL}/x`,
      words: /another server: not followed/,
    },
    {
      name: `a token request that is redirected (${status})`,
      outcome: 'ERR_REDIRECT, and nobody else is asked',
      code: 'ERR_REDIRECT',
      isToken: true,
      status,
      location: '/elsewhere',
    },
  ]),
  ...[300, 304, 305, 306, 399].map((status) => ({
    name: `a discovery document under status ${status}`,
    outcome: 'ERR_DISCOVERY, and nobody else is asked',
    code: 'ERR_DISCOVERY',
    status,
    location: '/moved',
    words: new RegExp(`HTTP ${status}`),
  })),
  {
    name: 'a discovery document that is moved to a URL with a password on its server',
    outcome: 'it is read there, without the password',
    status: 302,
    location: 'http://user:p4ssw0rd@127.0.0.1:{port}/moved',
  },
  ...OF_TOKENS.map(([name, location], index) => ({
    name: `a token request that is redirected ${name}`,
    outcome: 'ERR_REDIRECT, and nobody else is asked',
    code: 'ERR_REDIRECT',
    isToken: true,
    status: STATUSES[index % STATUSES.length],
    location,
  })),
];
