import { X509Certificate } from 'node:crypto';
import { createRequire } from 'node:module';
import test from 'ava';

const { createCertificates } = createRequire(import.meta.url)('../../lib/testing/certificates.js');

test('the CA and the certificate are what X.509 readers take them for', (t) => {
  const { ca, certificate, privateKey } = createCertificates();
  const [authority, server] = [ca, certificate].map((pem) => new X509Certificate(pem));
  t.true(authority.ca);
  t.true(authority.verify(authority.publicKey));
  t.false(server.ca);
  t.true(server.checkIssued(authority));
  t.true(server.verify(authority.publicKey));
  t.is(server.subjectAltName, 'DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
  t.truthy(server.checkHost('localhost'));
  t.truthy(server.checkIP('127.0.0.1'));
  t.deepEqual(server.keyUsage, ['1.3.6.1.5.5.7.3.1']);
  t.true(privateKey.startsWith('-----BEGIN PRIVATE KEY-----\n'));
  t.true(new Date(server.validFrom) < new Date());
  t.true(new Date(server.validTo) > new Date());
});

test('every address of a certificate is written in full', (t) => {
  const { certificate } = createCertificates({
    hostnames: ['a.example.org', '10.1.2.3', '2001:db8::7', '::', 'fe80::'],
  });
  t.is(
    new X509Certificate(certificate).subjectAltName,
    'DNS:a.example.org, IP Address:10.1.2.3, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:0:0:0:0:0:0:0:0, ' +
      'IP Address:FE80:0:0:0:0:0:0:0',
  );
});
