'use strict';

/** The command line is wrong; the message says how, in a sentence without its full stop. */
class UsageError extends Error {
  /**
   * @param {string} message
   * @param {string} [command] whose `--help` tells more
   */
  constructor(message, command) {
    super(message);
    this.command = command;
  }
}

module.exports = { UsageError };
