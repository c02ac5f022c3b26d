'use strict';

const { parseArgs } = require('node:util');
const { ClientAuthError } = require('../client-auth-error.js');
const { printable, terminalOf } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

/**
 * What a command has of the world around it.
 *
 * @typedef {object} Io
 * @property {NodeJS.ReadableStream} stdin
 * @property {NodeJS.WritableStream} stdout for what was asked for
 * @property {NodeJS.WritableStream} stderr for everything else
 * @property {Record<string, string | undefined>} env
 * @property {boolean} isTerminal whether somebody can be asked
 * @property {AbortSignal} signal aborted when the user interrupts
 *
 * @typedef {object} Command
 * @property {string} summary one line
 * @property {string} usage what `--help` prints
 * @property {import('node:util').ParseArgsConfig['options']} options
 * @property {boolean} [allowPositionals]
 * @property {(invocation: { values: any, positionals: string[], io: Io }) => Promise<number>} run resolves with
 *   the exit code
 */

/** Loaded when it is called: none has to wait for the others' modules. */
/** @type {Readonly<Record<string, () => Command>>} */
const COMMANDS = {
  doctor: () => require('./doctor.js'),
  token: () => require('./token.js'),
  keygen: () => require('./keygen.js'),
  jwks: () => require('./jwks.js'),
  inspect: () => require('./inspect.js'),
  run: () => require('./run.js'),
};

const SUCCESS = 0;
const FAILURE = 1;
const WRONG_USE = 2;
/** As shells have it: 128 and the signal's number. */
const INTERRUPTED = 130;

/**
 * The command line `smart-m2m`.
 *
 * @param {string[]} args
 * @param {Io} io
 * @returns {Promise<number>} exit code: 0, 1 for a failure, 2 for wrong use, 130 when interrupted
 */
async function main(args, io) {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const topic = name === 'help' ? rest[0] : undefined;
    if (topic !== undefined && Object.hasOwn(COMMANDS, topic)) return show(io, COMMANDS[topic]().usage);
    if (name !== undefined) return show(io, overview());
    io.stderr.write(overview());
    return WRONG_USE;
  }
  if (name === '--version') return show(io, `${require('../../package.json').version}\n`);
  try {
    if (!Object.hasOwn(COMMANDS, name)) {
      throw new UsageError(`there is no command ${JSON.stringify(name)}`, '');
    }
    return await runCommand(name, COMMANDS[name](), rest, io);
  } catch (error) {
    return explain(error, name, io);
  }
}

/**
 * @param {string} name
 * @param {Command} command
 * @param {string[]} args
 * @param {Io} io
 */
async function runCommand(name, command, args, io) {
  const options = { ...command.options, help: { type: /** @type {const} */ ('boolean'), short: 'h' } };
  /** @type {{ values: any, positionals: string[] }} */
  let parsed;
  try {
    parsed = parseArgs({ args, options, allowPositionals: command.allowPositionals ?? false });
  } catch (error) {
    // Node's messages go on to explain how to escape; the first sentence is enough.
    const [problem] = /** @type {Error} */ (error).message.split(/\.\s|\.$|\n/);
    throw new UsageError(secretOnCommandLine(args) ?? problem, name);
  }
  if (parsed.values.help) return show(io, command.usage);
  return command.run({ ...parsed, io });
}

/** @param {string[]} args */
function secretOnCommandLine(args) {
  const given = args.find((arg) => /^--(client-)?(secret|password|passphrase|token)(=|$)/.test(arg));
  if (given === undefined) return null;
  return (
    'a command line is seen by every user of the machine: put the secret into a file ' +
    '(--client-secret-file, --passphrase-file) or into the environment (SMART_M2M_CLIENT_SECRET, SMART_M2M_PASSPHRASE)'
  );
}

/**
 * @param {unknown} error
 * @param {string} name
 * @param {Io} io
 */
function explain(error, name, io) {
  const terminal = terminalOf(io.stderr, io.env);
  if (io.signal.aborted) {
    io.stderr.write('interrupted\n');
    return INTERRUPTED;
  }
  if (error instanceof UsageError) {
    io.stderr.write(`${terminal.paragraph(`smart-m2m: ${error.message}`)}\n`);
    const help = error.command === '' ? 'smart-m2m --help' : `smart-m2m ${error.command || name} --help`;
    io.stderr.write(`${help} tells more.\n`);
    return WRONG_USE;
  }
  if (error instanceof ClientAuthError) {
    io.stderr.write(`${terminal.paragraph(`${error.code}: ${error.message}`)}\n`);
    return FAILURE;
  }
  io.stderr.write(`${printable(error instanceof Error ? (error.stack ?? error.message) : String(error))}\n`);
  return FAILURE;
}

/**
 * @param {Io} io
 * @param {string} text
 */
function show(io, text) {
  io.stdout.write(text);
  return SUCCESS;
}

function overview() {
  const names = Object.keys(COMMANDS);
  const width = Math.max(...names.map((name) => name.length));
  const lines = names.map((name) => `  ${name.padEnd(width)}  ${COMMANDS[name]().summary}`);
  return `Usage: smart-m2m <command> [options]

Tokens for SMART on FHIR and OAuth 2.0 servers, machine to machine.

${lines.join('\n')}

  smart-m2m <command> --help   what a command takes
  smart-m2m --version          the version

Secrets are read from files, from the environment or from the terminal, never from the command line.
Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.
`;
}

module.exports = { main };
