'use strict';

const { addon } = require('./addon.js');

/**
 * Who opens the letters of the core. By reference: a `require` would look in the module registry of the moment, which a
 * test runner or a program that loads its modules anew may have emptied since. Nobody is asked for anything before
 * environment.js has put its function here.
 *
 * @type {{ deliver: (letters: import('./native.js').NativeLetter[]) => void }}
 */
const recipient = { deliver() {} };

/**
 * What this thread has of the core: its interceptors, by number, and everything that the core has to say.
 *
 * Made where the package is loaded, and not by the first create(): letters come in the asynchronous context that it is
 * made in, and one that belongs to a request would be there for ever.
 */
const environment = new addon.Environment((letters) => recipient.deliver(letters));

module.exports = { environment, recipient };
