const { ClientAuthInterceptorFactory, Keystores } = require('@org/smart-m2m');
const { startSmartServer } = require('@org/smart-m2m/testing');

/** The same as an ES module has it. */
async function quickStart() {
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
  return `${header.split(' ')[0]} from ${new URL(server.fhirBaseUrl).protocol}`;
}

module.exports = { quickStart };
if (require.main === module) quickStart().then((said) => console.log(said));
