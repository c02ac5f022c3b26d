/*
 * What by-hand.js does, with a ClientAuthInterceptor: it finds the token endpoint, keeps one token for all calls,
 * renews it before it ends, and gets another one if the server refuses it.
 *
 *   export FHIR_BASE_URL=https://fhir.example.org/r4
 *   export CLIENT_ID=my-client-id CLIENT_SECRET="$(cat my-client-secret)"
 *   smart-m2m run examples/smile-script/with-interceptor.js --argument '["MRN-1", "MRN-2"]'
 */

const IDENTIFIER_SYSTEM = 'urn:example:mrn';

// biome-ignore lint/correctness/noUnusedVariables: `smart-m2m run` calls it.
async function main(identifiers) {
  const client = newClient();
  const patients = [];
  for (const identifier of identifiers) {
    patients.push(await findPatient(client, identifier));
  }
  return patients;
}

function newClient() {
  // With a key in place of the secret: .withKeystore('my-keystore').
  const params = new ClientAuthParams(Environment.getEnv('CLIENT_ID'))
    .withClientSecret(Environment.getEnv('CLIENT_SECRET'))
    .withScope('system/Patient.rs');
  const client = FhirClientFactory.newClient(Environment.getEnv('FHIR_BASE_URL'));
  client.registerInterceptor(ClientAuthInterceptorFactory.create(params));
  return client;
}

async function findPatient(client, identifier) {
  const list = await client
    .search()
    .forResource('Patient')
    .whereToken('identifier', IDENTIFIER_SYSTEM, identifier)
    .asList();
  if (list.length === 0) {
    Log.warn(`there is no patient ${identifier}`);
    return null;
  }
  Log.info(`found Patient/${list[0].id}`);
  return { id: list[0].id, family: list[0].name[0].family };
}
