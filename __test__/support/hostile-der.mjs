import { integer, integerOf, NULL, octets, oid, pem, replaceAt, sequence, tlv } from './der.mjs';
import {
  CORRUPT,
  fixture,
  flipped,
  HUGE_COUNT,
  row,
  UNSUPPORTED,
  UNUSABLE,
  WITH_PASSPHRASE,
} from './hostile-rows.mjs';
import { rsaJwks } from './keys.mjs';

const ED25519 = oid('1.3.101.112');
const EC_KEY = oid('1.2.840.10045.2.1');
const P256 = oid('1.2.840.10045.3.1.7');
const RSA_KEY = sequence(oid('1.2.840.113549.1.1.1'), NULL);
const PBES2 = oid('1.2.840.113549.1.5.13');
const PBKDF2 = oid('1.2.840.113549.1.5.12');
const SCRYPT = oid('1.3.6.1.4.1.11591.4.11');
const HMAC_SHA256 = oid('1.2.840.113549.2.9');
const AES_256_CBC = oid('2.16.840.1.101.3.4.1.42');
const PBE_MD5_DES = oid('1.2.840.113549.1.5.3');
const PBE_SHA1_3DES = oid('1.2.840.113549.1.12.1.3');
const UNKNOWN = oid('1.3.6.1.4.1.99999.1');
const DEPTH = 10_000;
const SALT = octets(Buffer.alloc(8, 7));
const IV = octets(Buffer.alloc(16, 9));
const CIPHERTEXT = Buffer.alloc(192, 3);
const RSA = rsaJwks().keys[0];

/** @type {import('./hostile-rows.mjs').HostileRow[]} */
export const HOSTILE_DER = [...shapes(), ...truncations(), ...numbers(), ...encryption()];

function shapes() {
  const key = fixture('pkcs8-rsa2048.der');
  const bytes = (hex) => Buffer.from(hex, 'hex');
  return [
    row('sequences 10,000 deep', nested(DEPTH, 0x30), CORRUPT, UNSUPPORTED),
    row('octet strings 10,000 deep', nested(DEPTH, 0x04), CORRUPT, UNSUPPORTED),
    row('10,000 elements without a length', bytes('3080'.repeat(DEPTH)), CORRUPT, UNSUPPORTED),
    row('an element without a length', bytes('30800000'), CORRUPT, UNSUPPORTED),
    row('a length of 4 GiB', bytes('3084ffffffff020100'), CORRUPT),
    row('a length of 16 EiB', bytes('3088ffffffffffffffff020100'), CORRUPT),
    row('a length of 127 bytes', bytes(`30ff${'ff'.repeat(127)}`), CORRUPT),
    row('a length of 4 GiB within', sequence(integer(0), bytes('0484ffffffff00')), CORRUPT),
    row('a first byte and no more', bytes('30'), CORRUPT),
    row('an empty sequence', bytes('3000'), CORRUPT, UNSUPPORTED),
    row('an empty sequence as PKCS#8', pem('PRIVATE KEY', bytes('3000')), CORRUPT),
    row('sequences 10,000 deep as PKCS#8', pem('PRIVATE KEY', nested(DEPTH, 0x30)), CORRUPT),
    row(
      'sequences 10,000 deep as an encrypted key',
      pem('ENCRYPTED PRIVATE KEY', nested(DEPTH, 0x30)),
      CORRUPT,
    ),
    row('sequences 10,000 deep as a certificate', pem('CERTIFICATE', nested(DEPTH, 0x30)), UNUSABLE, CORRUPT),
    row(
      'a PKCS#8 key of an unknown version',
      replaceAt(key, [0], () => integer(7)),
      CORRUPT,
      UNSUPPORTED,
    ),
    row(
      'a PKCS#8 key of an unknown kind',
      replaceAt(key, [1, 0], () => UNKNOWN),
      UNUSABLE,
      UNSUPPORTED,
    ),
    row(
      'an RSA key that says EC',
      replaceAt(key, [1], () => sequence(EC_KEY, P256)),
      CORRUPT,
    ),
    row(
      'an EC key that says RSA',
      replaceAt(fixture('pkcs8-p521.der'), [1], () => RSA_KEY),
      CORRUPT,
    ),
    row(
      'a P-521 key that says P-256',
      replaceAt(fixture('pkcs8-p521.der'), [1, 1], () => P256),
      CORRUPT,
    ),
    row(
      'an EC key on no curve',
      replaceAt(fixture('pkcs8-p521.der'), [1, 1], () => NULL),
      UNUSABLE,
      CORRUPT,
    ),
    row(
      'a curve with an OID of half a megabyte',
      pkcs8(sequence(EC_KEY, tlv(0x06, Buffer.alloc(500_000, 0xff))), octets()),
      UNUSABLE,
      CORRUPT,
    ),
  ];
}

function truncations() {
  const files = ['pkcs8-rsa2048.der', 'pkcs1.der', 'sec1.der', 'encrypted-aes-256.der'];
  return files.flatMap((file) => {
    const whole = fixture(file);
    return [
      row(`${file} without its last byte`, whole.subarray(0, -1), CORRUPT),
      row(`the first half of ${file}`, whole.subarray(0, whole.length / 2), CORRUPT),
      row(`${file} without its first byte`, whole.subarray(1), CORRUPT),
    ];
  });
}

function numbers() {
  const rsa = (change) => {
    const values = Object.entries({ ...RSA, ...change }).filter(([name]) => 'nedpqdpdqqi'.includes(name));
    const byName = Object.fromEntries(
      values.map(([name, value]) => [name, Buffer.isBuffer(value) ? value : integerOf(value)]),
    );
    const { n, e, d, p, q, dp, dq, qi } = byName;
    return sequence(integer(0), n, e, d, p, q, dp, dq, qi);
  };
  const negative = (value) => integer(-BigInt(`0x${Buffer.from(value, 'base64url').toString('hex')}`));
  const ed = (...seed) => pkcs8(sequence(ED25519), octets(...seed));
  const ec = (d) => pkcs8(sequence(EC_KEY, P256), octets(sequence(integer(1), octets(d))));
  const sec1 = fixture('sec1.der');
  return [
    row('PKCS#1 with a negative n', rsa({ n: negative(RSA.n) }), CORRUPT),
    row('PKCS#1 with n = 0', rsa({ n: integer(0) }), CORRUPT, UNUSABLE),
    row('PKCS#1 with n = 1', rsa({ n: integer(1) }), CORRUPT, UNUSABLE),
    row('PKCS#1 with a negative d', rsa({ d: negative(RSA.d) }), CORRUPT),
    row('PKCS#1 with d = 0', rsa({ d: integer(0) }), CORRUPT),
    row('PKCS#1 with e = 1', rsa({ e: integer(1) }), CORRUPT, UNUSABLE),
    row('PKCS#1 with p = 0', rsa({ p: integer(0) }), CORRUPT),
    row('PKCS#1 with qi = 0', rsa({ qi: integer(0) }), CORRUPT),
    row('PKCS#1 with p and q exchanged', rsa({ p: RSA.q, q: RSA.p }), CORRUPT),
    row(
      'PKCS#1 with an n of half a megabyte',
      rsa({ n: tlv(0x02, Buffer.alloc(500_000, 0x7f)) }),
      CORRUPT,
      UNUSABLE,
    ),
    row('PKCS#8 RSA in which there is nothing', pkcs8(RSA_KEY, octets()), CORRUPT),
    row('Ed25519 without a seed', ed(), CORRUPT),
    row('Ed25519 with a short seed', ed(octets(Buffer.alloc(31, 7))), CORRUPT),
    row('Ed25519 with a long seed', ed(octets(Buffer.alloc(33, 7))), CORRUPT),
    row('P-256 with d = 0', ec(Buffer.alloc(32)), CORRUPT),
    row('P-256 with a d above the order', ec(Buffer.alloc(32, 0xff)), CORRUPT),
    row('P-256 with a d of 100 bytes', ec(Buffer.alloc(100, 7)), CORRUPT),
    row('P-256 without a d', ec(Buffer.alloc(0)), CORRUPT),
    row('SEC 1 with a point off the curve', flipped(sec1, -3), CORRUPT),
    row('SEC 1 with another d', flipped(sec1, 12), CORRUPT),
    row(
      'SEC 1 of version 7',
      replaceAt(sec1, [0], () => integer(7)),
      CORRUPT,
      UNSUPPORTED,
    ),
  ];
}

function encryption() {
  const pbkdf2 = (count, prf = HMAC_SHA256, more = []) =>
    sequence(PBKDF2, sequence(SALT, integer(count), ...more, sequence(prf, NULL)));
  const scrypt = (...costs) => sequence(SCRYPT, sequence(SALT, ...costs.map((cost) => integer(cost))));
  const aes = sequence(AES_256_CBC, IV);
  const pbes2 = (kdf, cipher = aes) => sequence(PBES2, sequence(kdf, cipher));
  const pbe = (scheme, count) => sequence(scheme, sequence(SALT, integer(count)));
  const locked = (scheme, ciphertext = CIPHERTEXT) => sequence(scheme, octets(ciphertext));
  const wrong = [CORRUPT, UNSUPPORTED];
  const expensive = pem('ENCRYPTED PRIVATE KEY', locked(pbes2(pbkdf2(500_000))));
  return [
    row('PBKDF2 with 2^31-1 rounds', locked(pbes2(pbkdf2(HUGE_COUNT))), UNSUPPORTED),
    row(
      'PBKDF2 with 2^31-1 rounds in PEM',
      pem('ENCRYPTED PRIVATE KEY', locked(pbes2(pbkdf2(HUGE_COUNT)))),
      UNSUPPORTED,
    ),
    row('PBKDF2 with 2^64 rounds', locked(pbes2(pbkdf2(2n ** 64n))), ...wrong),
    row('PBKDF2 with no rounds', locked(pbes2(pbkdf2(0))), ...wrong),
    row('PBKDF2 with -1 rounds', locked(pbes2(pbkdf2(-1))), ...wrong),
    row(
      'PBKDF2 with a key of 2^31-1 bytes',
      locked(pbes2(pbkdf2(2048, HMAC_SHA256, [integer(HUGE_COUNT)]))),
      ...wrong,
    ),
    row('PBKDF2 with an unknown hash', locked(pbes2(pbkdf2(2048, UNKNOWN))), UNSUPPORTED),
    row('PBES2 with an unknown derivation', locked(pbes2(sequence(UNKNOWN, NULL))), ...wrong),
    row('PBES2 with an unknown cipher', locked(pbes2(pbkdf2(2048), sequence(UNKNOWN, IV))), ...wrong),
    row('PBES2 with an IV of 8 bytes', locked(pbes2(pbkdf2(2048), sequence(AES_256_CBC, SALT))), ...wrong),
    row('PBES2 without parameters', locked(sequence(PBES2, NULL)), ...wrong),
    row('an unknown scheme', locked(sequence(UNKNOWN, NULL)), ...wrong),
    row(
      'PBES2 with ciphertext that is no whole block',
      locked(pbes2(pbkdf2(2048)), Buffer.alloc(33)),
      CORRUPT,
      WITH_PASSPHRASE,
    ),
    row('PBES2 with no ciphertext', locked(pbes2(pbkdf2(2048)), Buffer.alloc(0)), CORRUPT, WITH_PASSPHRASE),
    row('PBES2 with ciphertext of something else', locked(pbes2(pbkdf2(2048))), CORRUPT, WITH_PASSPHRASE),
    row('scrypt with N = 2^40', locked(pbes2(scrypt(2n ** 40n, 8, 1))), ...wrong),
    row('scrypt with N = 2^22 and r = 2^20', locked(pbes2(scrypt(2 ** 22, 2 ** 20, 1))), ...wrong),
    row('scrypt with p = 2^29', locked(pbes2(scrypt(16_384, 8, 2 ** 29))), ...wrong),
    row('scrypt with N = 2^24', locked(pbes2(scrypt(2 ** 24, 8, 1))), UNSUPPORTED),
    row('scrypt with N = 3', locked(pbes2(scrypt(3, 8, 1))), ...wrong),
    row('scrypt with N = 0', locked(pbes2(scrypt(0, 8, 1))), ...wrong),
    row('scrypt with r = 0', locked(pbes2(scrypt(16_384, 0, 1))), ...wrong),
    row('PBES1 with 2^31-1 rounds', locked(pbe(PBE_MD5_DES, HUGE_COUNT)), UNSUPPORTED),
    row('PKCS#12 PBE with 2^31-1 rounds', locked(pbe(PBE_SHA1_3DES, HUGE_COUNT)), UNSUPPORTED),
    row('a hundred keys that are slow to open', expensive.repeat(100), WITH_PASSPHRASE, CORRUPT, UNSUPPORTED),
  ];
}

function pkcs8(algorithm, key) {
  return sequence(integer(0), algorithm, key);
}

function nested(depth, tag) {
  let inner = Buffer.alloc(0);
  for (let level = 0; level < depth; level++) inner = tlv(tag, inner);
  return inner;
}
