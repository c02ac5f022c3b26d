'use strict';

const { createServer: createHttpServer } = require('node:http');
const { createServer: createHttpsServer } = require('node:https');
const { isIP } = require('node:net');

/**
 * @typedef {import('node:net').Socket} Socket
 *
 * @typedef {object} Listener
 * @property {string} origin
 * @property {(request: import('node:http').IncomingMessage) => void} resetConnection with a RST, where the runtime
 *   can do that
 * @property {() => Promise<void>} close ends every connection
 */

/**
 * An HTTP(S) server on the loopback interface.
 *
 * @param {object} options
 * @param {import('./certificates.js').Certificates | null} options.certificates null: plain http
 * @param {string} options.host what the URLs say; a name is served on 127.0.0.1
 * @param {number} options.port 0: any free one
 * @param {import('node:http').RequestListener} options.onRequest
 * @returns {Promise<Listener>}
 */
async function listen({ certificates, host, port, onRequest }) {
  const server = certificates
    ? createHttpsServer({ cert: certificates.certificate, key: certificates.privateKey }, onRequest)
    : createHttpServer(onRequest);
  // Longer than any test pauses: a connection that closes just as a request sets out would be an error now and then.
  server.keepAliveTimeout = 60_000;
  // The connections below TLS, by the port of the other end: only they can be reset, and only they are there
  // while a handshake is under way.
  /** @type {Map<number | undefined, Socket>} */
  const sockets = new Map();
  server.on('connection', (/** @type {Socket} */ socket) => {
    const { remotePort } = socket;
    sockets.set(remotePort, socket);
    socket.once('close', () => {
      if (sockets.get(remotePort) === socket) sockets.delete(remotePort);
    });
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, isIP(host) ? host : '127.0.0.1', () => {
      server.off('error', reject);
      resolve(undefined);
    });
  });
  const authority = isIP(host) === 6 ? `[${host}]` : host;
  const { port: listening } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    origin: `${certificates ? 'https' : 'http'}://${authority}:${listening}`,
    resetConnection({ socket }) {
      const below = sockets.get(socket.remotePort) ?? socket;
      if (typeof below.resetAndDestroy === 'function') below.resetAndDestroy();
      else below.destroy();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets.values()) socket.destroy();
      }),
  };
}

module.exports = { listen };
