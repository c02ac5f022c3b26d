import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import express from 'express';

// A service that answers from a FHIR server. The interceptor is made once; its token serves all requests.

const { FHIR_BASE_URL: fhirBaseUrl, CLIENT_ID: clientId, HOST = 'localhost', PORT = '3000' } = process.env;

const interceptor = ClientAuthInterceptorFactory.create({
  clientId,
  keystore: 'my-keystore', // my-keystore.jwks in the folder SMART_M2M_KEYSTORE_DIR
  scope: 'system/Patient.rs',
  fhirBaseUrl,
});

const app = express();

app.get('/patients', async (request, response) => {
  const { family } = request.query;
  // An empty one would find everybody.
  if (typeof family !== 'string' || family === '') {
    response.status(400).json({ error: 'which family?' });
    return;
  }
  const query = new URLSearchParams({ family, _count: '20' });
  const answer = await interceptor.fetch(`${fhirBaseUrl}/Patient?${query}`, {
    headers: { accept: 'application/fhir+json' },
    signal: AbortSignal.timeout(10_000),
  });
  if (!answer.ok) {
    await answer.body?.cancel(); // else its connection is kept until the garbage is collected
    throw new Error(`the FHIR server has answered the search with HTTP ${answer.status}`);
  }
  const { entry = [] } = await answer.json();
  response.json(entry.map(({ resource: { id, name, birthDate } }) => ({ id, name, birthDate })));
});

app.use((error, _request, response, next) => {
  // For the log: what happened, where, and what to do. A ClientAuthError holds no credential.
  console.error(error.code ? `${error.code}: ${error.message}` : error.message);
  if (response.headersSent) next(error);
  else response.status(502).json({ error: 'the FHIR server could not be asked' });
});

const server = app.listen(Number(PORT), HOST, (error) => {
  if (error) throw error;
  console.log(`listening on http://${HOST}:${server.address().port}`);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.close());
