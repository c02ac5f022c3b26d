import smartM2m from './index.js';

export const {
  BasicNameValuePair,
  ClientAuthError,
  ClientAuthInterceptor,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
  ClientAuthState,
  Keystores,
} = smartM2m;

export default smartM2m;
