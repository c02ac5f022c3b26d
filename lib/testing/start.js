'use strict';

const { isIP } = require('node:net');
const { createCertificates } = require('./certificates.js');
const { sampleResources } = require('./fhir/sample-resources.js');
const { listen } = require('./listener.js');
const { checkOptions, isInteger, isObject, isText, listOf, oneOf } = require('./options.js');
const { DEFAULTS, SETTINGS, changed } = require('./settings.js');
const { SmartServer } = require('./smart-server.js');

/**
 * @typedef {import('./index.js').SmartServerOptions} SmartServerOptions
 * @typedef {import('./listener.js').Listener} Listener
 * @typedef {import('./smart-server.js').Listeners} Listeners
 */

/** @type {import('./options.js').OptionTable} */
const START_OPTIONS = {
  tls: [(value) => typeof value === 'boolean' || isObject(value), 'a boolean or an object'],
  host: [isLocal, 'a name, or an address of the loopback interface'],
  port: [(value) => isInteger(0)(value) && value <= 65_535, 'a port, or 0 for any free one'],
  clients: [listOf(isObject), 'a list of clients'],
  resources: [listOf((value) => isObject(value) && isText(value.resourceType)), 'a list of FHIR resources'],
};
/** @type {import('./options.js').OptionTable} */
const TLS_OPTIONS = {
  hostnames: [(value) => listOf(isText)(value) && value.length > 0, 'a list of names and addresses'],
  expired: [oneOf(['ca', 'certificate']), "'ca' or 'certificate'"],
};

/**
 * Whoever else is on the network has no business here: a name is served on the loopback interface anyway.
 *
 * @param {any} host
 */
function isLocal(host) {
  return isText(host) && (isIP(host) === 0 || host === '::1' || host.startsWith('127.'));
}

/**
 * @param {SmartServerOptions} [options]
 * @returns {Promise<InstanceType<typeof SmartServer>>}
 */
async function startSmartServer(options = {}) {
  checkOptions('startSmartServer', options, { ...START_OPTIONS, ...SETTINGS });
  const { tls = true, host = 'localhost', port = 0, clients = [], resources, ...given } = options;
  const settings = changed('startSmartServer', DEFAULTS, given);
  const tlsOptions = typeof tls === 'object' ? tls : {};
  checkOptions('startSmartServer: tls', tlsOptions, TLS_OPTIONS);
  const hostnames = [...new Set([host, 'localhost', '127.0.0.1', '::1'])];
  const certificates = tls === false ? null : createCertificates({ hostnames, ...tlsOptions });
  /** @type {InstanceType<typeof SmartServer> | undefined} */
  let server;
  /** @type {(where: keyof Listeners, at: number) => Promise<Listener>} */
  const open = (where, at) =>
    listen({
      certificates,
      host,
      port: at,
      onRequest(request, response) {
        // Whoever asks before the start is over means a server that had this port before.
        if (server === undefined) response.destroy();
        else void server.serve(where, request, response);
      },
    });
  const main = await open('main', port);
  try {
    const listeners = { main, downloads: await open('downloads', 0) };
    const ca = certificates?.ca ?? null;
    server = new SmartServer({ listeners, ca, settings, resources: resources ?? sampleResources() });
  } catch (error) {
    await main.close();
    throw error;
  }
  try {
    for (const client of clients) server.registerClient(client);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}

module.exports = { startSmartServer };
