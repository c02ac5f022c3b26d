import * as fhirClient from './index.js';

export * from './index.js';
export default fhirClient;
