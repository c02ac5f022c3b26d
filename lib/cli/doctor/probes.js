'use strict';

const { X509Certificate } = require('node:crypto');
const http = require('node:http');
const https = require('node:https');
const { isIP } = require('node:net');
const tls = require('node:tls');
const { openTunnel, requestOptions } = require('./proxies.js');

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
 * @typedef {Pick<NonNullable<import('../../../index.js').ClientAuthOptions['http']>, 'ca' | 'clientCertificate'>} Trust
 * @typedef {Trust & { signal: AbortSignal, proxyFor: (url: URL) => URL | null }} ProbeOptions
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
async function inspectTls(url, options) {
  const { signal, ...trust } = options;
  const tunnel = await tunnelFor(url, options);
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    const socket = tls.connect({
      host,
      port: Number(url.port || 443),
      ...(isName(host) && { servername: host }),
      ...(tunnel && { socket: tunnel }),
      ...tlsOptions(trust),
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
async function get(url, options) {
  const { headers = {}, signal, proxyFor, ...trust } = options;
  const proxy = proxyFor(url);
  const direct = { headers, signal, agent: /** @type {const} */ (false) };
  // Said, so that NODE_TLS_REJECT_UNAUTHORIZED cannot send a token to just anybody.
  const secure = { ...tlsOptions(trust), rejectUnauthorized: true };
  const tunnel = await tunnelFor(url, options);
  return new Promise((resolve, reject) => {
    const request =
      url.protocol === 'https:'
        ? https.get(url, { ...direct, ...secure, ...(tunnel && { socket: tunnel }) })
        : proxy === null
          ? http.get(url, direct)
          : throughProxy(url, proxy, direct, secure);
    // Of it all: one octet now and then is no answer either.
    const timer = setTimeout(() => request.destroy(new Error('no whole answer within 15 s')), TIMEOUT_MS);
    request.once('close', () => clearTimeout(timer));
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

/**
 * @param {URL} url
 * @param {ProbeOptions} options
 */
async function tunnelFor(url, { signal, proxyFor, ca }) {
  const proxy = url.protocol === 'https:' ? proxyFor(url) : null;
  return proxy === null
    ? null
    : openTunnel(url, proxy, { ...tlsOptions({ ca }), rejectUnauthorized: true, signal });
}

/**
 * In clear text the proxy is asked for the whole URL (RFC 9112 §3.2.2).
 *
 * @param {URL} url
 * @param {URL} proxy
 * @param {{ headers: Record<string, string>, signal: AbortSignal }} options
 * @param {https.RequestOptions} secure
 */
function throughProxy(url, proxy, { headers, signal }, secure) {
  const options = { ...requestOptions(proxy, { ...headers, host: url.host }), signal, path: url.href };
  return proxy.protocol === 'https:' ? https.get({ ...options, ...secure }) : http.get(options);
}

/**
 * @param {Trust} trust
 * @returns {tls.SecureContextOptions}
 */
function tlsOptions({ ca, clientCertificate }) {
  /** @type {tls.SecureContextOptions} */
  const options = {};
  if (ca !== undefined) options.ca = [...tls.rootCertificates, ...[ca].flat().map(asPem)];
  if (clientCertificate !== undefined) {
    const { pem, pkcs12, passphrase } = clientCertificate;
    Object.assign(
      options,
      pkcs12 === undefined ? { cert: bytesOf(pem), key: bytesOf(pem) } : { pfx: bytesOf(pkcs12) },
    );
    if (passphrase !== undefined) options.passphrase = String(passphrase);
  }
  return options;
}

/** @param {Uint8Array | string} certificates DER, which Node does not take here, or PEM */
function asPem(certificates) {
  const bytes = bytesOf(certificates);
  return bytes.includes('-----BEGIN') ? bytes.toString('utf8') : new X509Certificate(bytes).toString();
}

/** @param {Uint8Array | string | undefined} content */
function bytesOf(content) {
  return Buffer.from(/** @type {Uint8Array} */ (content));
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
