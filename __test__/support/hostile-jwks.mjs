import { CORRUPT, fixture, row, UNSUPPORTED, UNUSABLE } from './hostile-rows.mjs';
import { ecJwks, edJwks, publicJwks, rsaJwks } from './keys.mjs';

const RSA = rsaJwks({ kid: 'r' }).keys[0];
const OTHER_RSA = rsaJwks({ kid: 'r' }).keys[0];
const EC = ecJwks({ kid: 'e' }).keys[0];
const OTHER_EC = ecJwks({ kid: 'e' }).keys[0];
const ED = edJwks({ kid: 'd' }).keys[0];
const OTHER_ED = edJwks({ kid: 'd' }).keys[0];
const P384_ORDER =
  'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973';
const P384_PRIME =
  'fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff';
const ANOTHER_CERTIFICATE = fixture('certificate.der').toString('base64');
const DEEP = 100_000;
const RSA_MEMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'];

/** @type {import('./hostile-rows.mjs').HostileRow[]} */
export const HOSTILE_JWKS = [
  ...wrongTypes(),
  ...wrongDocuments(),
  ...oversized(),
  ...wrongRsaNumbers(),
  ...wrongCurveNumbers(),
  jwk('an x5c with the certificate of another key', { ...EC, x5c: [ANOTHER_CERTIFICATE] }, UNUSABLE),
];

function wrongTypes() {
  const shared = ['kty', 'kid', 'alg', 'use', 'key_ops'];
  const members = [
    ...shared.map((member) => [EC, member]),
    ...RSA_MEMBERS.map((member) => [RSA, member]),
    ...['crv', 'x', 'y', 'd'].map((member) => [EC, member]),
    ...['crv', 'x', 'd'].map((member) => [ED, member]),
  ];
  return members.flatMap(([key, member]) => [
    jwk(`${key.kty} with a number as ${member}`, { ...key, [member]: 7 }, CORRUPT),
    jwk(`${key.kty} with an object as ${member}`, { ...key, [member]: { [member]: key[member] } }, CORRUPT),
  ]);
}

function wrongDocuments() {
  const text = JSON.stringify({ keys: [EC] });
  return [
    row('a set whose keys are an object', '{"keys":{}}', CORRUPT),
    row('a set whose keys are null', '{"keys":null}', CORRUPT),
    row('a set of nulls', '{"keys":[null,null]}', CORRUPT, UNUSABLE),
    row('a set of sets', JSON.stringify({ keys: [{ keys: [EC] }] }), CORRUPT),
    row('a set of none', '{"keys":[]}', UNUSABLE),
    row('an array of keys', JSON.stringify([EC]), CORRUPT),
    row('a JSON string with a set in it', JSON.stringify(text), CORRUPT),
    row('a member twice', text.replace('"kty":"EC"', '"kty":"EC","kty":"RSA"'), CORRUPT),
    row('text after the set', `${text}${text}`, CORRUPT),
    row('a set cut short', text.slice(0, -30), CORRUPT),
    row('a set with a NUL in it', text.replace('"d"', '"d\0"'), CORRUPT),
    row('arrays 100,000 deep', '['.repeat(DEEP), CORRUPT),
    row('objects 100,000 deep', '{"keys":'.repeat(DEEP), CORRUPT),
    row(
      'a kid 100,000 deep',
      text.replace('"kid":"e"', `"kid":${'['.repeat(DEEP)}${']'.repeat(DEEP)}`),
      CORRUPT,
    ),
    row('a key_ops 100,000 deep', `{"kty":"EC","key_ops":${'['.repeat(DEEP)}${']'.repeat(DEEP)}}`, CORRUPT),
    row('two private keys of one kid', JSON.stringify({ keys: [EC, OTHER_EC] }), UNUSABLE, CORRUPT),
    row(
      'two kinds of private keys of one kid',
      JSON.stringify({ keys: [{ ...RSA, kid: 'e' }, EC] }),
      UNUSABLE,
      CORRUPT,
    ),
  ];
}

function oversized() {
  const [shown] = publicJwks({ keys: [EC] }).keys;
  const many = (length, item) => Array.from({ length }, item);
  return [
    jwk('a key_ops of 100,000 entries', { ...EC, key_ops: many(100_000, () => 'mac') }, UNUSABLE),
    jwk('an x5c of 100,000 entries', { ...shown, x5c: many(100_000, () => 'AAAA') }, UNUSABLE),
    jwk('a kid of half a megabyte', { ...shown, kid: '. '.repeat(250_000) }, UNUSABLE),
    jwk('a kid that ends the line', { ...shown, kid: 'a\r\n\u001B[31mb\u0000c' }, UNUSABLE),
    jwk('an alg of half a megabyte', { ...EC, alg: '. '.repeat(250_000) }, UNUSABLE),
    row(
      '20,000 keys that cannot sign',
      JSON.stringify({ keys: many(20_000, () => ({ kty: 'oct', kid: 'o' })) }),
      UNSUPPORTED,
    ),
    row(
      '2,000 public keys',
      JSON.stringify({ keys: many(2_000, (_, at) => ({ ...shown, kid: `p${at}` })) }),
      UNSUPPORTED,
    ),
    row(
      '1,000 public keys',
      JSON.stringify({ keys: many(1_000, (_, at) => ({ ...shown, kid: `p${at}` })) }),
      UNUSABLE,
    ),
    row(
      'a set of more than a megabyte',
      JSON.stringify({ keys: [EC], pad: ' '.repeat(2 ** 20) }),
      UNSUPPORTED,
    ),
  ];
}

function wrongRsaNumbers() {
  const modulus = Buffer.from(RSA.n, 'base64url');
  const near = (change) =>
    Buffer.from([...modulus.subarray(0, -1), modulus.at(-1) ^ change]).toString('base64url');
  const rsa = (name, change, ...codes) => jwk(`an RSA key with ${name}`, { ...RSA, ...change }, ...codes);
  const large = Buffer.alloc(2048, 0xff).toString('base64url');
  return [
    rsa('n = 0', { n: 'AA' }, CORRUPT, UNUSABLE),
    rsa('n = 1', { n: 'AQ' }, CORRUPT, UNUSABLE),
    rsa('an even n', { n: near(1) }, CORRUPT),
    rsa('an n that is not p times q', { n: near(2) }, CORRUPT),
    rsa('p = 1 and q = n', { p: 'AQ', q: RSA.n }, CORRUPT),
    rsa('p and q in each other’s place', { p: RSA.q, q: RSA.p }, CORRUPT),
    rsa('the primes of another key', { p: OTHER_RSA.p, q: OTHER_RSA.q }, CORRUPT),
    rsa('the d of another key', { d: OTHER_RSA.d }, CORRUPT),
    rsa('d = 0', { d: 'AA' }, CORRUPT),
    rsa('d = n', { d: RSA.n }, CORRUPT),
    rsa('e = 0', { e: 'AA' }, CORRUPT, UNUSABLE),
    rsa('e = 1', { e: 'AQ' }, CORRUPT, UNUSABLE),
    rsa('an even e', { e: 'AQAA' }, CORRUPT, UNUSABLE),
    rsa('an e as long as n', { e: RSA.n }, CORRUPT, UNUSABLE),
    rsa('the dp of another key', { dp: OTHER_RSA.dp }, CORRUPT),
    rsa('the dq of another key', { dq: OTHER_RSA.dq }, CORRUPT),
    rsa('the qi of another key', { qi: OTHER_RSA.qi }, CORRUPT),
    rsa('empty members', { d: '', p: '', q: '' }, CORRUPT),
    rsa('base64 that is none', { n: '!!!!' }, CORRUPT),
    rsa(
      'numbers of 16,384 bits',
      Object.fromEntries(RSA_MEMBERS.map((name) => [name, large])),
      CORRUPT,
      UNUSABLE,
    ),
    rsa('an n of half a megabyte', { n: 'A'.repeat(4) + '_'.repeat(500_000) }, CORRUPT, UNUSABLE),
  ];
}

function wrongCurveNumbers() {
  const hex = (text) => Buffer.from(text, 'hex').toString('base64url');
  const zero = Buffer.alloc(48).toString('base64url');
  const ec = (name, change) => jwk(`a P-384 key with ${name}`, { ...EC, ...change }, CORRUPT);
  const ed = (name, change) => jwk(`an Ed25519 key with ${name}`, { ...ED, ...change }, CORRUPT);
  return [
    ec('a point off the curve', { y: OTHER_EC.y }),
    ec('x and y in each other’s place', { x: EC.y, y: EC.x }),
    ec('the point at infinity', { x: zero, y: zero }),
    ec('an x as large as the prime', { x: hex(P384_PRIME) }),
    ec('the d of another key', { d: OTHER_EC.d }),
    ec('d = 0', { d: zero }),
    ec('d = the order of the curve', { d: hex(P384_ORDER) }),
    ec('a d of all ones', { d: hex('ff'.repeat(48)) }),
    ec('a d that is too long', { d: hex(`01${'00'.repeat(48)}`) }),
    ec('coordinates that are too long', { x: hex('07'.repeat(66)), y: hex('07'.repeat(66)) }),
    ec('no y', { y: undefined }),
    jwk('a P-384 key that says P-256', { ...EC, alg: undefined, crv: 'P-256' }, CORRUPT),
    ed('the d of another key', { d: OTHER_ED.d }),
    ed('a seed that is too short', { d: hex('07'.repeat(31)) }),
    ed('a seed that is too long', { d: hex('07'.repeat(33)) }),
    ed('an x that is too short', { x: hex('07'.repeat(31)) }),
    ed('no x', { x: undefined }),
  ];
}

function jwk(name, key, ...codes) {
  return row(name, JSON.stringify(key), ...codes);
}
