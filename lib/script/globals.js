'use strict';

const face = require('../../index.js');
const { createClientFactory } = require('../fhir/client-factory.js');
const { FhirClientError } = require('../fhir/fhir-client-error.js');
const { TransactionBuilder } = require('../fhir/transaction-builder.js');
const { createEnvironment } = require('./environment.js');
const { createHttp } = require('./http.js');
const { Base64, Converter } = require('./text-codecs.js');
const { Uuid } = require('./uuid.js');

/**
 * What Smile-style scripts find without importing it.
 *
 * @param {object} run
 * @param {ReturnType<typeof import('./log.js').createLog>} run.log
 * @param {Console} run.console
 * @param {Record<string, string | undefined>} run.env
 * @param {AbortSignal} run.signal ends every request
 * @param {() => () => void} run.begin is told of every request, and by what it returns of its end
 * @returns {Record<string, unknown>}
 */
function scriptGlobals({ log, console, env, signal, begin }) {
  return {
    Base64,
    BasicNameValuePair: face.BasicNameValuePair,
    ClientAuthError: face.ClientAuthError,
    ClientAuthInterceptor: face.ClientAuthInterceptor,
    ClientAuthInterceptorFactory: face.ClientAuthInterceptorFactory,
    ClientAuthParams: face.ClientAuthParams,
    ClientAuthState: face.ClientAuthState,
    Converter,
    Environment: createEnvironment(env),
    FhirClientError,
    FhirClientFactory: createClientFactory({ signal, begin }),
    Http: createHttp({ signal, begin }),
    Keystores: face.Keystores,
    Log: log,
    TransactionBuilder,
    Uuid,
    // stdout is for what the function returns.
    console,
  };
}

/** @type {boolean} */
let areInstalled = false;

/**
 * Modules that a script imports have no other way to them than the global object.
 *
 * @param {Record<string, unknown>} globals
 * @returns {() => void} puts everything back
 */
function installGlobals(globals) {
  if (areInstalled) throw new Error('another script is running in this process');
  areInstalled = true;
  const before = Object.keys(globals).map((name) => ({
    name,
    descriptor: Object.getOwnPropertyDescriptor(globalThis, name),
  }));
  for (const [name, value] of Object.entries(globals)) {
    Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
  }
  return () => {
    for (const { name, descriptor } of before) {
      if (descriptor === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, descriptor);
    }
    areInstalled = false;
  };
}

module.exports = { installGlobals, scriptGlobals };
