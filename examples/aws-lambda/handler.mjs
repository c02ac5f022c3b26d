import { ClientAuthInterceptorFactory } from '@org/smart-m2m';

// For API Gateway (HTTP API, payload 2.0): GET /patients?family=…

const { FHIR_BASE_URL: fhirBaseUrl, CLIENT_ID: clientId } = process.env;

// Outside of the handler: the environment that Lambda keeps warm keeps its token from one invocation to the next.
const interceptor = ClientAuthInterceptorFactory.create({
  clientId,
  keystore: 'my-keystore', // my-keystore.jwks in the folder SMART_M2M_KEYSTORE_DIR
  scope: 'system/Patient.rs',
  fhirBaseUrl,
});

export async function handler(event, context) {
  const { family } = event.queryStringParameters ?? {};
  // An empty one would find everybody.
  if (!family) return reply(400, { error: 'which family?' });
  const query = new URLSearchParams({ family, _count: '20' });
  try {
    const response = await interceptor.fetch(`${fhirBaseUrl}/Patient?${query}`, {
      headers: { accept: 'application/fhir+json' },
      // An answer that says so, rather than an invocation that is cut off.
      signal: AbortSignal.timeout(Math.max(0, context.getRemainingTimeInMillis() - 500)),
    });
    if (!response.ok) {
      await response.body?.cancel(); // else its connection is kept until the garbage is collected
      throw new Error(`the FHIR server has answered the search with HTTP ${response.status}`);
    }
    const { entry = [] } = await response.json();
    return reply(
      200,
      entry.map(({ resource: { id, name, birthDate } }) => ({ id, name, birthDate })),
    );
  } catch (error) {
    console.error(error.code ? `${error.code}: ${error.message}` : error.message);
    return reply(502, { error: 'the FHIR server could not be asked' });
  }
}

function reply(statusCode, body) {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
