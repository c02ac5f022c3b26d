import * as face from '@org/smart-m2m';
import { ClientAuthInterceptorFactory, type ClientAuthParams } from '@org/smart-m2m';

// The same names in an ES module.
const params: ClientAuthParams = new face.ClientAuthParams('client').withScope(null);
const header: Promise<string> = ClientAuthInterceptorFactory.create(params).getAuthorizationHeader();

export { header };
