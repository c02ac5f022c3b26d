'use strict';

const { addon } = require('./addon.js');

/**
 * What this thread has of the core: its interceptors, by number, and everything that the core has to say.
 *
 * Made where the package is loaded, and not by the first create(): letters come in the asynchronous context that it is
 * made in, and one that belongs to a request would be there for ever.
 */
const environment = new addon.Environment((letters) => {
  require('./environment.js').deliver(letters);
});

module.exports = { environment };
