'use strict';

/**
 * @typedef {object} CompactJws
 * @property {Readonly<Record<string, any>>} header
 * @property {Readonly<Record<string, any>>} claims
 * @property {string} signingInput
 * @property {Buffer} signature
 */

const BASE64URL = /^[A-Za-z0-9_-]*$/;

/**
 * Taken apart, not verified (RFC 7515 §7.1).
 *
 * @param {string} text
 * @returns {CompactJws | string} or what is wrong with it
 */
function readCompactJws(text) {
  const parts = text.split('.');
  if (parts.length !== 3) return `it has ${parts.length} parts instead of the 3 of a signed JWT`;
  if (!parts.every((part) => BASE64URL.test(part))) return 'it is not base64url without padding';
  const [header, claims] = parts.slice(0, 2).map(objectOf);
  if (!header) return 'its header is not a JSON object';
  if (!claims) return 'its claims are not a JSON object';
  return {
    header,
    claims,
    signingInput: `${parts[0]}.${parts[1]}`,
    signature: Buffer.from(parts[2], 'base64url'),
  };
}

/** @param {string} part */
function objectOf(part) {
  try {
    const value = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? deepFrozen(value) : null;
  } catch {
    return null;
  }
}

/**
 * @template T
 * @param {T} value
 * @returns {T}
 */
function deepFrozen(value) {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) deepFrozen(member);
  return Object.freeze(value);
}

module.exports = { readCompactJws };
