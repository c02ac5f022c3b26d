'use strict';

const { Mailbox } = require('./native.js');
const { isTracing, publishTokenRequest } = require('./token-requests.js');

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

/** This thread's one: through it comes everything that the core has to say. */
const mailbox = new Mailbox(deliver);

/**
 * @param {PendingToken} pending
 * @param {(ticket: number) => void} request
 */
function openTicket(pending, request) {
  tickets = (tickets + 1) % 2 ** 32;
  pendingByTicket.set(tickets, pending);
  updateListening();
  request(tickets);
}

/** The core makes events only while somebody subscribes, which nothing announces. */
function updateListening() {
  if (listening === isTracing()) return;
  listening = !listening;
  mailbox.listen(listening);
}

/** Somebody waits for one more token: the process stays alive. */
function hold() {
  waitedFor += 1;
  if (waitedFor === 1) mailbox.hold();
}

function release() {
  waitedFor -= 1;
  if (waitedFor === 0) mailbox.release();
}

/** @param {NativeLetter[]} letters */
function deliver(letters) {
  for (const letter of letters) {
    if (letter.event !== undefined) publishTokenRequest(letter.event);
    else if (letter.outcome !== undefined) settle(letter.ticket, letter.outcome);
    else askHooks(letter.ticket, letter.call, letter.context);
  }
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

/**
 * @param {number} ticket
 * @param {number} call
 * @param {import('./native.js').NativePreTokenContext} context
 */
async function askHooks(ticket, call, context) {
  try {
    mailbox.answerHook(call, await pendingByTicket.get(ticket)?.askHooks(context));
  } catch {
    mailbox.failHook(call);
  }
}

module.exports = { hold, mailbox, openTicket, release, updateListening };
