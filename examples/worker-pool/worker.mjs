import { parentPort, threadId } from 'node:worker_threads';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';

const { FHIR_BASE_URL: fhirBaseUrl, CLIENT_ID: clientId } = process.env;

const interceptor = ClientAuthInterceptorFactory.create({
  clientId,
  keystore: 'my-keystore', // my-keystore.jwks in the folder SMART_M2M_KEYSTORE_DIR
  scope: 'system/Observation.rs',
  fhirBaseUrl,
});

parentPort.on('message', async (patient) => {
  const query = new URLSearchParams({ patient, code: 'http://loinc.org|8867-4', _count: '100' });
  const response = await interceptor.fetch(`${fhirBaseUrl}/Observation?${query}`);
  if (!response.ok) {
    await response.body?.cancel(); // else its connection is kept until the garbage is collected
    throw new Error(`the search was answered with HTTP ${response.status}`);
  }
  const { entry = [] } = await response.json();
  parentPort.postMessage({
    thread: threadId,
    values: entry.map(({ resource }) => resource.valueQuantity.value),
  });
});
