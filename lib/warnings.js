'use strict';

const { channel } = require('node:diagnostics_channel');

const warningChannel = channel('smart-m2m:warning');

/** @param {{ code: string, message: string, clientId: string | null }} warning */
function publishWarning(warning) {
  if (warningChannel.hasSubscribers) warningChannel.publish(warning);
}

module.exports = { publishWarning };
