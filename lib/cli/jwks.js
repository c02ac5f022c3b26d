'use strict';

const { createServer } = require('node:http');
const { once } = require('node:events');
const { Keystores } = require('../keystores.js');
const { registerKey } = require('./client-options.js');
const { jsonDocument } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 */

const summary = 'print or serve the public keys of a key file';

const usage = `Usage: smart-m2m jwks <file> [options]

Prints the public JWKS of a private key: what a server has to know. With --serve it is served instead, over
clear text, for tests or behind a proxy that ends TLS; a file that changes is read again.

  --serve <port>               on 127.0.0.1, until interrupted; 0 takes any free port
  --host <address>             another interface
  --alias <name>               which key of a PKCS#12 or Java keystore comes first
  --passphrase-file <file>     opens the file, or                        SMART_M2M_PASSPHRASE
`;

const options = /** @type {const} */ ({
  serve: { type: 'string' },
  host: { type: 'string', default: '127.0.0.1' },
  alias: { type: 'string' },
  'passphrase-file': { type: 'string' },
});

const KEYSTORE = 'smart-m2m-jwks';

/**
 * @param {{ values: any, positionals: string[], io: Io }} invocation
 * @returns {Promise<number>}
 */
async function run({ values, positionals, io }) {
  const [path, ...rest] = positionals;
  if (path === undefined || rest.length > 0) throw new UsageError('expected one key file');
  await registerKey(KEYSTORE, path, values, io);
  if (values.serve === undefined) {
    io.stdout.write(jsonDocument(Keystores.publicJwks(KEYSTORE)));
    return 0;
  }
  const port = Number(values.serve);
  if (!/^\d+$/.test(values.serve) || port > 65_535) {
    throw new UsageError('--serve: expected a port, 0 to 65535');
  }
  return serve(port, values.host, io);
}

/**
 * @param {number} port
 * @param {string} host
 * @param {Io} io
 */
async function serve(port, host, io) {
  const server = createServer(Keystores.jwksHandler(KEYSTORE));
  server.listen(port, host);
  await once(server, 'listening').catch(({ code }) => {
    throw new UsageError(`--serve: there is no listening at port ${port} of ${host} (${code})`);
  });
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  const authority = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  io.stderr.write(`The public keys are at http://${authority}:${address.port}/ until you press Ctrl-C.\n`);
  if (!io.signal.aborted) await once(io.signal, 'abort');
  server.close();
  server.closeAllConnections();
  return 0;
}

module.exports = { allowPositionals: true, options, run, summary, usage };
