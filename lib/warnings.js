'use strict';

const { channel } = require('node:diagnostics_channel');
const { environment } = require('./environment.js');

const warningChannel = channel('smart-m2m:warning');

/** @param {{ code: string, message: string, clientId: string }} warning */
function publishWarning(warning) {
  if (warningChannel.hasSubscribers) warningChannel.publish(warning);
}

/**
 * Publishes what the native side has noticed since the last call. It is taken even when nobody listens: a
 * later subscriber should not be told of things long past.
 *
 * @param {number} interceptor
 */
function publishNativeWarnings(interceptor) {
  const warnings = environment.takeWarnings(interceptor);
  if (warnings.length === 0) return;
  const clientId = environment.clientId(interceptor);
  for (const { code, message } of warnings) publishWarning({ code, message, clientId });
}

module.exports = { publishNativeWarnings, publishWarning };
