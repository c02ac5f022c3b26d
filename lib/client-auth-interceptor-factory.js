'use strict';

// What an interceptor needs is loaded by the first create().

// biome-ignore lint/complexity/noStaticOnlyClass: Smile CDR's scripts know it as a class.
class ClientAuthInterceptorFactory {
  /** @param {import('../index.js').ClientAuthParams | import('../index.js').ClientAuthOptions} params */
  static create(params) {
    const { createInterceptor } = require('./client-auth-interceptor.js');
    return createInterceptor(params, ClientAuthInterceptorFactory.create);
  }
}

module.exports = { ClientAuthInterceptorFactory };
