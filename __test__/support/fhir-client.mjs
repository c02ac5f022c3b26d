import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
import { startFhirStore } from './fhir-store.mjs';
import { trustingDispatcher } from './trusting-dispatcher.mjs';

/**
 * A store for one test, and a client that has access to it.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {import('@org/smart-m2m/fhir-client').FhirClientOptions} [options]
 */
export async function openFhirStore(t, options = {}) {
  const store = await startFhirStore();
  t.teardown(store.close);
  const dispatcher = trustingDispatcher(store.caPem);
  t.teardown(() => dispatcher.destroy());
  const newClient = (more) => FhirClientFactory.newClient(store.base, { dispatcher, ...options, ...more });
  const interceptor = ClientAuthInterceptorFactory.create(store.options());
  const client = newClient().registerInterceptor(interceptor);
  return { store, client, interceptor, newClient, dispatcher };
}

export function patient(family, more = {}) {
  return { resourceType: 'Patient', name: [{ family }], ...more };
}
