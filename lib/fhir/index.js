'use strict';

const { createClientFactory } = require('./client-factory.js');
const { FhirClientError } = require('./fhir-client-error.js');
const { TransactionBuilder } = require('./transaction-builder.js');

/** @satisfies {typeof import('./index.js')} */
module.exports = { FhirClientError, FhirClientFactory: createClientFactory(), TransactionBuilder };
