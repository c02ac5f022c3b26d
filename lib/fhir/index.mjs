import fhirClient from './index.js';

export const { FhirClientError, FhirClientFactory, TransactionBuilder } = fhirClient;

export default fhirClient;
