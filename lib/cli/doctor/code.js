'use strict';

const { inspect } = require('node:util');

/**
 * @typedef {import('../../../index.js').ClientAuthOptions} ClientAuthOptions
 */

/** Values of these are never written down. */
const SECRETS = ['clientSecret'];

/**
 * Settings as a program would have them; secrets and bytes as what they are read from.
 *
 * @param {ClientAuthOptions} settings
 * @param {Record<string, unknown>} values of the command line
 * @returns {string}
 */
function asCode(settings, values) {
  const key = values.key === undefined ? null : String(values.key);
  const lines = [];
  if (key !== null) {
    lines.push(`Keystores.register('my-keystore', { path: ${quoted(key)} });`);
  }
  lines.push('const interceptor = ClientAuthInterceptorFactory.create({');
  for (const [name, value] of Object.entries(settings)) {
    const code = codeOf(name, value, values, key !== null);
    if (code !== null) lines.push(`  ${name}: ${code},`);
  }
  lines.push('});');
  return lines.join('\n');
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Record<string, unknown>} values
 * @param {boolean} hasKeyFile
 * @returns {string | null}
 */
function codeOf(name, value, values, hasKeyFile) {
  if (value === undefined) return null;
  if (SECRETS.includes(name)) return 'process.env.CLIENT_SECRET';
  if (name === 'keystore' && hasKeyFile) return quoted('my-keystore');
  if (name === 'additionalParameters') {
    // Values count as secrets.
    const names = /** @type {[string, string][]} */ (value).map(([parameter]) => parameter);
    return `[${names.map((parameter) => `[${quoted(parameter)}, '…']`).join(', ')}]`;
  }
  if (name === 'http') return httpCode(/** @type {object} */ (value), values);
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return null;
  return inspect(value, { breakLength: Infinity, depth: 4 });
}

/**
 * @param {Record<string, any>} http
 * @param {Record<string, unknown>} values
 */
function httpCode(http, values) {
  const members = Object.entries(http).map(([name, value]) => {
    if (name === 'ca') return `ca: readFileSync(${quoted(String(values.ca ?? 'ca.pem'))})`;
    if (name === 'proxy') return 'proxy: process.env.PROXY';
    if (name !== 'clientCertificate') return `${name}: ${inspect(value)}`;
    const form = value.pkcs12 === undefined ? 'pem' : 'pkcs12';
    const file = quoted(String(values['client-certificate'] ?? 'client.pem'));
    const passphrase = value.passphrase === undefined ? '' : ', passphrase: process.env.PASSPHRASE';
    return `clientCertificate: { ${form}: readFileSync(${file})${passphrase} }`;
  });
  return members.length === 0 ? null : `{ ${members.join(', ')} }`;
}

/** @param {string} text */
function quoted(text) {
  return inspect(text);
}

module.exports = { asCode };
