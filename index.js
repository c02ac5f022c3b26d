'use strict';

const { ClientAuthError } = require('./lib/client-auth-error.js');
const { ClientAuthInterceptor, ClientAuthInterceptorFactory } = require('./lib/client-auth-interceptor.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = {
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  // What many programs never use, or not at once, is loaded when it is: `require` counts in every short-lived process.
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
