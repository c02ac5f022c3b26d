import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import { startSmartServer } from '@org/smart-m2m/testing';

// What the README shows first, against a server over TLS in this very process.
const server = await startSmartServer();
const { clientId, jwks } = server.registerClient();
Keystores.register('quick-start', { jwks });
const interceptor = ClientAuthInterceptorFactory.create({
  ...server.clientOptions,
  clientId,
  keystore: 'quick-start',
  scope: 'system/*.read',
});
const header = await interceptor.getAuthorizationHeader();
server.assertNoRefusals();
await server.close();
console.log(`${header.split(' ')[0]} from ${new URL(server.fhirBaseUrl).protocol}`);
