'use strict';

/** Smile's `Converter`. */
const Converter = Object.freeze({
  /**
   * As Java's URLEncoder has it: for forms, a space is a plus sign.
   *
   * @param {string} text
   */
  urlEncodeString: (text) => new URLSearchParams({ '': text }).toString().slice(1),
});

/** Smile's `Base64`, of UTF-8 text. */
const Base64 = Object.freeze({
  /** @param {string} text */
  encode: (text) => Buffer.from(text, 'utf8').toString('base64'),
  /** @param {string} text */
  decode: (text) => Buffer.from(text, 'base64').toString('utf8'),
});

module.exports = { Base64, Converter };
