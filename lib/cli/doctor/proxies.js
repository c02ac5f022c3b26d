'use strict';

const http = require('node:http');
const https = require('node:https');
const { BlockList, isIP } = require('node:net');

/** As long as a server has. */
const TIMEOUT_MS = 15_000;

/**
 * The proxy that the core reaches a server through, so that the doctor's own requests go the same way. The system's
 * own setting on macOS and Windows is not known here.
 *
 * @param {URL} url
 * @param {{ proxy?: string | null, noProxy?: string }} settings `http`
 * @param {Record<string, string | undefined>} env
 * @returns {URL | null} its user name and password included
 */
function proxyFor(url, { proxy, noProxy }, env) {
  if (proxy === null) return null;
  const variable = (/** @type {string} */ name) => env[name] ?? env[name.toLowerCase()];
  const ofScheme = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const given = proxy ?? (variable(ofScheme) || variable('ALL_PROXY') || '');
  // Without a scheme it is a host, as curl has it.
  const text = given === '' || given.includes('://') ? given : `http://${given}`;
  if (!URL.canParse(text)) return null;
  const excluded = (proxy === undefined ? variable('NO_PROXY') : undefined) ?? noProxy ?? '';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return excluded.split(',').some((entry) => covers(entry.trim(), host)) ? null : new URL(text);
}

/**
 * What a request to the proxy itself needs.
 *
 * @param {URL} proxy
 * @param {Record<string, string>} [headers]
 */
function requestOptions(proxy, headers = {}) {
  const isSecure = proxy.protocol === 'https:';
  const names = [proxy.username, proxy.password].map(decodeURIComponent).join(':');
  return {
    protocol: proxy.protocol,
    host: proxy.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(proxy.port || (isSecure ? 443 : 80)),
    agent: /** @type {const} */ (false),
    headers: {
      ...headers,
      ...(names !== ':' && { 'proxy-authorization': `Basic ${Buffer.from(names).toString('base64')}` }),
    },
  };
}

/**
 * A way to a server, in which TLS is to be spoken (RFC 9110 §9.3.6).
 *
 * @param {URL} url of the server
 * @param {URL} proxy
 * @param {https.RequestOptions & { signal: AbortSignal }} options
 * @returns {Promise<import('node:stream').Duplex>}
 */
function openTunnel(url, proxy, options) {
  return new Promise((resolve, reject) => {
    const authority = `${url.hostname}:${url.port || 443}`;
    const { request } = proxy.protocol === 'https:' ? https : http;
    const asked = request({
      ...options,
      ...requestOptions(proxy, { host: authority }),
      method: 'CONNECT',
      path: authority,
      timeout: TIMEOUT_MS,
    });
    asked.once('timeout', () => asked.destroy(new Error('no answer of the proxy within 15 s')));
    asked.once('error', reject);
    asked.once('response', () => reject(new Error('the proxy does not know CONNECT')));
    asked.once('connect', ({ statusCode }, socket) => {
      // What comes later is told by the TLS that is spoken in it.
      socket.on('error', () => {});
      if (statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(new Error(`the proxy did not open a way to ${url.host} (HTTP ${statusCode})`));
    });
    asked.end();
  });
}

/**
 * @param {string} entry of NO_PROXY: a name with all below it, an address, a network, or `*`
 * @param {string} host
 */
function covers(entry, host) {
  if (entry === '*') return true;
  const name = entry.replace(/^\./, '').toLowerCase();
  if (name === '') return false;
  return isIP(host) === 0 ? host === name || host.endsWith(`.${name}`) : holds(name, host);
}

/**
 * @param {string} network
 * @param {string} address
 */
function holds(network, address) {
  const type = (/** @type {string} */ text) => (isIP(text) === 6 ? 'ipv6' : 'ipv4');
  const [start, bits] = network.split('/');
  if (isIP(start) === 0) return false;
  const list = new BlockList();
  try {
    if (bits === undefined) list.addAddress(start, type(start));
    else list.addSubnet(start, Number(bits), type(start));
  } catch {
    // A network that is none covers nothing.
    return false;
  }
  return list.check(address, type(address));
}

module.exports = { openTunnel, proxyFor, requestOptions };
