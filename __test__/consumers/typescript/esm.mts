import * as face from '@org/smart-m2m';
import { ClientAuthInterceptorFactory, type ClientAuthParams } from '@org/smart-m2m';
import * as fhir from '@org/smart-m2m/fhir-client';

// The same names in an ES module.
const params: ClientAuthParams = new face.ClientAuthParams('client').withScope(null);
const header: Promise<string> = ClientAuthInterceptorFactory.create(params).getAuthorizationHeader();
const client: fhir.FhirClient = fhir.FhirClientFactory.newClient('https://fhir.example.org/r4');

export { client, header };
