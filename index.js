'use strict';

const { ClientAuthError } = require('./lib/client-auth-error.js');
const { ClientAuthInterceptorFactory } = require('./lib/client-auth-interceptor-factory.js');

// Not by the first create(): whoever has no addon is to hear of it where the package is loaded.
require('./lib/native-environment.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = {
  ClientAuthError,
  ClientAuthInterceptorFactory,
  // What is not used at once is loaded when it is: `require` counts in every short-lived process.
  get ClientAuthInterceptor() {
    return require('./lib/client-auth-interceptor.js').ClientAuthInterceptor;
  },
  get ClientAuthParams() {
    return require('./lib/client-auth-params.js').ClientAuthParams;
  },
  get ClientAuthState() {
    return this.ClientAuthParams;
  },
  get BasicNameValuePair() {
    return require('./lib/additional-parameters.js').BasicNameValuePair;
  },
  get Keystores() {
    return require('./lib/keystores.js').Keystores;
  },
};
