'use strict';

const { readFile, stat } = require('node:fs/promises');
const { basename, resolve } = require('node:path');
const { text: readAll } = require('node:stream/consumers');
const { describeFailure } = require('../script/failure.js');
const { LEVELS } = require('../script/log.js');
const { PendingWork } = require('../script/pending-work.js');
const { NoSuchFunction, ScriptFailure, runScript } = require('../script/run-script.js');
const { startProgress } = require('./progress.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 */

const summary = 'run a script in the manner of Smile CDR, outside the server';

const usage = `Usage: smart-m2m run <script> [options]

Loads a script, calls one of its functions and prints what that returns, as
JSON. The script is a classic Smile script (functions, no exports), a CommonJS
module or an ES module. It finds FhirClientFactory, ClientAuthParams,
ClientAuthInterceptorFactory, BasicNameValuePair, Keystores, Environment, Log,
Http and others without importing them; docs/smile-scripts.md lists them.
Requests are promises: they take an await.

  --function <name>    which function; default: main, else the default export
  --argument <json>    an argument, as JSON; @<file>: from a file; -: from
                       stdin. Once for each argument
  --log-level <level>  the least of Log to show, on stderr: trace, debug, info,
                       warn, error; default info

Secrets belong into the environment or into a file, not into an argument:
Environment.getEnv(name) reads the environment.
Exit codes: 0 done, 1 the script failed, 2 wrong use, 130 interrupted.
`;

const options = /** @type {const} */ ({
  function: { type: 'string' },
  argument: { type: 'string', multiple: true },
  'log-level': { type: 'string' },
});

/**
 * @param {{ values: any, positionals: string[], io: Io }} invocation
 * @returns {Promise<number>} exit code
 */
async function run({ values, positionals, io }) {
  const pending = new PendingWork();
  let label = 'the script';
  const progress = startProgress(io.stderr, (seconds) => {
    const requests =
      pending.size === 0 ? '' : `, ${pending.size} ${pending.size === 1 ? 'request' : 'requests'} under way`;
    return `${label}: ${seconds} s${requests}`;
  });
  try {
    const { script, name, logLevel } = await readCommand(values, positionals);
    const args = await readArguments(values.argument ?? [], io.stdin);
    label = name ?? basename(script);
    const { env, signal } = io;
    const { write } = progress;
    const result = await runScript({ path: script, name, args, logLevel, env, write, signal, pending });
    const json = jsonOf(result);
    if (json !== undefined) io.stdout.write(`${json}\n`);
    return 0;
  } catch (error) {
    return explain(error, io.signal, progress.write);
  } finally {
    progress.end();
  }
}

/**
 * @param {any} values
 * @param {string[]} positionals
 */
async function readCommand(values, positionals) {
  const [path, ...rest] = positionals;
  if (path === undefined || rest.length > 0) throw new UsageError('expected one script');
  const logLevel = values['log-level'] ?? 'info';
  if (!LEVELS.includes(logLevel)) throw new UsageError(`--log-level: expected one of ${LEVELS.join(', ')}`);
  const script = resolve(path);
  const found = await stat(script).catch(() => null);
  if (found === null || !found.isFile()) throw new UsageError(`there is no file ${script}`);
  return { script, logLevel, name: /** @type {string | undefined} */ (values.function) };
}

/**
 * @param {string[]} given
 * @param {NodeJS.ReadableStream} stdin
 */
async function readArguments(given, stdin) {
  if (given.filter((one) => one === '-').length > 1)
    throw new UsageError('--argument -: stdin can be read once');
  const args = [];
  for (const [index, one] of given.entries()) {
    const which = given.length === 1 ? '--argument' : `--argument number ${index + 1}`;
    const source = one === '-' ? 'stdin' : one.startsWith('@') ? resolve(one.slice(1)) : null;
    const json = source === null ? one : await readSource(source, stdin, which);
    try {
      args.push(JSON.parse(json));
    } catch {
      // The value itself is not repeated: it may be a secret after all.
      const what = source ?? 'what was given';
      throw new UsageError(`${which}: ${what} is no JSON; text takes quotes: '"text"'`);
    }
  }
  return args;
}

/**
 * @param {string} source
 * @param {NodeJS.ReadableStream} stdin
 * @param {string} which
 */
async function readSource(source, stdin, which) {
  if (source === 'stdin') return readAll(stdin);
  return readFile(source, 'utf8').catch((error) => {
    throw new UsageError(`${which}: ${source} cannot be read (${error.code})`);
  });
}

/**
 * A promise in the result would silently become {}.
 *
 * @param {unknown} result
 */
function jsonOf(result) {
  return JSON.stringify(
    result,
    (name, value) => {
      if (typeof value?.then === 'function') {
        throw new TypeError(`the result's ${JSON.stringify(name)} is a promise: it takes an await`);
      }
      return value;
    },
    2,
  );
}

/**
 * What the script did wrong. The rest is told as for every command.
 *
 * @param {unknown} error
 * @param {AbortSignal} signal
 * @param {(text: string) => void} write
 */
function explain(error, signal, write) {
  if (signal.aborted || error instanceof UsageError) throw error;
  if (error instanceof NoSuchFunction) throw new UsageError(error.message);
  const failure = error instanceof ScriptFailure ? error : new ScriptFailure(error, 0);
  write(`${describeFailure(failure.thrown)}\n`);
  if (failure.requests > 0) {
    write(`requests were still under way (${failure.requests}): is an await missing?\n`);
  }
  return 1;
}

module.exports = { allowPositionals: true, options, run, summary, usage };
