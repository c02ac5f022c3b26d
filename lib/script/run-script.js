'use strict';

const { Console } = require('node:console');
const { Writable } = require('node:stream');
const { installGlobals, scriptGlobals } = require('./globals.js');
const { loadScript } = require('./load-script.js');
const { createLog } = require('./log.js');

/**
 * @typedef {object} RunOptions
 * @property {string} path absolute
 * @property {string | undefined} name of the function; undefined: `main`, else the default export
 * @property {unknown[]} args
 * @property {import('./log.js').Level} logLevel
 * @property {Record<string, string | undefined>} env what `Environment` shows
 * @property {(text: string) => void} write where `Log` and `console` go
 * @property {AbortSignal} signal ends the run, which rejects with its reason
 * @property {InstanceType<typeof import('./pending-work.js').PendingWork>} pending
 */

/** The script has no function to call. */
class NoSuchFunction extends Error {}

/** What a script died of. Anything can be thrown, so it is boxed. */
class ScriptFailure extends Error {
  /**
   * @param {unknown} thrown
   * @param {number} requests those under way when it failed
   */
  constructor(thrown, requests) {
    super('the script failed');
    this.thrown = thrown;
    this.requests = requests;
  }
}

/**
 * Loads a script, calls one of its functions, and waits for all that it began. Nothing of the run is left in the
 * process, but what the script itself left.
 *
 * @param {RunOptions} options
 * @returns {Promise<unknown>} what the function returned; rejects with a ScriptFailure, a NoSuchFunction or the
 *   signal's reason
 */
async function runScript({ path, name, args, logLevel, env, write, signal, pending }) {
  const interruption = watch(signal);
  const rejections = watchRejections();
  const standstill = watchStandstill();
  const exception = watchExceptions();
  const log = createLog(write, logLevel);
  const run = { log, console: consoleOf(write), env, signal: interruption.signal, begin: pending.begin };
  const globals = scriptGlobals(run);
  const restore = installGlobals(globals);
  try {
    const result = await Promise.race([
      interruption.promise,
      standstill.promise,
      exception.promise,
      call(path, name, args, globals),
    ]);
    if (pending.size > 0) {
      log.warn(`the function returned with requests under way (${pending.size}): is an await missing?`);
      await Promise.race([interruption.promise, standstill.promise, exception.promise, pending.settled()]);
    }
    // What nobody awaited is noticed after the microtasks.
    await new Promise(setImmediate);
    rejections.throwFirst();
    return result;
  } catch (error) {
    const { size } = pending;
    // What is still under way is of no use to anybody, and its failure is not what is to be told.
    interruption.end(new Error('the run is over'));
    await pending.settled();
    await new Promise(setImmediate);
    if (signal.aborted) throw signal.reason;
    throw error instanceof NoSuchFunction ? error : new ScriptFailure(error, size);
  } finally {
    interruption.end(new Error('the run is over'));
    restore();
    rejections.end();
    standstill.end();
    exception.end();
  }
}

/**
 * @param {string} path
 * @param {string | undefined} name
 * @param {unknown[]} args
 * @param {Record<string, unknown>} globals
 */
async function call(path, name, args, globals) {
  const script = await loadScript(path, globals);
  const target = name === undefined ? script.standardFunction() : script.functionNamed(name);
  if (target === null) {
    const wanted = name === undefined ? 'no function main and no default export' : `no function ${name}`;
    const has = script.names.length === 0 ? '' : `; it has ${script.names.join(', ')}`;
    throw new NoSuchFunction(`${path} has ${wanted}${has}`);
  }
  return target(...args);
}

/** @param {(text: string) => void} write */
function consoleOf(write) {
  const output = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      write(String(chunk));
      done();
    },
  });
  return new Console({ stdout: output, stderr: output });
}

/**
 * The run's own signal: aborted with the given one, and when the run is over.
 *
 * @param {AbortSignal} given
 */
function watch(given) {
  const controller = new AbortController();
  const { signal } = controller;
  const forward = () => controller.abort(given.reason);
  if (given.aborted) forward();
  else given.addEventListener('abort', forward, { once: true });
  const promise = /** @type {Promise<never>} */ (
    new Promise((_resolve, reject) => {
      const fail = () => reject(signal.reason);
      if (signal.aborted) fail();
      else signal.addEventListener('abort', fail, { once: true });
    })
  );
  promise.catch(() => {});
  return {
    signal,
    promise,
    /** @param {Error} reason */
    end(reason) {
      given.removeEventListener('abort', forward);
      controller.abort(reason);
    },
  };
}

/** Node would end the process as if all were well: nothing is left to do, and the script is not done. */
function watchStandstill() {
  /** @type {() => void} */
  let tell = () => {};
  const promise = /** @type {Promise<never>} */ (
    new Promise((_resolve, reject) => {
      tell = () => reject(new Error('the script waits for a promise that nothing can settle any more'));
    })
  );
  promise.catch(() => {});
  process.once('beforeExit', tell);
  return {
    promise,
    end: () => void process.off('beforeExit', tell),
  };
}

/** What is thrown in a timer or an event of the script's own is its failure, and not the end of the process either. */
function watchExceptions() {
  /** @type {NodeJS.UncaughtExceptionListener} */
  let tell = () => {};
  const promise = /** @type {Promise<never>} */ (
    new Promise((_resolve, reject) => {
      tell = reject;
    })
  );
  promise.catch(() => {});
  process.on('uncaughtException', tell);
  return {
    promise,
    end: () => void process.off('uncaughtException', tell),
  };
}

/** A promise that failed and that nobody awaited is a failure of the script, not the end of the process. */
function watchRejections() {
  /** @type {Map<Promise<unknown>, unknown>} */
  const unhandled = new Map();
  /** @type {NodeJS.UnhandledRejectionListener} */
  const note = (reason, promise) => void unhandled.set(promise, reason);
  /** @type {NodeJS.RejectionHandledListener} */
  const forget = (promise) => void unhandled.delete(promise);
  process.on('unhandledRejection', note);
  process.on('rejectionHandled', forget);
  return {
    throwFirst() {
      for (const reason of unhandled.values()) throw reason;
    },
    end() {
      process.off('unhandledRejection', note);
      process.off('rejectionHandled', forget);
    },
  };
}

module.exports = { NoSuchFunction, ScriptFailure, runScript };
