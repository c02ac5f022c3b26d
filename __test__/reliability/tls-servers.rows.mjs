export const TITLE = 'Servers that show the wrong certificate, or speak TLS wrongly';
export const KIND = 'input';

const TLS = 'ERR_TLS';
const NETWORK = 'ERR_NETWORK';
const TIMEOUT = 'ERR_TIMEOUT';

const shows = (name, leaf, words, more = {}) => ({
  name: `a certificate ${name}`,
  outcome: `${TLS}, and no request is sent`,
  code: TLS,
  words,
  leaf,
  ...more,
});

const OTHER_HOST = /another host name/;
const UNKNOWN_CA = /a CA that is not trusted here/;
const VALIDITY = /outside its validity/;
const UNUSABLE = /cannot be used|not trusted here/;

const CERTIFICATES = [
  shows('for another host', { dns: ['elsewhere.example.test'] }, OTHER_HOST),
  shows('for the name under another domain', { dns: ['localhost.example.test'] }, OTHER_HOST),
  shows('for every name', { dns: ['*'] }, OTHER_HOST),
  shows('for names under the name', { dns: ['*.localhost'] }, OTHER_HOST),
  shows('for an address alone', { dns: [], ips: ['127.0.0.1'] }, OTHER_HOST),
  shows('with the name in its subject alone', { dns: [], commonName: 'localhost' }, OTHER_HOST),
  shows('with a NUL behind the name', { dns: ['localhost\0.example.test'] }, OTHER_HOST),
  shows('with a line break in a name', { dns: ['a\r\nlevel=info msg=fine'] }, OTHER_HOST),
  shows('with a terminal sequence in a name', { dns: ['a\x1b[2Jb'] }, OTHER_HOST),
  shows(
    'for 500 other hosts',
    { dns: Array.from({ length: 500 }, (_, at) => `h${at}.example.test`) },
    OTHER_HOST,
  ),
  shows('that has ended', { hours: [-48, -1] }, VALIDITY),
  shows('that begins tomorrow', { hours: [24, 48] }, VALIDITY),
  shows('that ends before it begins', { hours: [1, -1] }, VALIDITY),
  shows('that it has signed itself', {}, UNUSABLE, { issuedBy: 'itself' }),
  shows('of an unknown CA', {}, UNKNOWN_CA, { issuedBy: 'stranger' }),
  shows('of an unknown CA with the name of a trusted one', {}, UNKNOWN_CA, { issuedBy: 'namesake' }),
  shows('of a server that plays CA', {}, UNUSABLE, { issuedBy: 'server' }),
  shows('for clients', { usages: 'client' }, UNUSABLE),
  shows('with an RSA key of 1024 bits', { algorithm: 'rsa1024' }, /certificate|handshake/i),
  shows('whose issuer signed with SHA-1', {}, /certificate|signed/, { issuedBy: 'sha1' }),
  shows('whose chain lacks its intermediate CA', {}, UNKNOWN_CA, { issuedBy: 'intermediate' }),
];

const speaks = (name, code, answer, more = {}) => ({
  name: `a server that ${name}`,
  outcome: `${code}, and no request is sent`,
  code,
  answer,
  ...more,
});

const record = (type, body, version = '0303') => {
  const bytes = Buffer.from(body, 'hex');
  const length = bytes.length.toString(16).padStart(4, '0');
  return Buffer.concat([Buffer.from(`${type}${version}${length}`, 'hex'), bytes]);
};
const alert = (level, description) => record('15', `${level}${description}`);
const sends = (bytes) => (socket) => socket.write(bytes);
const ends = (bytes) => (socket) => socket.end(bytes);
/** A ServerHello of TLS 1.2 with this version and cipher suite. */
const hello = (version, suite) => record('16', `02000026${version}${'5a'.repeat(32)}00${suite}00`);

const ALERTS = {
  'closes at once (close_notify)': ['01', '00', [TLS, NETWORK]],
  'says handshake_failure': ['02', '28', [TLS]],
  'says bad_certificate': ['02', '2a', [TLS]],
  'says certificate_expired': ['02', '2d', [TLS]],
  'says unknown_ca': ['02', '30', [TLS]],
  'says access_denied': ['02', '31', [TLS]],
  'says protocol_version': ['02', '46', [TLS]],
  'says internal_error': ['02', '50', [TLS]],
  'says inappropriate_fallback': ['02', '56', [TLS]],
  'says unrecognized_name': ['02', '70', [TLS]],
  'says certificate_required': ['02', '74', [TLS]],
  'says no_application_protocol': ['02', '78', [TLS]],
  'says an alert that there is not': ['02', 'ff', [TLS]],
};

const SPEECH = [
  ...Object.entries(ALERTS).map(([name, [level, description, codes]]) =>
    speaks(name, codes.join(' or '), ends(alert(level, description)), { codes }),
  ),
  speaks(
    'answers in clear text',
    TLS,
    ends('HTTP/1.1 400 Bad Request\r\n\r\nYou are speaking TLS to a plain port'),
  ),
  speaks('sends bytes by chance', TLS, ends(Buffer.from('8f3a00ff1e7b5d8f3a00ff1e7b5d', 'hex'))),
  speaks('sends NULs without end', TLS, 'zeros'),
  speaks(
    'sends a record of 64 KiB',
    TLS,
    sends(Buffer.concat([Buffer.from('160303ffff', 'hex'), Buffer.alloc(0xffff)])),
  ),
  speaks('sends empty records without end', TLS, 'empty records'),
  speaks('sends warnings without end', TLS, 'warnings'),
  speaks('sends application data first', TLS, ends(record('17', '00'.repeat(40)))),
  speaks('sends ChangeCipherSpec first', `${TLS} or ${TIMEOUT}`, sends(record('14', '01')), {
    codes: [TLS, TIMEOUT],
  }),
  speaks('sends the hello back', TLS, 'echo'),
  speaks('chooses TLS 1.1', TLS, ends(hello('0302', 'c02b'))),
  speaks('chooses SSL 3', TLS, ends(hello('0300', 'c02b'))),
  speaks('chooses a version that there is not', TLS, ends(hello('03ff', 'c02b'))),
  speaks('chooses no encryption', TLS, ends(hello('0303', '0000'))),
  speaks('chooses RC4', TLS, ends(hello('0303', '0005'))),
  speaks('announces a handshake message of 16 MiB', `${TLS} or ${TIMEOUT}`, sends(record('16', '02ffffff')), {
    codes: [TLS, TIMEOUT],
  }),
  speaks('says nothing', TIMEOUT, () => {}),
  speaks('sends half a record', TIMEOUT, sends(Buffer.from('1603030100', 'hex'))),
  speaks('sends a byte now and then', TIMEOUT, 'drip'),
  speaks('ends', NETWORK, ends('')),
  speaks('ends within a record', NETWORK, ends(Buffer.from('16030301', 'hex'))),
  speaks('resets', NETWORK, (socket) => socket.resetAndDestroy()),
  ...['TLSv1', 'TLSv1.1'].map((version) => ({
    name: `a server that speaks ${version} alone`,
    outcome: `${TLS}, and no request is sent`,
    code: TLS,
    words: /TLS 1\.2/,
    leaf: {},
    version,
  })),
];

/** RFC 5280 §6.1.1: of a trust anchor, name and key count. */
const TAKEN = [
  {
    name: 'a certificate of a CA in http.ca that has ended itself',
    outcome: 'it is trusted, as the user says',
    leaf: {},
    issuedBy: 'ended',
  },
];

export const ROWS = [...CERTIFICATES, ...SPEECH, ...TAKEN];
