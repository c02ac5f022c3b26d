'use strict';

const { terminalOf } = require('../terminal.js');

/**
 * @typedef {import('./steps.js').Step} Step
 * @typedef {import('../main.js').Io} Io
 */

const MARKS = { ok: '✓', attention: '!', failed: '✗', skipped: '-' };
const NAME_WIDTH = 16;
const LABEL_WIDTH = 12;
/** A server's lists can be as long as it likes. */
const LONGEST_TEXT = 1500;
/** Below the text of a step. */
const INDENT = ' '.repeat(NAME_WIDTH + 2);

/** Prints steps as they are made, and what is being waited for where there is a terminal. */
class Report {
  #stream;
  #terminal;
  #isLive;
  #isWaiting = false;

  /** @param {Io} io */
  constructor({ stdout, env, isTerminal }) {
    this.#stream = stdout;
    this.#terminal = terminalOf(stdout, env);
    this.#isLive = isTerminal && /** @type {{ isTTY?: boolean }} */ (stdout).isTTY === true;
  }

  /** @param {string} what in words; replaced by what comes next */
  waitingFor(what) {
    if (!this.#isLive) return;
    this.#clearLine();
    this.#stream.write(this.#terminal.styled('faint', `… ${what}`.slice(0, this.#terminal.columns - 1)));
    this.#isWaiting = true;
  }

  /** @param {Step} step */
  step({ name, status, summary, details = [], cause, remedy }) {
    this.#clearLine();
    const { styled, paragraph } = this.#terminal;
    const body = paragraph(cut(summary), INDENT).slice(INDENT.length);
    const mark = styled(status, MARKS[status]);
    this.#write(`${mark} ${styled('strong', name.padEnd(NAME_WIDTH))}${body}`);
    for (const [label, text] of details) this.#labelled(label, text, 'faint');
    if (cause !== undefined) this.#labelled('cause', cause, 'strong');
    if (remedy !== undefined) this.#labelled('change', remedy, 'strong');
  }

  /** @param {string} text */
  text(text) {
    this.#clearLine();
    this.#write(this.#terminal.paragraph(text));
  }

  /** Not wrapped. @param {string} code */
  code(code) {
    this.#clearLine();
    this.#write(
      code
        .split('\n')
        .map((line) => `  ${line}`.trimEnd())
        .join('\n'),
    );
  }

  /**
   * @param {string} label
   * @param {string} text
   * @param {import('../terminal.js').Style} style of the label
   */
  #labelled(label, text, style) {
    const { styled, paragraph } = this.#terminal;
    const indent = INDENT + ' '.repeat(LABEL_WIDTH);
    const body = paragraph(cut(text), indent).slice(indent.length);
    this.#write(`${INDENT}${styled(style, label.padEnd(LABEL_WIDTH))}${body}`.trimEnd());
  }

  #clearLine() {
    if (!this.#isWaiting) return;
    this.#stream.write('\r\u001b[K');
    this.#isWaiting = false;
  }

  /** @param {string} line */
  #write(line) {
    this.#stream.write(`${line}\n`);
  }
}

/** @param {string} text */
function cut(text) {
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT)}…` : text;
}

module.exports = { Report };
