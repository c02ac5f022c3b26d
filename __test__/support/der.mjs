// DER (X.690), as far as a test needs it to write or to change a keystore.

const SEQUENCE = 0x30;
const OCTET_STRING = 0x04;
const CONSTRUCTED = 0x20;

/** @type {(tag: number, ...contents: Uint8Array[]) => Buffer} */
export function tlv(tag, ...contents) {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** @type {(...items: Uint8Array[]) => Buffer} */
export function sequence(...items) {
  return tlv(SEQUENCE, ...items);
}

/** @type {(...items: Uint8Array[]) => Buffer} */
export function octets(...items) {
  return tlv(OCTET_STRING, ...items);
}

/** `[number] EXPLICIT`. @type {(number: number, ...items: Uint8Array[]) => Buffer} */
export function explicit(number, ...items) {
  return tlv(0xa0 + number, ...items);
}

/** Two's complement in as few bytes as it takes. @type {(value: number | bigint) => Buffer} */
export function integer(value) {
  const number = BigInt(value);
  const magnitude = number < 0n ? -number - 1n : number;
  const width = BigInt(Math.floor(magnitude.toString(2).length / 8) + 1);
  const hex = BigInt.asUintN(Number(width) * 8, number).toString(16);
  return tlv(0x02, Buffer.from(hex.padStart(Number(width) * 2, '0'), 'hex'));
}

/** A JWK's number. @type {(base64url: string) => Buffer} */
export function integerOf(base64url) {
  return integer(BigInt(`0x${Buffer.from(base64url, 'base64url').toString('hex')}`));
}

/** @type {(dotted: string) => Buffer} */
export function oid(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const arcs = [first * 40 + second, ...rest].map((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    return Buffer.from(groups);
  });
  return tlv(0x06, ...arcs);
}

export const NULL = tlv(0x05);

/** @type {(label: string, der: Uint8Array) => string} */
export function pem(label, der) {
  const lines = Buffer.from(der)
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

/**
 * The same DER with one element replaced, and every length above it mended.
 *
 * @param {Uint8Array} der
 * @param {number[]} path position among its siblings, level by level; an octet string has what is encoded in it
 * @param {(element: Buffer) => Uint8Array} change of the whole element
 * @returns {Buffer}
 */
export function replaceAt(der, path, change) {
  const bytes = Buffer.from(der);
  if (path.length === 0) return Buffer.from(change(bytes));
  const { tag, content } = elementAt(bytes, 0);
  if (!(tag & CONSTRUCTED) && tag !== OCTET_STRING) throw new Error(`nothing below tag ${tag}`);
  const [position, ...below] = path;
  const items = elementsOf(content);
  if (!items[position]) throw new Error(`${items.length} elements, none at ${position}`);
  items[position] = replaceAt(items[position], below, change);
  return tlv(tag, ...items);
}

function elementsOf(content) {
  const items = [];
  for (let at = 0; at < content.length; ) {
    const { end } = elementAt(content, at);
    items.push(content.subarray(at, end));
    at = end;
  }
  return items;
}

function elementAt(bytes, at) {
  const first = bytes[at + 1];
  const width = first < 0x80 ? 0 : first & 0x7f;
  const start = at + 2 + width;
  const end = start + (width === 0 ? first : bytes.readUIntBE(at + 2, width));
  return { tag: bytes[at], content: bytes.subarray(start, end), end };
}

function lengthOf(length) {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}
