'use strict';

const { inspect } = require('node:util');
const { normalizeAdditionalParameters } = require('../../additional-parameters.js');
const { KEYSTORE } = require('../client-options.js');

/**
 * @typedef {import('../../../index.js').ClientAuthOptions} ClientAuthOptions
 * @typedef {import('../client-options.js').Values} Values
 */

/** Values of these are never written down. */
const SECRETS = ['clientSecret'];

/**
 * Settings as a program would have them; secrets and bytes as what they are read from.
 *
 * @param {ClientAuthOptions} settings
 * @param {Values} values of the command line
 * @param {Record<string, string | undefined>} env
 * @returns {string}
 */
function asCode(settings, values, env) {
  const members = Object.entries(settings)
    .map(([name, value]) => ({ name, code: codeOf(name, value, values) }))
    .filter(({ code }) => code !== null)
    .map(({ name, code }) => `  ${name}: ${code},`);
  const isRegistered = settings.keystore === KEYSTORE;
  const names = ['ClientAuthInterceptorFactory', ...(isRegistered ? ['Keystores'] : [])].join(', ');
  return [
    ...(members.some((member) => member.includes('readFileSync('))
      ? ["const { readFileSync } = require('node:fs');"]
      : []),
    `const { ${names} } = require('@org/smart-m2m');`,
    '',
    ...(isRegistered ? [registration(values, env)] : []),
    'const interceptor = ClientAuthInterceptorFactory.create({',
    ...members,
    '});',
  ].join('\n');
}

/**
 * @param {Values} values
 * @param {Record<string, string | undefined>} env
 */
function registration({ key = '', alias, 'passphrase-file': file }, env) {
  const isLocked = Boolean(file ?? env.SMART_M2M_PASSPHRASE);
  const members = [
    `path: ${quoted(String(key || env.SMART_M2M_KEY))}`,
    ...(alias === undefined ? [] : [`alias: ${quoted(String(alias))}`]),
    ...(isLocked ? ['passphrase: process.env.PASSPHRASE'] : []),
  ];
  return `Keystores.register('my-keystore', { ${members.join(', ')} });`;
}

/**
 * @param {string} name
 * @param {unknown} value
 * @param {Values} values
 * @returns {string | null}
 */
function codeOf(name, value, values) {
  if (value === undefined) return null;
  if (SECRETS.includes(name)) return 'process.env.CLIENT_SECRET';
  if (value === KEYSTORE) return quoted('my-keystore');
  if (name === 'additionalParameters') {
    // Values count as secrets.
    const names = normalizeAdditionalParameters(value).map(([parameter]) => String(parameter));
    return `[${names.map((parameter) => `[${quoted(parameter)}, '…']`).join(', ')}]`;
  }
  if (name === 'http') return httpCode(/** @type {object} */ (value), values);
  if (typeof value === 'object' && value !== null && Object.keys(value).length === 0) return null;
  return inspect(value, { breakLength: Infinity, depth: 4 });
}

/**
 * @param {Record<string, any>} http
 * @param {Values} values
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
