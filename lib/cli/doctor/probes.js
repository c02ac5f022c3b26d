'use strict';

const http = require('node:http');
const https = require('node:https');
const { isIP } = require('node:net');
const tls = require('node:tls');

/**
 * @typedef {object} TlsFinding
 * @property {string | null} protocol such as TLSv1.3
 * @property {string | null} problem why Node does not trust the server, in OpenSSL's words
 * @property {boolean} isOtherName whether that is because the certificate is for other names
 * @property {Date | null} validTo of the certificate that ends first in the chain
 * @property {string[]} endsFirst whose certificates that are: a CA's, where all below it end with it
 *
 * @typedef {object} Received
 * @property {number} status
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body as much as is worth reading
 *
 * @typedef {{ ca?: Uint8Array | string, signal: AbortSignal }} ProbeOptions
 */

const TIMEOUT_MS = 15_000;
const LONGEST_BODY = 64 * 1024;
const LONGEST_CHAIN = 10;

/**
 * A TLS handshake as Node makes it, whose result is looked at and then dropped.
 *
 * @param {URL} url
 * @param {ProbeOptions} options
 * @returns {Promise<TlsFinding>}
 */
function inspectTls(url, { ca, signal }) {
  return new Promise((resolve, reject) => {
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = tls.connect({
      host,
      port: Number(url.port || 443),
      ...(isName(host) && { servername: host }),
      ...(ca !== undefined && { ca: trusted(ca) }),
      // Looked at, not used: nothing is sent.
      rejectUnauthorized: false,
    });
    const onAbort = () => socket.destroy(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no TLS handshake within 15 s')));
    socket.once('secureConnect', () => {
      const { validTo, endsFirst } = firstToEnd(socket.getPeerCertificate(true));
      const identity = tls.checkServerIdentity(host, socket.getPeerCertificate());
      const isOtherName = identity !== undefined;
      // With the names; the socket has its code alone.
      const problem = identity?.message ?? socket.authorizationError?.toString() ?? null;
      resolve({ protocol: socket.getProtocol(), problem, isOtherName, validTo, endsFirst });
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => {
      signal.removeEventListener('abort', onAbort);
      reject(new Error('the connection was closed in the TLS handshake'));
    });
  });
}

/**
 * @param {URL} url
 * @param {ProbeOptions & { headers?: Record<string, string> }} options
 * @returns {Promise<Received>}
 */
function get(url, { ca, headers = {}, signal }) {
  return new Promise((resolve, reject) => {
    const options = { headers, signal, agent: false, timeout: TIMEOUT_MS };
    const request =
      url.protocol === 'https:'
        ? https.get(url, { ...options, ...(ca !== undefined && { ca: trusted(ca) }) })
        : http.get(url, options);
    request.once('timeout', () => request.destroy(new Error('no answer within 15 s')));
    request.once('error', reject);
    request.once('response', (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      let length = 0;
      const finish = () => {
        const { statusCode: status = 0, headers: received } = response;
        resolve({ status, headers: received, body: Buffer.concat(chunks).toString('utf8') });
      };
      response.on('data', (/** @type {Buffer} */ chunk) => {
        chunks.push(chunk);
        length += chunk.length;
        if (length < LONGEST_BODY) return;
        finish();
        response.destroy();
      });
      response.once('end', finish);
      response.once('error', reject);
    });
  });
}

/** @param {Uint8Array | string} ca in addition to Node's own */
function trusted(ca) {
  return [...tls.rootCertificates, Buffer.from(/** @type {Uint8Array} */ (ca)).toString('utf8')];
}

/** SNI is for names alone (RFC 6066 §3). @param {string} host */
function isName(host) {
  return isIP(host) === 0;
}

/** @param {tls.DetailedPeerCertificate} leaf */
function firstToEnd(leaf) {
  /** @type {{ validTo: Date | null, endsFirst: string[] }} */
  let found = { validTo: null, endsFirst: [] };
  let certificate = leaf;
  for (let depth = 0; depth < LONGEST_CHAIN && certificate?.valid_to; depth += 1) {
    const validTo = new Date(certificate.valid_to);
    const name = String(certificate.subject?.CN ?? 'a certificate of the chain');
    if (found.validTo === null || validTo < found.validTo) found = { validTo, endsFirst: [name] };
    else if (validTo.getTime() === found.validTo.getTime()) found.endsFirst.push(name);
    // A self-signed one is its own issuer.
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return found;
}

module.exports = { get, inspectTls };
