'use strict';

const { startSmartServer } = require('./start.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = { startSmartServer };
