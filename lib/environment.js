'use strict';

const { invalidConfig, unwrap } = require('./client-auth-error.js');
const { hasOwn } = require('./given-member.js');
const { environment, recipient } = require('./native-environment.js');
const { forgetSigner, sign } = require('./signers.js');

/**
 * @typedef {import('./native.js').NativeLetter} NativeLetter
 * @typedef {InstanceType<typeof import('./pending-token.js').PendingToken>} PendingToken
 */

/** Whose outcome is to come, and whose hooks may be asked meanwhile. */
/** @type {Map<number, PendingToken>} */
const pendingByTicket = new Map();
let tickets = 0;
/** Of pending tokens that somebody waits for. */
let waitedFor = 0;
let listening = false;

/** Who waits for the one letter of a ticket that no token belongs to. */
/** @type {Map<number, (answer: any) => void>} */
const questions = new Map();

/** What hooks and signers have thrown, by their call: boxed, as anything can be thrown. */
/** @type {Map<number, { value: unknown }>} */
const thrownByCall = new Map();
/** An error with its call is on its way for a moment only. */
const MAX_THROWN = 256;

/**
 * Those of `tracingChannel('smart-m2m:token')` that are used.
 *
 * @type {import('node:diagnostics_channel').Channel[] | undefined}
 */
let traces;
/**
 * Since it was first listened for.
 *
 * @type {typeof import('./token-requests.js').publishTokenRequest | undefined}
 */
let publishTokenRequest;
/** @type {import('node:diagnostics_channel').Channel | undefined} */
let warningChannel;

/**
 * An interceptor that nobody has any more leaves the core. A native object for each would have the same effect,
 * at many times the cost for every garbage collection.
 *
 * @type {FinalizationRegistry<number>}
 */
const abandoned = new FinalizationRegistry((interceptor) => environment.forgetInterceptor(interceptor));

/**
 * @param {PendingToken} pending
 * @returns {number} for `acquire` or `renew`
 */
function openTicket(pending) {
  const ticket = nextTicket();
  pendingByTicket.set(ticket, pending);
  return ticket;
}

function nextTicket() {
  tickets = (tickets + 1) % 2 ** 32;
  return tickets;
}

/** The core makes events only while somebody subscribes, which nothing announces. */
function updateListening() {
  traces ??= openTraces();
  if (listening === traces.some((trace) => trace.hasSubscribers)) return;
  if (!listening && !canTellOfTokenRequests()) return;
  listening = !listening;
  environment.listen(listening);
}

/** Before the first letter, which cannot wait until there is a file descriptor to load the module with. */
function canTellOfTokenRequests() {
  try {
    publishTokenRequest ??= require('./token-requests.js').publishTokenRequest;
    return true;
  } catch {
    return false;
  }
}

function openTraces() {
  const { channel } = require('node:diagnostics_channel');
  return ['start', 'error', 'end'].map((name) => channel(`tracing:smart-m2m:token:${name}`));
}

/** Somebody waits for one more token: the process stays alive. */
function hold() {
  waitedFor += 1;
  if (waitedFor === 1) environment.hold();
}

function release() {
  waitedFor -= 1;
  if (waitedFor === 0) environment.release();
}

/** @param {NativeLetter[]} letters */
function deliver(letters) {
  for (const letter of letters) {
    try {
      openLetter(letter);
    } catch (error) {
      // Told as what it is, an uncaught error; the letters behind it are not to blame.
      queueMicrotask(() => {
        throw error;
      });
    }
  }
}

/** @param {NativeLetter} letter */
function openLetter(letter) {
  if (is(letter, 'event')) publishTokenRequest?.(letter.event);
  else if (is(letter, 'outcome')) settle(letter.ticket, letter.outcome);
  else if (is(letter, 'signer')) askSigner(letter);
  else if (is(letter, 'forgottenSigner')) forgetSigner(letter.forgottenSigner);
  else if (is(letter, 'lookedFor')) questions.get(letter.lookedFor)?.(letter.trouble);
  else if (is(letter, 'diagnosed')) questions.get(letter.diagnosed)?.(letter.diagnosis);
  else askHooks(/** @type {Extract<NativeLetter, { context: unknown }>} */ (letter));
}

/**
 * By a member of its own.
 *
 * @template {string} K
 * @param {NativeLetter} letter
 * @param {K} kind
 * @returns {letter is Extract<NativeLetter, Record<K, any>>}
 */
function is(letter, kind) {
  return hasOwn(letter, kind);
}

/**
 * @param {number} ticket
 * @param {import('./pending-token.js').TokenOutcome} outcome
 */
function settle(ticket, outcome) {
  const pending = pendingByTicket.get(ticket);
  pendingByTicket.delete(ticket);
  pending?.settle(outcome);
}

/** @param {{ ticket: number, call: number, context: import('./native.js').NativePreTokenContext }} letter */
async function askHooks({ ticket, call, context }) {
  try {
    const pending = pendingByTicket.get(ticket);
    // Going on without it would be a token request that the hook has never heard of.
    if (pending === undefined) throw invalidConfig('the acquisition that the hook belongs to is over');
    environment.answerHook(call, await pending.askHooks(context));
  } catch (error) {
    fail(call, error);
  }
}

/** @param {{ signer: number, call: number, input: Uint8Array, algorithm: string }} letter */
async function askSigner({ signer, call, input, algorithm }) {
  try {
    environment.answerSigner(call, await sign(signer, input, algorithm));
  } catch (error) {
    fail(call, error);
  }
}

/**
 * @param {number} call
 * @param {unknown} thrown
 */
function fail(call, thrown) {
  if (thrownByCall.size >= MAX_THROWN)
    thrownByCall.delete(/** @type {number} */ (thrownByCall.keys().next().value));
  thrownByCall.set(call, { value: thrown });
  environment.failCall(call);
}

/**
 * @param {(ticket: number) => void} pose has the core answer this ticket
 * @param {AbortSignal | null} [signal] not aborted yet; ends the wait
 * @returns {Promise<any>} the answer; the process stays alive until it is there
 */
async function ask(pose, signal) {
  const ticket = nextTicket();
  const onAbort = () => questions.get(ticket)?.(reasonOf(signal));
  /** @type {(() => void) | undefined} */
  let stopListening;
  hold();
  try {
    const answer = new Promise((resolve) => questions.set(ticket, resolve));
    if (signal) stopListening = require('./abort-listeners.js').whenAborted(signal, onAbort);
    // Since it was looked at: an aborted signal says nothing again.
    if (signal?.aborted) onAbort();
    pose(ticket);
    return await answer;
  } finally {
    questions.delete(ticket);
    release();
    stopListening?.();
  }
}

/**
 * @param {AbortSignal | null | undefined} signal
 * @returns {Promise<never>}
 */
async function reasonOf(signal) {
  throw signal?.reason;
}

/**
 * @param {string} name of a keystore whose file may have changed
 * @param {Function} caller
 * @returns {Promise<import('./native.js').NativeWarning | null>} what is wrong with the file
 */
function lookAtKeystore(name, caller) {
  return ask((ticket) => unwrap(environment.lookAtKeystore(name, ticket), caller));
}

/**
 * What a hook or a signer threw in the call that an error names. Several acquisitions may share that error, and
 * other threads, which know nothing of it.
 *
 * @param {number | undefined} call
 */
function thrownBy(call) {
  return call === undefined ? undefined : thrownByCall.get(call);
}

/**
 * Publishes what the core has noticed since the last call. It is taken even when nobody listens: a later
 * subscriber should not be told of things long past.
 *
 * @param {number} interceptor
 */
function publishWarnings(interceptor) {
  const warnings = environment.takeWarnings(interceptor);
  if (warnings.length === 0) return;
  const clientId = environment.clientId(interceptor);
  for (const { code, message } of warnings) publishWarning({ code, message, clientId });
}

/**
 * Here and not in a file of its own: one that cannot be loaded, for want of a file descriptor, would leave the callers
 * waiting whose answer brings the first warning.
 *
 * @param {{ code: string, message: string, clientId: string | null }} warning
 */
function publishWarning(warning) {
  warningChannel ??= require('node:diagnostics_channel').channel('smart-m2m:warning');
  if (warningChannel.hasSubscribers) warningChannel.publish(warning);
}

recipient.deliver = deliver;

module.exports = {
  abandoned,
  ask,
  environment,
  hold,
  lookAtKeystore,
  openTicket,
  publishWarning,
  publishWarnings,
  release,
  thrownBy,
  updateListening,
};
