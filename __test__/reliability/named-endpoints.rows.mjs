export const TITLE = 'Token endpoints that a discovery document of a server out there names';
export const KIND = 'input';

const NOT_ALLOWED = 'ERR_ORIGIN_NOT_ALLOWED';
const MACHINE = 'an address of the machine that asks';
const LINK = 'a link-local address';
const SITE = 'a private address';

/** Hosts nearer than the server that names them, in every spelling, by the word for where they are. */
const NEARER = {
  [MACHINE]: [
    ['localhost', 'localhost'],
    ['a name under localhost', 'sub.localhost'],
    ['localhost with its dot', 'localhost.'],
    ['localhost in capitals', 'LOCALHOST'],
    ['localhost in full-width letters', 'ｌｏｃａｌｈｏｓｔ'],
    ['localhost, percent-encoded', '%6c%6f%63alhost'],
    ['127.0.0.1', '127.0.0.1'],
    ['127.0.0.1 as a number', '2130706433'],
    ['127.0.0.1 in hexadecimal digits', '0x7f000001'],
    ['127.0.0.1 in octal digits', '0177.0.0.01'],
    ['127.0.0.1 with parts left out', '127.1'],
    ['127.0.0.1 in circled digits', '①②⑦.⓪.⓪.①'],
    ['127.0.0.1 with ideographic full stops', '127。0。0。1'],
    ['another loopback address', '127.255.255.254'],
    ['0.0.0.0', '0.0.0.0'],
    ['0', '0'],
    ['[::1]', '[::1]'],
    ['[::1] in full', '[0000:0000:0000:0000:0000:0000:0000:0001]'],
    ['[::]', '[::]'],
    ['127.0.0.1 mapped into IPv6', '[::ffff:127.0.0.1]'],
    ['127.0.0.1 mapped into IPv6, in hexadecimal digits', '[::ffff:7f00:1]'],
    ['127.0.0.1 by NAT64', '[64:ff9b::7f00:1]'],
    ['127.0.0.1 by 6to4', '[2002:7f00:1::]'],
  ],
  [LINK]: [
    ["the address of a cloud's credentials", '169.254.169.254'],
    ["the address of a cloud's credentials as a number", '2852039166'],
    ["the address of a cloud's credentials mapped into IPv6", '[::ffff:a9fe:a9fe]'],
    ['a link-local address of IPv6', '[fe80::1]'],
  ],
  [SITE]: [
    ['10.1.2.3', '10.1.2.3'],
    ['10.1.2.3 in octal digits', '012.1.2.3'],
    ['172.16.0.1', '172.16.0.1'],
    ['192.168.0.1', '192.168.0.1'],
    ['an address shared by the customers of a carrier', '100.64.0.1'],
    ['an address of IPv6 for private use', '[fd00::7]'],
    ["the address of AWS's metadata by IPv6", '[fd00:ec2::254]'],
    ['10.1.2.3 mapped into IPv6', '[::ffff:10.1.2.3]'],
  ],
};

/** What is no address of a server at all. */
const NO_URL = [
  ['javascript:', 'javascript:fetch("https://evil.example.test")'],
  ['file:', 'file:///etc/passwd'],
  ['data:', 'data:application/json,{}'],
  ['blob:', 'blob:https://evil.example.test/1'],
  ['ftp:', 'ftp://evil.example.test/'],
  ['ws:', 'wss://evil.example.test/'],
  ['unix:', 'unix:/var/run/docker.sock'],
  ['urn:', 'urn:example:token'],
  ['a URL with a user name', 'https://user@evil.example.test/token'],
  ['a URL with a password', 'https://user:p4ssw0rd@evil.example.test/token'],
  ['a URL whose user name looks like a host', 'https://fhir.example.test@evil.example.test/token'],
  ['a URL with a fragment', 'https://evil.example.test/token#part'],
  ['a URL with backslashes', 'https:\\\\evil.example.test\\token'],
  ['a URL with a line break', 'https://evil.example.test/token\r\nX-Injected: 1'],
  ['a URL with a tab in its host', 'https://ev\til.example.test/token'],
  ['a URL with a NUL', 'https://evil.example.test/\0token'],
  ['a URL with spaces around it', ' https://evil.example.test/token '],
  ['a URL without a host', 'https:///'],
  ['a URL with a port over 65535', 'https://evil.example.test:65536/token'],
  ['a URL with a port that is no number', 'https://evil.example.test:x/token'],
  ['a URL with half an address of IPv6', 'https://[::1/token'],
  ['a URL with an address of five parts', 'https://1.2.3.4.5/token'],
  ['a URL with an address over 255', 'https://256.1.1.1/token'],
  ['a URL with a NUL in its host, percent-encoded', 'https://evil%00.example.test/token'],
  ['a URL with a zone', 'https://[fe80::1%25eth0]/token'],
];

const CLEAR = [
  ['clear text to somebody else', 'http://evil.example.test/token'],
  ['clear text to itself', 'http://fhir.example.test/token'],
  ['clear text to this machine', 'http://127.0.0.1:8080/token'],
  ['clear text in capitals', 'HTTP://evil.example.test/token'],
  ["clear text to a cloud's credentials", 'http://169.254.169.254/latest/meta-data/iam/'],
];

/** Where a name or an address is a public one, TLS decides. */
const TLS_DECIDES = [
  ['port 0', 'evil.example.test:0'],
  ['the port of SSH', 'evil.example.test:22'],
  ['the port of SMTP', 'evil.example.test:25'],
  ['a name that looks like the right one (Cyrillic)', 'fh\u0456r.example.test'],
  ['the right name under another domain', 'fhir.example.test.evil.example.test'],
].map(([name, host]) => ({
  name,
  outcome: 'ERR_TLS, and whoever is there sees a handshake and no request',
  code: 'ERR_TLS',
  isReached: true,
  endpoint: `https://${host}/token`,
}));

export const ROWS = [
  ...Object.entries(NEARER).flatMap(([place, hosts]) =>
    hosts.map(([name, host]) => ({
      name,
      outcome: `${NOT_ALLOWED}, and nothing is sent`,
      code: NOT_ALLOWED,
      words: place,
      endpoint: `https://${host}/token`,
    })),
  ),
  ...CLEAR.map(([name, endpoint]) => ({
    name,
    outcome: 'ERR_INSECURE_URL, and nothing is sent',
    code: 'ERR_INSECURE_URL',
    endpoint,
  })),
  ...NO_URL.map(([name, endpoint]) => ({
    name,
    outcome: 'ERR_DISCOVERY, and nothing is sent',
    code: 'ERR_DISCOVERY',
    endpoint,
  })),
  ...TLS_DECIDES,
  {
    name: 'a host name with a part that is too long for the DNS',
    outcome: 'ERR_NETWORK, and nothing is sent',
    code: 'ERR_NETWORK',
    endpoint: `https://${'a'.repeat(64)}.example.test/token`,
  },
];
