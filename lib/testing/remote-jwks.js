'use strict';

const { get: httpGet } = require('node:http');
const { get: httpsGet } = require('node:https');
const { rootCertificates } = require('node:tls');

const TIMEOUT_MS = 5_000;
const MAX_BYTES = 1024 * 1024;

/**
 * A client's key set from its registered URL (RFC 7591 §2, `jwks_uri`).
 *
 * @param {string} url
 * @param {{ ca: string | null, signal: AbortSignal }} options `ca`: trusted besides the system's
 * @returns {Promise<import('./json-web-keys.js').Jwks>}
 */
async function fetchJwks(url, options) {
  const text = await download(url, options);
  const jwks = JSON.parse(text);
  if (!Array.isArray(jwks?.keys)) throw new Error('the answer is not a JWKS');
  return jwks;
}

/**
 * @param {string} url
 * @param {{ ca: string | null, signal: AbortSignal }} options
 * @returns {Promise<string>}
 */
function download(url, { ca, signal }) {
  return new Promise((resolve, reject) => {
    const get = new URL(url).protocol === 'https:' ? httpsGet : httpGet;
    const options = {
      agent: false,
      headers: { accept: 'application/json' },
      ca: ca === null ? undefined : [...rootCertificates, ca],
      timeout: TIMEOUT_MS,
      signal,
    };
    const request = get(url, options, (response) => {
      if (response.statusCode !== 200) {
        request.destroy(new Error(`the answer has status ${response.statusCode}`));
        return;
      }
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
        if (text.length > MAX_BYTES) request.destroy(new Error('the answer is too long'));
      });
      response.on('end', () => resolve(text));
      response.on('error', reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    request.on('error', reject);
  });
}

module.exports = { fetchJwks };
