'use strict';

const { BasicNameValuePair } = require('./lib/additional-parameters.js');
const { ClientAuthError } = require('./lib/client-auth-error.js');
const { ClientAuthInterceptor, ClientAuthInterceptorFactory } = require('./lib/client-auth-interceptor.js');
const { ClientAuthParams } = require('./lib/client-auth-params.js');
const { Keystores } = require('./lib/keystores.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = {
  BasicNameValuePair,
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
  ClientAuthState: ClientAuthParams,
  Keystores,
};
