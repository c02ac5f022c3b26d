'use strict';

const { startSmartServer } = require('./smart-server.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = { startSmartServer };
