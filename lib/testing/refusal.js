'use strict';

const LONGEST_QUOTE = 200;

/**
 * Why a request is refused: thrown where a rule is found broken, and kept in the log.
 */
class Refusal extends Error {
  /**
   * @param {object} fields
   * @param {import('./index.js').CheckName | null} [fields.check] the check that can be loosened, null where none can
   * @param {string} fields.rule where it is written
   * @param {string} fields.explanation in plain English
   * @param {string} fields.error of RFC 6749 §5.2 or RFC 6750 §3.1
   * @param {number} [fields.status]
   * @param {Record<string, string>} [fields.headers]
   */
  constructor({ check = null, rule, explanation, error, status = 400, headers = {} }) {
    super(explanation);
    this.name = 'Refusal';
    this.check = check;
    this.rule = rule;
    this.error = error;
    this.status = status;
    this.headers = headers;
    /** Of the client and the token that it is about, as far as they are known by then. */
    this.clientId = /** @type {string | null} */ (null);
    this.tokenNumber = /** @type {number | null} */ (null);
  }

  /** What the log says. */
  get explanation() {
    return `${this.message} (${this.rule})`;
  }

  /** What the client is told: of the characters that RFC 6749 §5.2 has for an error_description. */
  get description() {
    return this.explanation
      .replaceAll('§', 'section ')
      .replaceAll('"', "'")
      .replace(/[^\x20-\x7e]|\\/g, '?');
  }
}

/**
 * A client's text inside an explanation: bounded, in one line.
 *
 * @param {unknown} value
 */
function quoted(value) {
  if (value === undefined) return 'nothing';
  if (typeof value !== 'string') return bounded(JSON.stringify(value) ?? String(value));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return `'${bounded(value.replace(/[\x00-\x1f\x7f]/g, '?'))}'`;
}

/** @param {string} text */
function bounded(text) {
  return text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}...` : text;
}

/** @param {readonly string[]} values */
function listed(values) {
  return values.length === 0 ? 'none' : values.map(quoted).join(', ');
}

module.exports = { Refusal, listed, quoted };
