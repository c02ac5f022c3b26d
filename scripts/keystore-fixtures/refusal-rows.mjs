import { KEYTOOL, NAMES, NODE, OPENSSL, PASSPHRASE, UNSUPPORTED, UNUSABLE_KEY } from './row.mjs';

const UNSIGNED = ['rsa1024', 'p224', 'secp256k1', 'dsa', 'ed448', 'x25519'];

/** What is refused whatever its passphrase. @type {import('./row.mjs').Row[]} */
export const REFUSAL_ROWS = [
  ...keysThatCannotSign(),
  ...withoutThePrivateKey(),
  ...jwksThatCannotSign(),
  ...unread(),
];

function keysThatCannotSign() {
  return [
    ...UNSIGNED.map((kind) => ({
      file: `pkcs8-${kind}.pem`,
      key: kind,
      command: `openssl pkcs8 -topk8 -nocrypt -in key.pem -out pkcs8-${kind}.pem`,
      content: `PKCS#8, ${NAMES[kind]}`,
    })),
    {
      file: 'pkcs1-rsa1024.pem',
      command: 'openssl genrsa -traditional -out pkcs1-rsa1024.pem 1024',
      content: 'PKCS#1, RSA-1024',
    },
    ...['secp256k1', 'secp224r1'].map((curve) => ({
      file: `sec1-${curve}.pem`,
      command: `openssl ecparam -name ${curve} -genkey -out sec1-${curve}.pem`,
      content: `SEC 1 after EC PARAMETERS, ${curve === 'secp224r1' ? 'P-224' : curve}`,
    })),
    {
      file: 'dsa.pem',
      key: 'dsa',
      command: 'openssl pkey -traditional -in key.pem -out dsa.pem',
      content: 'DSA PRIVATE KEY, DSA-2048',
    },
    {
      file: 'rsa1024.p12',
      key: 'rsa1024',
      format: 'pkcs12',
      command: `openssl pkcs12 -export -inkey key.pem -in cert.pem -passout pass:${PASSPHRASE} -out rsa1024.p12`,
      content: 'PBES2, AES-256-CBC; RSA-1024',
      passphrase: PASSPHRASE,
    },
    {
      file: 'certificate-of-another-key.pem',
      key: 'p256',
      command: 'cat key.pem ca.pem > certificate-of-another-key.pem',
      content: 'PKCS#8 with the certificate of another key, P-256',
    },
    {
      file: 'keytool-two.p12',
      format: 'pkcs12',
      producer: KEYTOOL,
      content: 'two keys, an alias that neither has; P-384',
      passphrase: PASSPHRASE,
      alias: 'nobody',
    },
    {
      file: 'several.jks',
      format: 'jks',
      producer: KEYTOOL,
      content: 'JKS, two keys, an alias that neither has; P-384',
      passphrase: PASSPHRASE,
      alias: 'nobody',
    },
  ].map(unusable);
}

function withoutThePrivateKey() {
  return [
    {
      file: 'public.pem',
      key: 'p256',
      command: 'openssl pkey -in key.pem -pubout -out public.pem',
      content: 'public key, P-256',
    },
    {
      file: 'public-pkcs1.pem',
      key: 'rsa2048',
      command: 'openssl rsa -in key.pem -RSAPublicKey_out -out public-pkcs1.pem',
      content: 'RSA PUBLIC KEY, RSA-2048',
    },
    {
      file: 'public.der',
      key: 'p256',
      format: 'der',
      command: 'openssl pkey -in key.pem -pubout -outform DER -out public.der',
      content: 'public key, P-256',
    },
    {
      file: 'request.pem',
      key: 'p256',
      command: 'openssl req -new -key key.pem -subj /CN=client -out request.pem',
      content: 'certificate request, P-256',
    },
    {
      file: 'certificate.pem',
      key: 'p256',
      command: 'openssl x509 -in cert.pem -out certificate.pem',
      content: 'certificate only, P-256',
    },
    {
      file: 'certificate.der',
      key: 'p256',
      format: 'der',
      command: 'openssl x509 -in cert.pem -outform DER -out certificate.der',
      content: 'certificate only, P-256',
    },
    {
      file: 'certificates.p12',
      key: 'p256',
      format: 'pkcs12',
      command: `openssl pkcs12 -export -nokeys -in cert.pem -passout pass:${PASSPHRASE} -out certificates.p12`,
      content: 'certificate only, PBES2, AES-256-CBC',
      passphrase: PASSPHRASE,
    },
    ...[
      ['truststore.jks', 'jks', 'JKS'],
      ['truststore.p12', 'pkcs12', 'PKCS12'],
    ].map(([file, format, type]) => ({
      file,
      key: 'p256',
      format,
      producer: KEYTOOL,
      command: `keytool -importcert -noprompt -alias ca -file ca.pem -storetype ${type} -storepass ${PASSPHRASE} -keystore ${file}`,
      content: `${type} truststore`,
      passphrase: PASSPHRASE,
    })),
    ...[
      ['secret.jceks', 'jks', 'JCEKS'],
      ['secret.p12', 'pkcs12', 'PKCS12'],
    ].map(([file, format, type]) => ({
      file,
      format,
      producer: KEYTOOL,
      command: `keytool -genseckey -alias secret -keyalg AES -keysize 256 -storetype ${type} -storepass ${PASSPHRASE} -keystore ${file}`,
      content: `${type} with a symmetric key only`,
      passphrase: PASSPHRASE,
    })),
  ].map(unusable);
}

function jwksThatCannotSign() {
  const key = "crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' })";
  const rsa1024 = "crypto.generateKeyPairSync('rsa', { modulusLength: 1024 })";
  const k1 = "crypto.generateKeyPairSync('ec', { namedCurve: 'secp256k1' })";
  return [
    [
      'oct.jwk',
      "crypto.generateKeySync('hmac', { length: 256 }).export({ format: 'jwk' })",
      'symmetric (oct)',
    ],
    ['enc.jwk', `({ ...${key}.privateKey.export({ format: 'jwk' }), use: 'enc' })`, 'use: enc, P-384'],
    ['public.jwk', `${key}.publicKey.export({ format: 'jwk' })`, 'public key, P-384'],
    ['rsa1024.jwk', `${rsa1024}.privateKey.export({ format: 'jwk' })`, 'RSA-1024'],
    ['secp256k1.jwk', `${k1}.privateKey.export({ format: 'jwk' })`, 'secp256k1'],
  ]
    .map(([file, command, content]) => ({ file, command, content: `JWK, ${content}` }))
    .concat({ file: 'smile.jwks', content: 'JWKS, a kid that no key has; RSA-2048', keyId: 'nobody' })
    .map((row) => unusable({ format: 'jwks', producer: NODE, ...row }));
}

function unread() {
  const pass = `-passout pass:${PASSPHRASE}`;
  return [
    {
      file: 'camellia.pem',
      key: 'p256',
      command: `openssl pkcs8 -topk8 -in key.pem ${pass} -v2 camellia-256-cbc -out camellia.pem`,
      content: 'PKCS#8, encrypted: PBES2, Camellia; P-256',
      passphrase: PASSPHRASE,
    },
    {
      file: 'rc4.pem',
      key: 'p256',
      command: `openssl pkcs8 -topk8 -in key.pem ${pass} -v1 PBE-SHA1-RC4-128 -provider legacy -provider default -out rc4.pem`,
      content: 'PKCS#8, encrypted: PKCS#12 PBE, SHA-1 and RC4; P-256',
      passphrase: PASSPHRASE,
    },
    {
      file: 'camellia-sec1.pem',
      key: 'p256',
      command: `openssl ec -in key.pem -camellia256 ${pass} -out camellia-sec1.pem`,
      content: 'SEC 1, encrypted: Proc-Type, CAMELLIA-256-CBC; P-256',
      passphrase: PASSPHRASE,
    },
    {
      file: 'camellia.p12',
      key: 'p256',
      format: 'pkcs12',
      command: `openssl pkcs12 -export -inkey key.pem -in cert.pem -keypbe CAMELLIA-128-CBC ${pass} -out camellia.p12`,
      content: 'key PBES2, Camellia; P-256',
      passphrase: PASSPHRASE,
    },
    {
      file: 'openssh.key',
      producer: 'OpenSSH 9',
      command: "ssh-keygen -q -t ed25519 -N '' -C client -f openssh.key",
      content: 'OPENSSH PRIVATE KEY, Ed25519',
    },
    {
      file: 'openssh-encrypted.key',
      producer: 'OpenSSH 9',
      command: `ssh-keygen -q -t ecdsa -b 384 -N ${PASSPHRASE} -C client -f openssh-encrypted.key`,
      content: 'OPENSSH PRIVATE KEY, encrypted, P-384',
      passphrase: PASSPHRASE,
    },
    {
      file: 'pgp.asc',
      producer: 'GnuPG 2.2',
      prepare: 'GNUPGHOME=$PWD gpg --batch --quiet --passphrase "" --quick-generate-key client ed25519 sign',
      command:
        'GNUPGHOME=$PWD gpg --batch --armor --export-secret-keys > pgp.asc; GNUPGHOME=$PWD gpgconf --kill all',
      content: 'PGP PRIVATE KEY BLOCK, Ed25519',
    },
  ].map((row) => ({ format: 'pem', producer: OPENSSL, ...row, code: UNSUPPORTED }));
}

function unusable(row) {
  return { format: 'pem', producer: OPENSSL, ...row, code: UNUSABLE_KEY };
}
