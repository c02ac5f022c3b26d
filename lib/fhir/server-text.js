'use strict';

const { stripVTControlCharacters } = require('node:util');

/** What a person reads of a server's text; the rest seldom helps. */
const MOST_CHARACTERS = 500;
const REDACTED = '[redacted]';

/**
 * A server's text without the credentials that it repeats: those that went with the request, and whatever looks
 * like one.
 *
 * @param {string} text
 * @param {readonly string[]} credentials
 */
function redact(text, credentials) {
  let clean = text;
  for (const credential of credentials) {
    // A single letter would be found everywhere.
    if (credential.length < 4) continue;
    clean = clean.replaceAll(credential, REDACTED);
    // As it stands inside a JSON text.
    clean = clean.replaceAll(JSON.stringify(credential).slice(1, -1), REDACTED);
  }
  return (
    clean
      // Long enough not to be a word: "Basic authentication" may stay.
      .replace(/\b(Bearer|Basic|DPoP)(\s+)[\w.~+/=-]{16,}/gi, `$1$2${REDACTED}`)
      .replace(/\beyJ[\w-]{5,}\.[\w-]{5,}(\.[\w-]*)?/g, REDACTED)
  );
}

/**
 * On one line, without what a terminal would act on, and no longer than it is of use.
 *
 * @param {string} text
 */
function onOneLine(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what has to go.
  const line = stripVTControlCharacters(text).replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\s]+/g, ' ');
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

module.exports = { credentialsOf, onOneLine, redact };
