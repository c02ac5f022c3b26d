'use strict';

// DER (X.690), as far as a certificate needs it.

const TAGS = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  objectIdentifier: 0x06,
  utf8String: 0x0c,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  set: 0x31,
};
const CONTEXT = 0x80;
const CONSTRUCTED = 0x20;

/**
 * @param {number} tag
 * @param {...Uint8Array} contents
 */
function element(tag, ...contents) {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), lengthOf(content.length), content]);
}

/** @param {number} length */
function lengthOf(length) {
  if (length < 0x80) return Buffer.from([length]);
  const hex = length.toString(16);
  const bytes = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

/** @param {...Uint8Array} items */
const sequence = (...items) => element(TAGS.sequence, ...items);

/** @param {...Uint8Array} items */
const setOf = (...items) => element(TAGS.set, ...items);

const TRUE = element(TAGS.boolean, Buffer.from([0xff]));

/**
 * A positive one, from its big-endian bytes, of which the first has its highest bit clear.
 *
 * @param {Uint8Array} bytes
 */
const integer = (bytes) => element(TAGS.integer, bytes);

/** @param {Uint8Array} content */
const octetString = (content) => element(TAGS.octetString, content);

/**
 * @param {Uint8Array} content
 * @param {number} [unusedBits] at the end
 */
const bitString = (content, unusedBits = 0) => element(TAGS.bitString, Buffer.from([unusedBits]), content);

/** @param {string} text */
const utf8String = (text) => element(TAGS.utf8String, Buffer.from(text));

/** @param {string} dotted */
function objectIdentifier(dotted) {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return element(TAGS.objectIdentifier, Buffer.from(bytes));
}

/**
 * As a certificate has it: of two digits up to 2049 (RFC 5280 §4.1.2.5).
 *
 * @param {Date} date
 */
function time(date) {
  const digits = `${date
    .toISOString()
    .replace(/\.\d+Z$/, '')
    .replace(/\D/g, '')}Z`;
  return date.getUTCFullYear() < 2050
    ? element(TAGS.utcTime, Buffer.from(digits.slice(2)))
    : element(TAGS.generalizedTime, Buffer.from(digits));
}

/**
 * `[number] EXPLICIT`.
 *
 * @param {number} number
 * @param {Uint8Array} content
 */
const explicit = (number, content) => element(CONTEXT | CONSTRUCTED | number, content);

/**
 * `[number] IMPLICIT` of a type that is not constructed.
 *
 * @param {number} number
 * @param {Uint8Array} content
 */
const implicit = (number, content) => element(CONTEXT | number, content);

module.exports = {
  TRUE,
  bitString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
};
