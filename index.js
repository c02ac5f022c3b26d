'use strict';

const { ClientAuthError } = require('./lib/client-auth-error.js');
const { ClientAuthInterceptor, ClientAuthInterceptorFactory } = require('./lib/client-auth-interceptor.js');
const { ClientAuthParams } = require('./lib/client-auth-params.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = {
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
  ClientAuthState: ClientAuthParams,
  // What many programs never use is loaded when it is: `require` counts in every short-lived process.
  get BasicNameValuePair() {
    return require('./lib/additional-parameters.js').BasicNameValuePair;
  },
  get Keystores() {
    return require('./lib/keystores.js').Keystores;
  },
};
