import { createHash } from 'node:crypto';
import { explicit, integer, NULL, octets, oid, replaceAt, sequence } from './der.mjs';
import {
  CORRUPT,
  fixture,
  flipped,
  HUGE_COUNT,
  PASSPHRASE,
  row,
  UNSUPPORTED,
  UNUSABLE,
  WITH_PASSPHRASE,
} from './hostile-rows.mjs';

const PFX = fixture('openssl.p12');
const NO_MAC = fixture('nomac.p12');
const BARE = fixture('unencrypted-nomac.p12');
const JKS_FILE = fixture('keytool-rsa.jks');
const JKS = 0xfeedfeed;
const JCEKS = 0xcececece;
const UNKNOWN = oid('1.3.6.1.4.1.99999.1');
const DATA = oid('1.2.840.113549.1.7.1');
const SIGNED_DATA = oid('1.2.840.113549.1.7.2');
const ENVELOPED_DATA = oid('1.2.840.113549.1.7.3');
const SAFE_CONTENTS_BAG = oid('1.2.840.113549.1.12.10.1.6');
const MD5 = oid('1.2.840.113549.2.5');
const JAVA_PROTECTOR = oid('1.3.6.1.4.1.42.2.17.1.1');
const JCEKS_PROTECTOR = oid('1.3.6.1.4.1.42.2.19.1');

/** In a PFX: the MAC; the second content of the safe, which has the key; the parameters of PBES2 in its bag. */
const MAC = [2];
const SAFE = [1, 1, 0, 0];
const KEY_BAG = [...SAFE, 1, 1, 0, 0, 0];
const KEY_DERIVATION = [...KEY_BAG, 1, 0, 0, 1, 0];

/** @type {import('./hostile-rows.mjs').HostileRow[]} */
export const HOSTILE_STORES = [...pkcs12(), ...javaShapes(), ...javaEntries()];

function pkcs12() {
  const mac = (name, path, element, ...codes) =>
    row(
      `PKCS#12 with ${name}`,
      replaceAt(PFX, [...MAC, ...path], () => element),
      ...codes,
    );
  const bare = (name, path, element, ...codes) =>
    row(
      `PKCS#12 with ${name}`,
      replaceAt(BARE, path, () => element),
      ...codes,
    );
  const count = replaceAt(NO_MAC, [...KEY_DERIVATION, 1, 1], () => integer(HUGE_COUNT));
  return [
    mac('2^31-1 rounds for its MAC', [2], integer(HUGE_COUNT), UNSUPPORTED),
    mac('-1 rounds for its MAC', [2], integer(-1), CORRUPT, UNSUPPORTED),
    mac('no rounds for its MAC', [2], integer(0), CORRUPT, UNSUPPORTED, WITH_PASSPHRASE),
    mac('a MAC of MD5', [0, 0], sequence(MD5, NULL), UNSUPPORTED),
    mac('a MAC of an unknown hash', [0, 0], sequence(UNKNOWN, NULL), UNSUPPORTED),
    mac('another MAC', [0, 1], octets(Buffer.alloc(32)), WITH_PASSPHRASE, CORRUPT),
    mac('a MAC that is too short', [0, 1], octets(Buffer.alloc(1)), WITH_PASSPHRASE, CORRUPT),
    mac('a MAC of nothing', [0, 1], octets(), WITH_PASSPHRASE, CORRUPT),
    mac(
      'a salt of half a megabyte',
      [1],
      octets(Buffer.alloc(500_000)),
      WITH_PASSPHRASE,
      CORRUPT,
      UNSUPPORTED,
    ),
    row('PKCS#12 with 2^31-1 rounds for its key', count, UNSUPPORTED),
    row(
      'PKCS#12 of version 9',
      replaceAt(PFX, [0], () => integer(9)),
      CORRUPT,
      UNSUPPORTED,
    ),
    row(
      'PKCS#12 that is signed',
      replaceAt(PFX, [1, 0], () => SIGNED_DATA),
      UNSUPPORTED,
      CORRUPT,
    ),
    row(
      'PKCS#12 with an unknown cipher',
      replaceAt(NO_MAC, [...KEY_BAG, 1, 0, 0], () => sequence(UNKNOWN, NULL)),
      UNSUPPORTED,
      CORRUPT,
    ),
    bare('a content for the owner of a certificate', [...SAFE, 1, 0], ENVELOPED_DATA, UNSUPPORTED, CORRUPT),
    bare('a bag that nobody knows', [...KEY_BAG, 0], UNKNOWN, UNUSABLE, UNSUPPORTED, CORRUPT),
    bare('nothing in it', SAFE, sequence(), UNUSABLE, CORRUPT),
    bare('a number for its content', [1, 1, 0], integer(7), CORRUPT),
    bare('bags 2,000 deep', SAFE, sequence(content(nestedBags(2000))), CORRUPT, UNSUPPORTED, UNUSABLE),
    row('PKCS#12 with a flipped byte', flipped(PFX, 400), WITH_PASSPHRASE, CORRUPT),
    row('PKCS#12 without its last byte', PFX.subarray(0, -1), CORRUPT),
    row('the first half of PKCS#12', PFX.subarray(0, PFX.length / 2), CORRUPT),
  ];
}

function javaShapes() {
  const jks = (name, bytes, ...codes) => row(`JKS with ${name}`, bytes, ...codes);
  const header = (version, count, magic = JKS) => Buffer.concat([u32(magic), u32(version), u32(count)]);
  return [
    jks('four bytes', u32(JKS), CORRUPT),
    jks('a header and no more', header(2, 1), CORRUPT),
    jks('2^31 entries', signed(header(2, 2 ** 31)), CORRUPT, UNSUPPORTED),
    jks('2^32-1 entries', signed(header(2, 2 ** 32 - 1)), CORRUPT, UNSUPPORTED),
    jks('no entry', signed(header(2, 0)), UNUSABLE),
    jks('version 99', signed(header(99, 0)), UNSUPPORTED, CORRUPT),
    jks('another digest', flipped(JKS_FILE, -1), WITH_PASSPHRASE, CORRUPT),
    jks('a flipped byte', flipped(JKS_FILE, 300), WITH_PASSPHRASE, CORRUPT),
    jks('no digest', JKS_FILE.subarray(0, -20), WITH_PASSPHRASE, CORRUPT),
    jks('half of its bytes', JKS_FILE.subarray(0, JKS_FILE.length / 2), WITH_PASSPHRASE, CORRUPT),
    jks('bytes after its digest', Buffer.concat([JKS_FILE, Buffer.alloc(50)]), WITH_PASSPHRASE, CORRUPT),
    row('JCEKS with 2^31 entries', signed(header(2, 2 ** 31, JCEKS)), CORRUPT, UNSUPPORTED),
    row('JCEKS of four bytes', u32(JCEKS), CORRUPT),
  ];
}

function javaEntries() {
  const store = (magic, ...entries) =>
    signed(Buffer.concat([u32(magic), u32(2), u32(entries.length), ...entries]));
  const entry = (tag, alias, ...rest) =>
    Buffer.concat([u32(tag), u16(alias.length), Buffer.from(alias), Buffer.alloc(8), ...rest]);
  const sized = (bytes) => Buffer.concat([u32(bytes.length), bytes]);
  const key = (protector, parameters, ciphertext) =>
    entry(1, 'a', sized(sequence(sequence(protector, parameters), octets(ciphertext))), u32(0));
  const rounds = (count) => sequence(octets(Buffer.alloc(8)), integer(count));
  const unlocked = (magic, ...rest) => row(rest[0], store(magic, rest[1]), ...rest.slice(2));
  const certificate = Buffer.concat([u16(5), Buffer.from('X.509'), u32(2 ** 32 - 1)]);
  const serialized = Buffer.concat([Buffer.from('aced0005', 'hex'), Buffer.from('75'.repeat(50_000), 'hex')]);
  return [
    unlocked(JKS, 'JKS with an entry of an unknown kind', entry(7, 'a'), CORRUPT, UNSUPPORTED, UNUSABLE),
    unlocked(JKS, 'JKS with an alias that goes on too long', Buffer.concat([u32(1), u16(65_535)]), CORRUPT),
    unlocked(
      JKS,
      'JKS with an alias that is no UTF-8',
      entry(2, Buffer.from([0xff, 0xc0]), certificate),
      CORRUPT,
      UNUSABLE,
    ),
    unlocked(JKS, 'JKS with a key of 4 GiB', entry(1, 'a', u32(2 ** 32 - 1)), CORRUPT),
    unlocked(JKS, 'JKS with a key of 2 GiB', entry(1, 'a', u32(2 ** 31 - 1)), CORRUPT),
    unlocked(JKS, 'JKS with 2^32-1 certificates', entry(1, 'a', u32(0), u32(2 ** 32 - 1)), CORRUPT),
    unlocked(JKS, 'JKS with a certificate of 4 GiB', entry(2, 'a', certificate), CORRUPT),
    unlocked(JKS, 'JKS with a key of nothing', entry(1, 'a', u32(0), u32(0)), CORRUPT, UNUSABLE),
    unlocked(JKS, 'JKS with an unknown protector', key(UNKNOWN, NULL, Buffer.alloc(60)), UNSUPPORTED),
    unlocked(
      JKS,
      'JKS with a protected key of one byte',
      key(JAVA_PROTECTOR, NULL, Buffer.alloc(1)),
      CORRUPT,
      WITH_PASSPHRASE,
    ),
    unlocked(
      JKS,
      'JKS with a protected key of nonsense',
      key(JAVA_PROTECTOR, NULL, Buffer.alloc(90)),
      WITH_PASSPHRASE,
      CORRUPT,
    ),
    unlocked(
      JCEKS,
      'JCEKS with 2^31-1 rounds',
      key(JCEKS_PROTECTOR, rounds(HUGE_COUNT), Buffer.alloc(64)),
      UNSUPPORTED,
    ),
    unlocked(
      JCEKS,
      'JCEKS with -1 rounds',
      key(JCEKS_PROTECTOR, rounds(-1), Buffer.alloc(64)),
      CORRUPT,
      UNSUPPORTED,
    ),
    unlocked(
      JCEKS,
      'JCEKS with ciphertext that is no whole block',
      key(JCEKS_PROTECTOR, rounds(1000), Buffer.alloc(63)),
      CORRUPT,
      WITH_PASSPHRASE,
    ),
    unlocked(
      JCEKS,
      'JCEKS with a Java object without end',
      entry(3, 'a', serialized),
      CORRUPT,
      UNSUPPORTED,
      UNUSABLE,
    ),
  ];
}

function content(bags) {
  return sequence(DATA, explicit(0, octets(bags)));
}

function nestedBags(depth) {
  let bags = sequence();
  for (let level = 0; level < depth; level++) bags = sequence(sequence(SAFE_CONTENTS_BAG, explicit(0, bags)));
  return bags;
}

/** With the digest that says that the passphrase is right and nothing has been changed. */
function signed(bytes) {
  const password = Buffer.from(PASSPHRASE, 'utf16le').swap16();
  const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(bytes).digest();
  return Buffer.concat([bytes, digest]);
}

function u32(number) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number);
  return bytes;
}

function u16(number) {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(number);
  return bytes;
}
