'use strict';

const { givenMember, hasOwn, isGiven } = require('./given-member.js');

/**
 * @typedef {import('../index.js').ClientAuthErrorCode} ClientAuthErrorCode
 *
 * @typedef {object} NativeError an expected failure of the native side, which returns it and never throws
 * @property {string} code
 * @property {string} message
 * @property {boolean} transient
 * @property {string} [url]
 * @property {number} [status]
 * @property {number} [retryAfterMs]
 * @property {number} [attempts]
 * @property {{ error: string, errorDescription?: string, errorUri?: string }} [oauth]
 * @property {{ code: string, message: string }[]} [problems]
 * @property {number} [failedCall] the call of a hook or a signer that threw
 *
 * @typedef {{ stack: string }} CallerStack
 */

/**
 * What a native call returns: one of the two keys.
 *
 * @template T
 * @typedef {{ value: T, error?: undefined } | { value?: undefined, error: NativeError }} Outcome
 */

const FIELDS = ['url', 'status', 'oauth', 'retryAfterMs', 'attempts', 'problems'];

class ClientAuthError extends Error {
  /**
   * @param {ClientAuthErrorCode} code
   * @param {string} message
   * @param {{ [name: string]: any }} [fields]
   */
  constructor(code, message, fields = {}) {
    super(message, isGiven(fields, 'cause') ? { cause: fields.cause } : undefined);
    this.code = code;
    /** @type {boolean} */
    this.transient = givenMember(fields, 'transient') ?? false;
    const [url, status, oauth, retryAfterMs, attempts, problems] = FIELDS.map((name) =>
      givenMember(fields, name),
    );
    // What is not known is no property at all: console.log shows the rest and nothing else.
    if (url !== undefined) this.url = /** @type {string} */ (url);
    if (status !== undefined) this.status = /** @type {number} */ (status);
    if (oauth !== undefined) {
      this.oauth = /** @type {{ error: string, errorDescription?: string, errorUri?: string }} */ (oauth);
    }
    if (retryAfterMs !== undefined) this.retryAfterMs = /** @type {number} */ (retryAfterMs);
    if (attempts !== undefined) this.attempts = /** @type {number} */ (attempts);
    if (problems !== undefined) {
      this.problems = /** @type {readonly { code: ClientAuthErrorCode, message: string }[]} */ (problems);
    }
  }
}
Object.defineProperty(ClientAuthError.prototype, 'name', {
  value: 'ClientAuthError',
  writable: true,
  configurable: true,
});

/** @type {NativeError} */
const CLOSED = {
  code: 'ERR_CLOSED',
  message: 'the interceptor was closed; create another one',
  transient: false,
};

/**
 * Where `publicFunction` was called from. Costs microseconds: for slow and failing paths only. V8 formats the
 * frames when they are first read, so a capture that no failure needs stays cheap.
 *
 * @param {Function} publicFunction
 * @returns {CallerStack}
 */
function captureCaller(publicFunction) {
  const holder = { stack: '' };
  try {
    Error.captureStackTrace(holder, publicFunction);
  } catch {
    // Taken away, or made by somebody else: an error without its caller is better than none.
  }
  return holder;
}

/**
 * @param {string} message
 * @param {CallerStack} [caller]
 */
function invalidConfig(message, caller) {
  return withCaller(new ClientAuthError('ERR_INVALID_CONFIG', message), caller);
}

/**
 * @param {NativeError} nativeError
 * @param {CallerStack} [caller] frames of the call that failed, which native code cannot know
 * @param {{ value: unknown }} [cause] boxed, because any value can be thrown, undefined too
 */
function fromNative(nativeError, caller, cause) {
  const { code, message, ...fields } = nativeError;
  return withCaller(
    new ClientAuthError(
      /** @type {ClientAuthErrorCode} */ (code),
      message,
      cause === undefined ? fields : { ...fields, cause: cause.value },
    ),
    caller,
  );
}

/**
 * @template T
 * @param {Outcome<T>} outcome
 * @param {Function} publicFunction whose caller the error points at
 * @returns {T}
 */
function unwrap(outcome, publicFunction) {
  const failure = failureOf(outcome);
  if (failure !== undefined) throw fromNative(failure, captureCaller(publicFunction));
  return /** @type {T} */ (outcome.value);
}

/**
 * Its own: what every object inherits is no failure.
 *
 * @param {Outcome<unknown>} outcome
 * @returns {NativeError | undefined}
 */
function failureOf(outcome) {
  return hasOwn(outcome, 'error') ? outcome.error : undefined;
}

/**
 * @param {ClientAuthError} error
 * @param {CallerStack | undefined} caller
 */
function withCaller(error, caller) {
  try {
    const stack = caller?.stack;
    // Where Error.prepareStackTrace makes something else of a stack, the error keeps its own.
    const frames = typeof stack === 'string' ? stack.indexOf('\n    at ') : -1;
    if (frames !== -1) error.stack = `${error.name}: ${error.message}${stack?.slice(frames)}`;
  } catch {
    // Or throws: many callers may wait for what comes next.
  }
  return error;
}

module.exports = { CLOSED, ClientAuthError, captureCaller, failureOf, fromNative, invalidConfig, unwrap };
