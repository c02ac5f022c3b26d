import 'reflect-metadata'; // has to be loaded before @peculiar/x509
import { createHash, createPublicKey, KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const ALGORITHM = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/**
 * An RSA key and a certificate of it, as a client registers them with servers that go by certificates; made when
 * a test runs, and good for an hour.
 */
export async function rsaCertificate() {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: 'CN=client',
      notBefore: new Date(Date.now() - 24 * HOUR_MS),
      notAfter: new Date(Date.now() + HOUR_MS),
      signingAlgorithm: ALGORITHM,
      keys,
    },
    webcrypto,
  );
  const der = Buffer.from(certificate.rawData);
  const privateKey = KeyObject.from(keys.privateKey);
  return {
    /** Both, for a keystore. */
    pem: `${privateKey.export({ type: 'pkcs8', format: 'pem' })}\n${certificate.toString('pem')}`,
    publicKey: createPublicKey(privateKey),
    /** @type {(hash: 'sha1' | 'sha256') => string} */
    thumbprint: (hash) => createHash(hash).update(der).digest('base64url'),
  };
}
