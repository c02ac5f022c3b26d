import 'reflect-metadata'; // has to be loaded before @peculiar/x509
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A certificate for localhost that is a CA's at the same time, as `openssl req -x509` makes them.
 *
 * @param {object} [options]
 * @param {number} [options.endsInHours] negative: it has ended
 * @param {string} [options.hostname]
 * @returns {Promise<{ certificatePem: string, privateKeyPem: string }>}
 */
export async function makeCaAsServer({ endsInHours = 1, hostname = 'localhost' } = {}) {
  const keys = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned(
    {
      name: `CN=${hostname}`,
      keys,
      notBefore: new Date(Date.now() - 24 * HOUR_MS),
      notAfter: new Date(Date.now() + endsInHours * HOUR_MS),
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: hostname }]),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const key = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}
