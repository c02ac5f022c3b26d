'use strict';

const { stripVTControlCharacters } = require('node:util');

/** What a person reads of a server's text; the rest seldom helps. */
const MOST_CHARACTERS = 500;
/** No server explains itself at such length, and it has to be searched. */
const MOST_SEARCHED = 2 ** 20;
const REDACTED = '[redacted]';

/** So many characters of a credential in a row are no coincidence. */
const TELLTALE = 12;
const LAYERS = 3;

/**
 * Whether a server's text repeats a credential, or a good part of one, in whatever spelling. Like the core's own
 * errors: such a text is better not shown at all than with the parts blanked out that were found.
 *
 * @param {string} text
 * @param {readonly string[]} credentials
 */
function repeats(text, credentials) {
  if (text.length > MOST_SEARCHED) return true;
  const pieces = new Set(credentials.map(folded).flatMap(piecesOf));
  if (pieces.size === 0) return false;
  let layer = text;
  for (let count = 0; count <= LAYERS; count += 1) {
    if (contains(folded(layer), pieces)) return true;
    const inner = unwrapped(layer);
    if (inner === layer) return false;
    layer = inner;
  }
  return false;
}

/**
 * Without what looks like a credential: another one than was sent.
 *
 * @param {string} text
 */
function redact(text) {
  return (
    text
      // Long enough not to be a word: "Basic authentication" may stay.
      .replace(/\b(Bearer|Basic|DPoP)(\s+)[\w.~+/=-]{16,}/gi, `$1$2${REDACTED}`)
      .replace(/\beyJ[\w-]{5,}\.[\w-]{5,}(\.[\w-]*)?/g, REDACTED)
  );
}

/**
 * On one line, without what a terminal would act on, what shows nothing or what turns the direction of text, and no
 * longer than it is of use.
 *
 * @param {string} text
 */
function onOneLine(text) {
  const line = stripVTControlCharacters(text).replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ');
  const trimmed = line.trim();
  return trimmed.length > MOST_CHARACTERS ? `${trimmed.slice(0, MOST_CHARACTERS)}…` : trimmed;
}

/**
 * The credential in an `Authorization` header, without its scheme.
 *
 * @param {string | null | undefined} authorization
 * @returns {string[]}
 */
function credentialsOf(authorization) {
  if (authorization === null || authorization === undefined) return [];
  return [authorization.slice(authorization.indexOf(' ') + 1).trim()];
}

/** @param {string} text */
function folded(text) {
  return text.replace(/[^a-z0-9]/gi, '').toLowerCase();
}

/** @param {string} credential folded */
function piecesOf(credential) {
  // A letter or two would be found everywhere.
  if (credential.length < 3) return [];
  if (credential.length <= TELLTALE) return [credential];
  const count = credential.length - TELLTALE + 1;
  return Array.from({ length: count }, (_, index) => credential.slice(index, index + TELLTALE));
}

/**
 * @param {string} text folded
 * @param {ReadonlySet<string>} pieces
 */
function contains(text, pieces) {
  for (const length of new Set(Array.from(pieces, (piece) => piece.length))) {
    for (let index = 0; index + length <= text.length; index += 1) {
      if (pieces.has(text.slice(index, index + length))) return true;
    }
  }
  return false;
}

/**
 * Without one layer of escapes: of URLs, HTML and JSON.
 *
 * @param {string} text
 */
function unwrapped(text) {
  return text
    .replace(/%([0-9a-f]{2})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#x([0-9a-f]{1,4});/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)))
    .replace(/&#(\d{1,5});/g, (_, code) => String.fromCharCode(Number(code)))
    .replace(/\\u([0-9a-f]{4})/gi, (_, code) => String.fromCharCode(Number.parseInt(code, 16)));
}

module.exports = { credentialsOf, onOneLine, redact, repeats };
