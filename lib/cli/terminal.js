'use strict';

/**
 * @typedef {'ok' | 'attention' | 'failed' | 'skipped' | 'strong' | 'faint'} Style
 *
 * @typedef {object} Terminal
 * @property {number} columns
 * @property {(style: Style, text: string) => string} styled
 * @property {(text: string, indent?: string, firstIndent?: string) => string} paragraph printable, and wrapped to the width
 */

/** @type {Readonly<Record<Style, readonly [number, number]>>} */
const CODES = {
  ok: [32, 39],
  attention: [33, 39],
  failed: [31, 39],
  skipped: [2, 22],
  strong: [1, 22],
  faint: [2, 22],
};

const USUAL_COLUMNS = 80;
/** Longer lines are hard to read. */
const MOST_COLUMNS = 100;
const FEWEST_COLUMNS = 40;

/**
 * How text looks on a stream: coloured on a terminal alone (NO_COLOR and FORCE_COLOR are respected), and no
 * wider than it.
 *
 * @param {NodeJS.WritableStream} stream
 * @param {Record<string, string | undefined>} env
 * @returns {Terminal}
 */
function terminalOf(stream, env) {
  const { isTTY = false, columns: width } = /** @type {{ isTTY?: boolean, columns?: number }} */ (stream);
  // Some pseudoterminals say 0.
  const columns = Math.max(FEWEST_COLUMNS, Math.min(width || USUAL_COLUMNS, MOST_COLUMNS));
  const isColoured = usesColour(isTTY, env);
  return {
    columns,
    styled(style, text) {
      if (!isColoured) return text;
      const [on, off] = CODES[style];
      return `\u001b[${on}m${text}\u001b[${off}m`;
    },
    paragraph: (text, indent = '', firstIndent = indent) => wrap(text, columns, indent, firstIndent),
  };
}

/**
 * @param {boolean} isTTY
 * @param {Record<string, string | undefined>} env
 */
function usesColour(isTTY, { NO_COLOR, FORCE_COLOR, TERM }) {
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0';
  return isTTY && TERM !== 'dumb';
}

/** Controls, and what changes the direction or shows nothing; a line end stays. */
const OBEYED = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/gu;

/**
 * Text of somebody else, such as a server: a terminal would obey what it has of escape sequences.
 *
 * @param {string} text
 */
function printable(text) {
  return text.replaceAll(OBEYED, (character) => (/\s/.test(character) ? ' ' : '\ufffd'));
}

/**
 * One document, with nothing in it that a terminal obeys: JSON itself escapes a part of that alone.
 *
 * @param {unknown} value
 */
function jsonDocument(value) {
  const escaped = (/** @type {string} */ character) =>
    Array.from(
      { length: character.length },
      (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`,
    ).join('');
  return `${JSON.stringify(value, null, 2).replaceAll(OBEYED, escaped)}\n`;
}

/**
 * A word that is longer than a line, as a URL can be, has one of its own.
 *
 * @param {string} text
 * @param {number} columns
 * @param {string} indent
 * @param {string} firstIndent
 */
function wrap(text, columns, indent, firstIndent) {
  /** @type {string[]} */
  const lines = [];
  for (const [index, part] of printable(text).split('\n').entries()) {
    let line = index === 0 ? firstIndent : indent;
    let isEmpty = true;
    for (const word of part.split(' ')) {
      if (!isEmpty && line.length + 1 + word.length > columns) {
        lines.push(line);
        line = indent;
        isEmpty = true;
      }
      line += isEmpty ? word : ` ${word}`;
      isEmpty = false;
    }
    lines.push(line.trimEnd());
  }
  return lines.join('\n');
}

module.exports = { jsonDocument, printable, terminalOf };
