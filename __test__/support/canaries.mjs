import { randomBytes } from 'node:crypto';

// Values that turn up nowhere by chance, and a search for them in whatever form.

/** Long enough not to be there by chance, short enough to be found where the rest was cut off. */
const PIECE = 12;

/**
 * A random value of a kind, with characters in it that every encoding changes.
 *
 * @param {string} kind
 */
export function makeCanary(kind) {
  return `${kind}-${randomBytes(18).toString('base64url')}+/"%é&~${randomBytes(9).toString('hex')}`;
}

/** One that is good for a header: printable ASCII without spaces. @param {string} kind */
export function makeTokenCanary(kind) {
  return `${kind}.${randomBytes(24).toString('base64url')}+/~${randomBytes(9).toString('hex')}`;
}

/**
 * What is looked for.
 *
 * @typedef {{ what: string, spelling: string, bytes: Buffer }} Needle
 *
 * @param {Record<string, string | Buffer>} canaries by what they are
 * @returns {Needle[]}
 */
export function needlesOf(canaries) {
  return Object.entries(canaries).flatMap(([what, value]) =>
    Object.entries(spellingsOf(value)).flatMap(([spelling, forms]) =>
      forms.flatMap(piecesOf).map((bytes) => ({ what, spelling, bytes })),
    ),
  );
}

/**
 * A search for all of them at once, by their first three octets: there are a thousand, and memory is long.
 *
 * @param {Needle[]} needles
 * @returns {(bytes: Buffer) => string[]} what is found, in which spelling
 */
export function searchFor(needles) {
  const begins = new Uint8Array(2 ** 24);
  /** @type {Map<number, Needle[]>} */
  const byBeginning = new Map();
  for (const needle of needles) {
    const beginning = needle.bytes.readUIntBE(0, 3);
    begins[beginning] = 1;
    byBeginning.set(beginning, [...(byBeginning.get(beginning) ?? []), needle]);
  }
  return (bytes) => {
    const found = new Set();
    let last = 0;
    for (let end = 0; end < bytes.length; end += 1) {
      last = ((last << 8) | bytes[end]) & 0xff_ff_ff;
      if (begins[last] === 0 || end < 2) continue;
      for (const { what, spelling, bytes: needle } of byBeginning.get(last)) {
        if (bytes.subarray(end - 2, end - 2 + needle.length).equals(needle)) {
          found.add(`${what} (${spelling})`);
        }
      }
    }
    return [...found];
  };
}

/**
 * @param {string | Buffer} value bytes have no spelling as text, and numbers two orders
 * @returns {Record<string, (string | Buffer)[]>}
 */
export function spellingsOf(value) {
  const bytes = Buffer.from(value);
  if (typeof value !== 'string') {
    const [hex, octets] = [bytes.toString('hex'), [...bytes]];
    return {
      'as it is': [bytes, Buffer.from(bytes).reverse()],
      Base64: base64At(bytes, 'base64'),
      base64url: base64At(bytes, 'base64url'),
      hex: [hex, hex.toUpperCase()],
      octets: [octets.join(','), octets.join(', ')],
    };
  }
  const reversed = [...value].reverse().join('');
  const inForm = new URLSearchParams({ value }).toString().slice('value='.length);
  const hex = bytes.toString('hex');
  const escapes = [...value].map((character) => `\\u${hexOf(character.charCodeAt(0), 4)}`).join('');
  const everyOctet = [...bytes].map((octet) => `%${hexOf(octet, 2)}`).join('');
  return {
    'as it is': [bytes, Buffer.from(value, 'latin1')],
    Base64: base64At(bytes, 'base64'),
    base64url: base64At(bytes, 'base64url'),
    'percent-encoded': [
      encodeURIComponent(value),
      lowerEscapes(encodeURIComponent(value)),
      inForm,
      everyOctet,
    ],
    'percent-encoded twice': [encodeURIComponent(encodeURIComponent(value))],
    hex: [hex, hex.toUpperCase()],
    'JSON text': [JSON.stringify(value).slice(1, -1), JSON.stringify(JSON.stringify(value)).slice(3, -3)],
    'JSON escapes': [escapes, escapes.toUpperCase().replaceAll('\\U', '\\u')],
    'HTML references': [value.replaceAll('&', '&amp;').replaceAll('"', '&quot;')],
    reversed: [reversed, Buffer.from(bytes).reverse()],
    'UTF-16': [Buffer.from(value, 'utf16le'), Buffer.from(value, 'utf16le').swap16()],
    octets: [[...bytes].join(','), [...bytes].join(', ')],
  };
}

/** Wherever it begins among other bytes that are encoded with it. */
function base64At(bytes, encoding) {
  return [0, 1, 2].map((offset) => {
    const padded = Buffer.concat([
      Buffer.alloc(offset),
      bytes.subarray(0, bytes.length - (bytes.length % 3)),
    ]);
    // The characters at either end depend on the neighbours.
    return padded
      .toString(encoding)
      .replaceAll('=', '')
      .slice(offset + (offset > 0 ? 1 : 0), -2);
  });
}

/** Beginning, middle and end: part of it is a find, too. */
function piecesOf(form) {
  const bytes = Buffer.from(form);
  const length = Math.max(PIECE, Math.floor(bytes.length / 3));
  if (bytes.length <= length) return [bytes];
  const middle = Math.floor((bytes.length - length) / 2);
  return [0, middle, bytes.length - length].map((start) => bytes.subarray(start, start + length));
}

function hexOf(number, digits) {
  return number.toString(16).padStart(digits, '0');
}

function lowerEscapes(text) {
  return text.replaceAll(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase());
}
