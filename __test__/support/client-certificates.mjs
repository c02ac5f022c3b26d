import 'reflect-metadata'; // has to be loaded before @peculiar/x509
import { createPrivateKey, randomBytes, webcrypto, X509Certificate } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const RSA = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048 };

/** What a client's key can be, for `issue`. */
export const KEY_ALGORITHMS = {
  RSA: { ...RSA, publicExponent: new Uint8Array([1, 0, 1]) },
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  Ed25519: { name: 'Ed25519' },
};

/**
 * @typedef {object} ClientCertificate
 * @property {string} certificatePem
 * @property {string} privateKeyPem
 * @property {string} pem both, as `http.clientCertificate.pem` takes them
 * @property {(passphrase: string) => string} encryptedPem
 * @property {string} thumbprint `x5t#S256` (RFC 8705 §3.1)
 * @property {string} subject as it is registered with a server (RFC 8705 §2.1.2)
 */

/**
 * A certificate authority for clients, made afresh. Everything that it issues ends an hour from now.
 *
 * @param {{ name?: string }} [options]
 */
export async function makeClientAuthority({ name = 'smart-m2m test clients' } = {}) {
  const root = await certify({ subject: `CN=${name}`, isAuthority: true });
  return {
    caPem: pemOf(root.certificate),
    /** @type {(commonName: string, options?: { key?: keyof typeof KEY_ALGORITHMS }) => Promise<ClientCertificate>} */
    issue: async (commonName, { key = 'P-256' } = {}) => bundle(await leafOf(root, commonName, key)),
    /** By an authority between, whose certificate comes along. */
    async issueThroughIntermediate(commonName) {
      const intermediate = await certify({
        subject: `CN=${name} between`,
        issuer: root,
        isAuthority: true,
      });
      return bundle(await leafOf(intermediate, commonName, 'P-256'), [intermediate.certificate]);
    },
  };
}

/**
 * One that nobody vouches for (RFC 8705 §2.2).
 *
 * @param {string} commonName
 * @param {{ key?: keyof typeof KEY_ALGORITHMS }} [options]
 * @returns {Promise<ClientCertificate>}
 */
export async function makeSelfSignedCertificate(commonName, { key = 'P-256' } = {}) {
  return bundle(await certify({ subject: `CN=${commonName}`, algorithm: KEY_ALGORITHMS[key] }));
}

function leafOf(issuer, commonName, key) {
  return certify({ subject: `CN=${commonName}`, issuer, algorithm: KEY_ALGORITHMS[key] });
}

async function certify({ subject, issuer, isAuthority = false, algorithm = KEY_ALGORITHMS['P-256'] }) {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const signer = issuer ?? { subject, keys, algorithm };
  const usage = isAuthority
    ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
    : x509.KeyUsageFlags.digitalSignature;
  const certificate = await x509.X509CertificateGenerator.create(
    {
      // A day back: a virtual machine's clock may lag behind its host's.
      notBefore: new Date(Date.now() - 24 * HOUR_MS),
      notAfter: new Date(Date.now() + HOUR_MS),
      // The leading byte keeps the DER integer positive and at its full length.
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      subject,
      issuer: signer.subject,
      publicKey: keys.publicKey,
      signingKey: signer.keys.privateKey,
      signingAlgorithm: signer.algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(isAuthority, undefined, true),
        new x509.KeyUsagesExtension(usage, true),
        ...(isAuthority ? [] : [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth])]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  return { subject, keys, algorithm, certificate };
}

async function bundle({ subject, keys, certificate }, others = []) {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const privateKeyPem = key.export({ type: 'pkcs8', format: 'pem' });
  const chain = [certificate, ...others].map(pemOf).join('');
  const thumbprint = Buffer.from(new X509Certificate(chain).fingerprint256.replaceAll(':', ''), 'hex');
  return {
    certificatePem: chain,
    privateKeyPem,
    pem: privateKeyPem + chain,
    encryptedPem: (passphrase) =>
      key.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase }) + chain,
    thumbprint: thumbprint.toString('base64url'),
    subject,
  };
}

function pemOf(certificate) {
  return `${certificate.toString('pem')}\n`;
}
