/*
 * The client credentials grant by hand, as scripts for Smile CDR do it: a form with the secret in it, and a new
 * token for every call. with-interceptor.js is what replaces it.
 *
 *   export FHIR_BASE_URL=https://fhir.example.org/r4 TOKEN_ENDPOINT=https://auth.example.org/token
 *   export CLIENT_ID=my-client-id CLIENT_SECRET="$(cat my-client-secret)"
 *   smart-m2m run examples/smile-script/by-hand.js --argument '["MRN-1", "MRN-2"]'
 *
 * Of what such scripts look like inside Smile only `async` and `await` are new.
 */

const IDENTIFIER_SYSTEM = 'urn:example:mrn';

// biome-ignore lint/correctness/noUnusedVariables: `smart-m2m run` calls it.
async function main(identifiers) {
  const patients = [];
  for (const identifier of identifiers) {
    patients.push(await findPatient(identifier));
  }
  return patients;
}

async function findPatient(identifier) {
  const token = await authenticate();
  const query = Converter.urlEncodeString(`${IDENTIFIER_SYSTEM}|${identifier}`);
  const get = Http.get(`${Environment.getEnv('FHIR_BASE_URL')}/Patient?identifier=${query}`);
  get.addRequestHeader('Accept', 'application/fhir+json');
  get.addRequestHeader('Authorization', `Bearer ${token}`);
  await get.execute();
  if (!get.isSuccess()) {
    Log.error(`the search failed: ${get.getFailureMessage()}`);
    throw get.getFailureMessage();
  }
  const bundle = get.parseResponseAsJson();
  if (!bundle.entry || bundle.entry.length === 0) {
    Log.warn(`there is no patient ${identifier}`);
    return null;
  }
  const patient = bundle.entry[0].resource;
  Log.info(`found Patient/${patient.id}`);
  return { id: patient.id, family: patient.name[0].family };
}

async function authenticate() {
  const clientId = Environment.getEnv('CLIENT_ID');
  const clientSecret = Environment.getEnv('CLIENT_SECRET');
  if (clientId === null || clientSecret === null) {
    throw new Error('CLIENT_ID and CLIENT_SECRET are not set');
  }
  const post = Http.post(Environment.getEnv('TOKEN_ENDPOINT'));
  post.setContentType('application/x-www-form-urlencoded');
  post.addRequestHeader('Accept', 'application/json');
  const id = Converter.urlEncodeString(clientId);
  const secret = Converter.urlEncodeString(clientSecret);
  const scope = Converter.urlEncodeString('system/Patient.rs');
  post.setContentString(
    `grant_type=client_credentials&client_id=${id}&client_secret=${secret}&scope=${scope}`,
  );
  await post.execute();
  if (!post.isSuccess()) {
    Log.error(`no token: ${post.getFailureMessage()}`);
    throw post.getFailureMessage();
  }
  return post.parseResponseAsJson().access_token;
}
