'use strict';

const { createHash, generateKeyPairSync, randomBytes, sign } = require('node:crypto');
const { isIP } = require('node:net');
const der = require('./der.js');

/**
 * @typedef {import('node:crypto').KeyObject} KeyObject
 *
 * @typedef {object} Certificates
 * @property {string} ca PEM
 * @property {string} certificate PEM
 * @property {string} privateKey PEM
 *
 * @typedef {object} Party
 * @property {string} name
 * @property {{ publicKey: KeyObject, privateKey: KeyObject }} keys
 */

const DAY_MS = 24 * 3600 * 1000;
const ECDSA_WITH_SHA256 = der.sequence(der.objectIdentifier('1.2.840.10045.4.3.2'));
const VERSION_3 = der.explicit(0, der.integer(Buffer.from([2])));
const COMMON_NAME = '2.5.4.3';
const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const EXTENSIONS = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
};
/** Bits of KeyUsage, the first one highest (RFC 5280 §4.2.1.3). */
const DIGITAL_SIGNATURE = der.bitString(Buffer.from([0b1000_0000]), 7);
const CERT_AND_CRL_SIGN = der.bitString(Buffer.from([0b0000_0110]), 1);

/**
 * A certificate authority of its own and one server certificate by it, ECDSA on P-256, made afresh. Both are good
 * from a day ago, as a virtual machine's clock may lag behind its host's, for a day from now.
 *
 * @param {object} [options]
 * @param {readonly string[]} [options.hostnames] names and addresses of the server
 * @param {'ca' | 'certificate'} [options.expired] what has ended an hour ago; no certificate outlives its CA
 * @returns {Certificates}
 */
function createCertificates({ hostnames = ['localhost', '127.0.0.1', '::1'], expired } = {}) {
  const now = Date.now();
  const living = new Date(now + DAY_MS);
  const ended = new Date(now - DAY_MS / 24);
  const notBefore = new Date(now - DAY_MS);
  // Of a name of its own: trust stores look a CA up by its name, and may hold those of several servers.
  const authority = party(`smart-m2m test CA ${randomBytes(4).toString('hex')}`);
  const server = party(hostnames[0] ?? 'nobody');
  const ca = certify(authority, authority, { notBefore, notAfter: expired === 'ca' ? ended : living }, [
    extension(EXTENSIONS.basicConstraints, der.sequence(der.TRUE), { critical: true }),
    extension(EXTENSIONS.keyUsage, CERT_AND_CRL_SIGN, { critical: true }),
  ]);
  const certificate = certify(server, authority, { notBefore, notAfter: expired ? ended : living }, [
    extension(EXTENSIONS.basicConstraints, der.sequence(), { critical: true }),
    extension(EXTENSIONS.keyUsage, DIGITAL_SIGNATURE, { critical: true }),
    extension(EXTENSIONS.extendedKeyUsage, der.sequence(der.objectIdentifier(SERVER_AUTH))),
    extension(EXTENSIONS.subjectAltName, der.sequence(...hostnames.map(generalName))),
  ]);
  const privateKey = /** @type {string} */ (server.keys.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  return { ca, certificate, privateKey };
}

/**
 * @param {string} name
 * @returns {Party}
 */
function party(name) {
  return { name, keys: generateKeyPairSync('ec', { namedCurve: 'P-256' }) };
}

/**
 * @param {Party} subject
 * @param {Party} issuer
 * @param {{ notBefore: Date, notAfter: Date }} validity
 * @param {Buffer[]} extensions
 * @returns {string} PEM
 */
function certify(subject, issuer, { notBefore, notAfter }, extensions) {
  const body = der.sequence(
    VERSION_3,
    der.integer(serialNumber()),
    ECDSA_WITH_SHA256,
    distinguishedName(issuer.name),
    der.sequence(der.time(notBefore), der.time(notAfter)),
    distinguishedName(subject.name),
    spki(subject.keys.publicKey),
    der.explicit(
      3,
      der.sequence(
        ...extensions,
        extension(EXTENSIONS.subjectKeyIdentifier, der.octetString(keyIdentifier(subject))),
        extension(EXTENSIONS.authorityKeyIdentifier, der.sequence(der.implicit(0, keyIdentifier(issuer)))),
      ),
    ),
  );
  const signature = sign('sha256', body, issuer.keys.privateKey);
  return pem('CERTIFICATE', der.sequence(body, ECDSA_WITH_SHA256, der.bitString(signature)));
}

/**
 * @param {string} id
 * @param {Buffer} value
 * @param {{ critical?: boolean }} [options]
 */
function extension(id, value, { critical = false } = {}) {
  return der.sequence(der.objectIdentifier(id), ...(critical ? [der.TRUE] : []), der.octetString(value));
}

/** @param {string} commonName */
function distinguishedName(commonName) {
  const attribute = der.sequence(der.objectIdentifier(COMMON_NAME), der.utf8String(commonName));
  return der.sequence(der.setOf(attribute));
}

/**
 * dNSName or iPAddress (RFC 5280 §4.2.1.6).
 *
 * @param {string} host
 */
function generalName(host) {
  const version = isIP(host);
  if (version === 0) return der.implicit(2, Buffer.from(host, 'latin1'));
  return der.implicit(7, version === 4 ? Buffer.from(host.split('.').map(Number)) : ipv6(host));
}

/** @param {string} address */
function ipv6(address) {
  const [head, tail] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const missing = tail === undefined ? 0 : 8 - head.length - tail.length;
  const groups = [...head, ...Array(missing).fill('0'), ...(tail ?? [])];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/**
 * RFC 7093 §2, method 1.
 *
 * @param {Party} party
 */
function keyIdentifier({ keys }) {
  return createHash('sha256').update(spki(keys.publicKey)).digest().subarray(0, 20);
}

/** @param {KeyObject} publicKey */
function spki(publicKey) {
  return /** @type {Buffer} */ (publicKey.export({ type: 'spki', format: 'der' }));
}

function serialNumber() {
  // The first byte keeps the integer positive and at its full length.
  return Buffer.concat([Buffer.from([1]), randomBytes(15)]);
}

/**
 * @param {string} label
 * @param {Buffer} bytes
 */
function pem(label, bytes) {
  const lines = bytes.toString('base64').replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN ${label}-----\n${lines}-----END ${label}-----\n`;
}

module.exports = { createCertificates };
