import { pem } from './der.mjs';
import { CORRUPT, fixture, flipped, row, UNSUPPORTED, UNUSABLE, WITH_PASSPHRASE } from './hostile-rows.mjs';

const PLAIN = fixture('pkcs8-p256.pem').toString();
const ENCRYPTED = fixture('pkcs8-aes-256.pem').toString();
const TRADITIONAL = fixture('pkcs1-aes-256.pem').toString();
const BODY = PLAIN.split('\n').slice(1, -2).join('\n');
const DEK_INFO = /DEK-Info: .*/;

/** @type {import('./hostile-rows.mjs').HostileRow[]} */
export const HOSTILE_PEM = [
  row('nothing', '', CORRUPT),
  row('blanks', ' \r\n\t\n', CORRUPT),
  row('a byte order mark', '\uFEFF', CORRUPT),
  row('a byte order mark of UTF-16', Buffer.from([0xff, 0xfe]), CORRUPT),
  row(
    'UTF-16 that ends within a character',
    Buffer.from('\uFEFF-----BEGIN P', 'utf16le').subarray(0, -1),
    CORRUPT,
  ),
  row('UTF-16 with half a surrogate pair', Buffer.from([0xff, 0xfe, 0x00, 0xd8, 0x2d, 0x00]), CORRUPT),
  row('bytes of zero', Buffer.alloc(1000), CORRUPT),
  row('bytes of ones', Buffer.alloc(1000, 0xff), CORRUPT),
  row('a word', 'keystore', CORRUPT),
  row('a page of a web server', '<!DOCTYPE html><html><body>404 Not Found</body></html>', CORRUPT),
  row(
    'base64 of nothing known',
    Buffer.from('no keystore at all, but long enough').toString('base64'),
    CORRUPT,
  ),
  row('base64 that ends too soon', Buffer.from(PLAIN).toString('base64').slice(0, 120), CORRUPT),
  row('half a megabyte of one letter', 'A'.repeat(500_000), CORRUPT),
  row('text of more than a megabyte', `${PLAIN}${'\n'.repeat(2 ** 20)}`, UNSUPPORTED),
  row('a block that does not end', PLAIN.slice(0, 120), CORRUPT),
  row('a block that does not begin', PLAIN.slice(40), CORRUPT),
  row('a first line and no more', '-----BEGIN PRIVATE KEY-----\n', CORRUPT),
  row('a first line 20,000 times', '-----BEGIN PRIVATE KEY-----\n'.repeat(20_000), UNSUPPORTED),
  row('hyphens', '-'.repeat(500_000), CORRUPT),
  row('a block within the base64 of a block', pem('PRIVATE KEY', Buffer.from(PLAIN)), CORRUPT),
  row('an empty block', pem('PRIVATE KEY', Buffer.alloc(0)), CORRUPT),
  row('a block of blanks', PLAIN.replace(BODY, ' \n \n'), CORRUPT),
  row('a block that is no base64', PLAIN.replace(BODY, '!!!! ???? !!!!'), CORRUPT),
  row('a block with a NUL in it', PLAIN.replace(BODY, `${BODY.slice(0, 20)}\0${BODY.slice(20)}`), CORRUPT),
  row('a block with base64 cut short', PLAIN.replace(BODY, BODY.slice(0, 61)), CORRUPT),
  row(
    'a certificate that calls itself a key',
    pem('PRIVATE KEY', fixture('certificate.der')),
    CORRUPT,
    UNUSABLE,
  ),
  row(
    'a key that calls itself a certificate',
    PLAIN.replaceAll('PRIVATE KEY', 'CERTIFICATE'),
    UNUSABLE,
    CORRUPT,
  ),
  row(
    '80,000 headers of one word',
    `-----BEGIN X-----${'DEK-Info:a '.repeat(80_000)}-----END X-----`,
    CORRUPT,
    UNUSABLE,
  ),
  row('10,000 empty certificates', pem('CERTIFICATE', Buffer.alloc(0)).repeat(10_000), UNSUPPORTED),
  row(
    '10,000 blocks of a kind that nobody knows',
    pem('SOMETHING', Buffer.from('x')).repeat(10_000),
    UNUSABLE,
    UNSUPPORTED,
    CORRUPT,
  ),
  row(
    'a label of half a megabyte',
    PLAIN.replaceAll('PRIVATE KEY', 'K. '.repeat(160_000)),
    UNUSABLE,
    UNSUPPORTED,
    CORRUPT,
  ),
  row('an encrypted block cut short', ENCRYPTED.slice(0, 300), CORRUPT),
  row('an encrypted block without its second half', shortened(ENCRYPTED), CORRUPT, WITH_PASSPHRASE),
  ...headers(),
  ...flips(),
];

function headers() {
  const dekInfo = (value) => TRADITIONAL.replace(DEK_INFO, value);
  const iv = '0123456789ABCDEF0123456789ABCDEF';
  return [
    row('Proc-Type with a cipher that nobody knows', dekInfo(`DEK-Info: ROT-13-CBC,${iv}`), UNSUPPORTED),
    row(
      'Proc-Type with a cipher in a mode that nobody uses',
      dekInfo(`DEK-Info: AES-256-CTR,${iv}`),
      UNSUPPORTED,
    ),
    row('Proc-Type with a cipher without a name', dekInfo(`DEK-Info: ,${iv}`), UNSUPPORTED, CORRUPT),
    row('Proc-Type with no cipher', dekInfo('X-Info: none'), CORRUPT, UNSUPPORTED),
    row('Proc-Type with an IV that is missing', dekInfo('DEK-Info: AES-256-CBC'), CORRUPT),
    row('Proc-Type with an IV that is too short', dekInfo('DEK-Info: AES-256-CBC,0123'), CORRUPT),
    row('Proc-Type with an IV that is too long', dekInfo(`DEK-Info: AES-256-CBC,${iv}${iv}`), CORRUPT),
    row(
      'Proc-Type with an IV that is no number',
      dekInfo(`DEK-Info: AES-256-CBC,${'zz'.repeat(16)}`),
      CORRUPT,
    ),
    row(
      'Proc-Type with an IV of half a megabyte',
      dekInfo(`DEK-Info: AES-256-CBC,${'00'.repeat(250_000)}`),
      CORRUPT,
    ),
    row(
      'Proc-Type with an IV of two-byte letters',
      dekInfo(`DEK-Info: AES-256-CBC,${'é'.repeat(16)}`),
      CORRUPT,
    ),
    row('Proc-Type with ciphertext that is no whole block', shortened(TRADITIONAL), CORRUPT, WITH_PASSPHRASE),
  ];
}

/** What was encrypted and then damaged cannot be told from a wrong passphrase. */
function flips() {
  const plain = ['pkcs8-rsa2048.pem', 'pkcs1.pem'];
  const encrypted = ['pkcs8-aes-256.pem', 'pkcs8-sha-512.pem', 'pkcs8-sha1-3des.pem'];
  const damaged = (file) => {
    const text = fixture(file).toString();
    const [, label, base64] = /-----BEGIN (.*?)-----\n(.*?)-----END/s.exec(text);
    return pem(label, flipped(Buffer.from(base64, 'base64'), -40));
  };
  return [
    ...plain.map((file) => row(`${file} with a flipped byte`, damaged(file), CORRUPT)),
    ...encrypted.map((file) => row(`${file} with a flipped byte`, damaged(file), CORRUPT, WITH_PASSPHRASE)),
  ];
}

function shortened(text) {
  const lines = text.split('\n');
  return [...lines.slice(0, -8), lines.at(-9).slice(0, 60), ...lines.slice(-2)].join('\n');
}
