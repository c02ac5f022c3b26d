import 'reflect-metadata'; // has to be loaded before @peculiar/x509
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const HOUR_MS = 3_600_000;
const P256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const RSA = { name: 'RSASSA-PKCS1-v1_5', publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' };
const rsa = (modulusLength, hash = 'SHA-256') => ({ ...RSA, modulusLength, hash });
const { serverAuth, clientAuth } = x509.ExtendedKeyUsage;

/**
 * @typedef {object} CertificateParts
 * @property {[number, number]} [hours] validity, from now
 * @property {string[]} [dns]
 * @property {string[]} [ips]
 * @property {string} [commonName]
 * @property {boolean} [isCa]
 * @property {string[]} [usages] extended ones
 * @property {EcKeyGenParams | RsaHashedKeyGenParams} [algorithm]
 * @property {x509.Extension[]} [more]
 */

export const SMALL_RSA = rsa(1024);
export const RSA_WITH_SHA1 = rsa(2048, 'SHA-1');
export const CLIENT_ONLY = [clientAuth];

/**
 * A certificate of its own, or of `issuer`.
 *
 * @param {CertificateParts} [parts]
 * @param {Awaited<ReturnType<typeof makeCertificate>>} [issuer]
 */
export async function makeCertificate(parts = {}, issuer) {
  const { hours = [-1, 1], dns = ['localhost'], ips = [], isCa = false, usages = [serverAuth] } = parts;
  const { commonName = isCa ? 'a CA of a test' : 'a server of a test', algorithm = P256, more = [] } = parts;
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const names = [
    ...dns.map((value) => ({ type: 'dns', value })),
    ...ips.map((value) => ({ type: 'ip', value })),
  ];
  const certificate = await x509.X509CertificateGenerator.create(
    {
      serialNumber: `01${randomBytes(15).toString('hex')}`,
      subject: `CN=${commonName}`,
      issuer: issuer?.certificate.subject ?? `CN=${commonName}`,
      notBefore: new Date(Date.now() + hours[0] * HOUR_MS),
      notAfter: new Date(Date.now() + hours[1] * HOUR_MS),
      publicKey: keys.publicKey,
      signingKey: (issuer?.keys ?? keys).privateKey,
      signingAlgorithm: issuer?.algorithm ?? algorithm,
      extensions: [
        new x509.BasicConstraintsExtension(isCa, undefined, true),
        ...(isCa ? [] : [new x509.ExtendedKeyUsageExtension(usages)]),
        ...(names.length > 0 && !isCa ? [new x509.SubjectAlternativeNameExtension(names)] : []),
        ...more,
      ],
    },
    webcrypto,
  );
  const privateKey = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    certificate,
    keys,
    algorithm,
    certificatePem: `${certificate.toString('pem')}\n`,
    privateKeyPem: `${x509.PemConverter.encode(privateKey, 'PRIVATE KEY')}\n`,
  };
}
