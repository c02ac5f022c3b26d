import 'reflect-metadata'; // has to be loaded before @peculiar/x509
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

/**
 * A certificate authority of our own and one server certificate that it signed, made afresh for every run.
 * Both end soon, an hour from now unless `hours` says otherwise, so that neither is worth keeping.
 *
 * @param {{ hostnames?: string[], addresses?: string[], hours?: number }} [options] whom the server certificate is for
 * @returns {Promise<{ caPem: string, certificatePem: string, privateKeyPem: string }>}
 */
export async function makeCertificates({
  hostnames = ['localhost'],
  addresses = ['127.0.0.1', '::1'],
  hours = 1,
} = {}) {
  const authorityKeys = await generateKeys();
  const serverKeys = await generateKeys();
  const validity = {
    // A day back: a virtual machine's clock may lag behind its host's.
    notBefore: new Date(Date.now() - 24 * HOUR_MS),
    notAfter: new Date(Date.now() + hours * HOUR_MS),
  };
  const authority = await x509.X509CertificateGenerator.create(
    {
      ...validity,
      serialNumber: serialNumber(),
      subject: 'CN=smart-m2m example CA',
      issuer: 'CN=smart-m2m example CA',
      publicKey: authorityKeys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
        await x509.SubjectKeyIdentifierExtension.create(authorityKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const server = await x509.X509CertificateGenerator.create(
    {
      ...validity,
      serialNumber: serialNumber(),
      subject: `CN=${hostnames[0] ?? addresses[0]}`,
      issuer: authority.subject,
      publicKey: serverKeys.publicKey,
      signingKey: authorityKeys.privateKey,
      signingAlgorithm: KEY_ALGORITHM,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
        new x509.SubjectAlternativeNameExtension([
          ...hostnames.map((value) => ({ type: 'dns', value })),
          ...addresses.map((value) => ({ type: 'ip', value })),
        ]),
        await x509.SubjectKeyIdentifierExtension.create(serverKeys.publicKey, false, webcrypto),
        await x509.AuthorityKeyIdentifierExtension.create(authorityKeys.publicKey, false, webcrypto),
      ],
    },
    webcrypto,
  );
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', serverKeys.privateKey);
  return {
    caPem: pem(authority),
    certificatePem: pem(server),
    privateKeyPem: `${x509.PemConverter.encode(privateKey, 'PRIVATE KEY')}\n`,
  };
}

function generateKeys() {
  return webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
}

/** @param {x509.X509Certificate} certificate */
function pem(certificate) {
  return `${certificate.toString('pem')}\n`;
}

function serialNumber() {
  // The leading byte keeps the DER integer positive and at its full length.
  return `01${randomBytes(15).toString('hex')}`;
}
