'use strict';

const { channel } = require('node:diagnostics_channel');

const warningChannel = channel('smart-m2m:warning');

/** @param {{ code: string, message: string, clientId: string }} warning */
function publishWarning(warning) {
  if (warningChannel.hasSubscribers) warningChannel.publish(warning);
}

/**
 * Publishes what the native side has noticed since the last call. It is taken even when nobody listens: a
 * later subscriber should not be told of things long past.
 *
 * @param {{ clientId: string, takeWarnings(): { code: string, message: string }[] }} interceptor
 */
function publishNativeWarnings(interceptor) {
  for (const { code, message } of interceptor.takeWarnings()) {
    publishWarning({ code, message, clientId: interceptor.clientId });
  }
}

module.exports = { publishNativeWarnings, publishWarning };
