import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { authorizationInterceptor } from '@org/smart-m2m/undici';
import fastify from 'fastify';
import { Agent, request } from 'undici';

// Resources go through this service as streams. undici's dispatcher puts the token on each request.

const { FHIR_BASE_URL: fhirBaseUrl, CLIENT_ID: clientId, HOST = 'localhost', PORT = '3000' } = process.env;

const interceptor = ClientAuthInterceptorFactory.create({
  clientId,
  keystore: 'my-keystore', // my-keystore.jwks in the folder SMART_M2M_KEYSTORE_DIR
  scope: 'system/Patient.rs',
  fhirBaseUrl,
});
const agent = new Agent({ connections: 20, headersTimeout: 10_000, bodyTimeout: 10_000 });
const dispatcher = agent.compose(authorizationInterceptor(interceptor));

const app = fastify({ logger: { level: 'warn' } });
app.addHook('onClose', () => agent.close());

// No more than FHIR allows in an id, and nothing that leads out of the path.
const id = { type: 'string', pattern: '^[A-Za-z0-9-][A-Za-z0-9.-]{0,63}$' };
const schema = { params: { type: 'object', properties: { id } } };

app.get('/patients/:id', { schema }, async ({ params }, reply) => {
  const { statusCode, headers, body } = await request(`${fhirBaseUrl}/Patient/${params.id}`, {
    dispatcher,
    headers: { accept: 'application/fhir+json' },
  });
  if (statusCode !== 200 && statusCode !== 404) {
    await body.dump();
    throw new Error(`the FHIR server has answered with HTTP ${statusCode}`);
  }
  return reply
    .code(statusCode)
    .type(headers['content-type'] ?? 'application/fhir+json')
    .send(body);
});

app.setErrorHandler((error, { log }, reply) => {
  if (error.validation) return reply.send(error);
  // What happened, where, and what to do. A ClientAuthError holds no credential.
  log.error({ code: error.code }, error.message);
  return reply.code(502).send({ error: 'the FHIR server could not be asked' });
});

await app.listen({ host: HOST, port: Number(PORT) });
console.log(`listening on http://${HOST}:${app.server.address().port}`);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => app.close());
