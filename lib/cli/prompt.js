'use strict';

const { createInterface } = require('node:readline');
const { Writable } = require('node:stream');

/**
 * @typedef {import('./main.js').Io} Io
 */

/**
 * Asks for a secret, which does not appear on the terminal.
 *
 * @param {Io} io whose `isTerminal` is true
 * @param {string} question
 * @returns {Promise<string>}
 */
async function askSecret(io, question) {
  io.stderr.write(question);
  const swallow = new Writable({ write: (_chunk, _encoding, done) => done() });
  const answer = await readLine(io, { output: swallow, terminal: true });
  io.stderr.write('\n');
  return answer;
}

/**
 * @param {Io} io
 * @param {string} question
 * @returns {Promise<string>} without white space around it
 */
async function ask(io, question) {
  io.stderr.write(question);
  return (await readLine(io, { output: undefined, terminal: false })).trim();
}

/**
 * @param {Io} io
 * @param {{ output: NodeJS.WritableStream | undefined, terminal: boolean }} options
 * @returns {Promise<string>}
 */
function readLine({ stdin, signal }, { output, terminal }) {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const lines = createInterface({ input: stdin, output, terminal });
    const onAbort = () => {
      lines.close();
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    let answer = '';
    lines.once('line', (line) => {
      answer = line;
      lines.close();
    });
    // Ctrl-C: in this mode the terminal hands it over as a key.
    lines.once('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    lines.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(answer);
    });
  });
}

module.exports = { ask, askSecret };
