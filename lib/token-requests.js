'use strict';

const { tracingChannel } = require('node:diagnostics_channel');
const { fromNative } = require('./client-auth-error.js');
const { hasOwn } = require('./given-member.js');

/**
 * @typedef {import('./native.js').NativeTokenRequestEvent} NativeEvent
 * @typedef {import('../index.js').TokenRequestTrace} TokenRequestTrace
 */

/** Attempts under way at the same time; further ones are told of as if they began at their end. */
const MAX_OPEN = 1024;

const { start, end, error } = tracingChannel('smart-m2m:token');

/** What `start` has published, for `error` and `end` to publish again. */
/** @type {Map<number, TokenRequestTrace>} */
const open = new Map();

/**
 * One HTTP attempt, in the order of `tracingChannel.traceSync`: `start`, `error` if it failed, `end`.
 *
 * @param {NativeEvent} event
 */
function publishTokenRequest(event) {
  if (!hasOwn(event, 'durationMs')) {
    if (open.size < MAX_OPEN) open.set(event.id, begin(event));
    return;
  }
  const trace = open.get(event.id) ?? begin(event);
  open.delete(event.id);
  trace.durationMs = event.durationMs;
  if (event.error !== undefined && hasOwn(event, 'error')) {
    trace.error = fromNative(event.error);
    error.publish(trace);
  }
  end.publish(trace);
}

/**
 * @param {NativeEvent} event
 * @returns {TokenRequestTrace}
 */
function begin({ clientId, tokenEndpoint, reason, attempt }) {
  const trace = { clientId, tokenEndpoint, reason, attempt };
  start.publish(trace);
  return trace;
}

module.exports = { publishTokenRequest };
