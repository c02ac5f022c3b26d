'use strict';

const { randomUUID } = require('node:crypto');

/** Smile's `Uuid`. */
const Uuid = Object.freeze({
  /** The id of a resource in a transaction until the server has given one. */
  newPlaceholderId: () => `urn:uuid:${randomUUID()}`,
});

module.exports = { Uuid };
