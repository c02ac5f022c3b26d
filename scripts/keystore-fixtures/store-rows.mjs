import {
  algorithmOf,
  KEY_PASSPHRASE,
  KEYTOOL,
  NAMES,
  OPENSSL,
  OPENSSL_AS_1_1,
  OPENSSL_AS_WINDOWS,
  PASSPHRASE,
} from './row.mjs';

const KEYTOOL_LEGACY = '-J-Dkeystore.pkcs12.legacy';
const DES3_RC2 = '-keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-RC2-40';
const CSP = '-CSP "Microsoft Enhanced RSA and AES Cryptographic Provider" -LMK';

/** PKCS#12 and Java keystores with keys that sign. @type {import('./row.mjs').Row[]} */
export const STORE_ROWS = [...opensslPkcs12(), ...keytoolPkcs12(), ...javaKeystores()];

function opensslPkcs12() {
  const inputs = '-inkey key.pem -in cert.pem';
  return [
    exported('openssl', 'p256', inputs, 'PBES2, AES-256-CBC; MAC SHA-256', { family: 'PKCS#12, PBES2' }),
    exported('openssl-rsa', 'rsa3072', inputs, 'PBES2, AES-256-CBC; MAC SHA-256'),
    exported('legacy', 'rsa2048', `-legacy ${inputs}`, '3DES, certificates RC2-40; MAC SHA-1', {
      producer: OPENSSL_AS_1_1,
      family: 'PKCS#12, 3DES and RC2-40',
    }),
    exported(
      'windows',
      'rsa2048',
      `-legacy ${inputs} -certfile ca.pem ${DES3_RC2} -macalg sha1 -iter 2000 ${CSP}`,
      '3DES, certificates RC2-40; MAC SHA-1; 2000 iterations; CSP name',
      { producer: OPENSSL_AS_WINDOWS, certificates: 2 },
    ),
    exported(
      'windows-aes',
      'rsa2048',
      `${inputs} -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 -iter 2000 ${CSP}`,
      'PBES2, AES-256-CBC; MAC SHA-256; 2000 iterations; CSP name',
      { producer: OPENSSL_AS_WINDOWS },
    ),
    exported(
      'aes-128',
      'p384',
      `${inputs} -keypbe AES-128-CBC -certpbe AES-128-CBC`,
      'PBES2, AES-128-CBC; MAC SHA-256',
    ),
    exported('mac-sha-512', 'p256', `${inputs} -macalg sha512`, 'PBES2, AES-256-CBC; MAC SHA-512'),
    exported(
      'rc2-128',
      'p256',
      `-legacy ${inputs} -keypbe PBE-SHA1-RC2-128 -certpbe PBE-SHA1-RC2-128`,
      'RC2-128; MAC SHA-1',
      { family: 'PKCS#12, RC2-128' },
    ),
    exported('nomac', 'p256', `${inputs} -nomac`, 'key PBES2, AES-256-CBC; no MAC', {
      family: 'PKCS#12 without a MAC',
    }),
    exported('unencrypted', 'p256', `${inputs} -keypbe NONE -certpbe NONE`, 'not encrypted; MAC SHA-256'),
    exported(
      'unencrypted-nomac',
      'p256',
      `${inputs} -keypbe NONE -certpbe NONE -nomac`,
      'not encrypted, no MAC',
      { passphrase: undefined },
    ),
    exported('empty-password', 'p256', inputs, 'PBES2, AES-256-CBC; empty password', { passphrase: '' }),
    exported('empty-password-legacy', 'p256', `-legacy ${inputs}`, '3DES and RC2-40; empty password', {
      producer: OPENSSL_AS_1_1,
      passphrase: '',
    }),
    exported('key-only', 'ed25519', '-inkey key.pem -nocerts', 'PBES2, AES-256-CBC; no certificate', {
      certificates: 0,
    }),
    exported('chain', 'p521', `${inputs} -certfile ca.pem`, 'PBES2, AES-256-CBC; certificate and its CA', {
      certificates: 2,
    }),
    exported('cyrillic', 'p256', inputs, 'PBES2, AES-256-CBC; password not ASCII', { passphrase: 'пароль' }),
    exported('umlaut-legacy', 'p256', `-legacy ${inputs}`, '3DES and RC2-40; password not ASCII', {
      producer: OPENSSL_AS_1_1,
      passphrase: 'Schlüssel',
    }),
  ];
}

function keytoolPkcs12() {
  return [
    generated('keytool.p12', 'rsa2048', [], 'PBES2, AES-256-CBC; MAC SHA-256', { family: 'keytool PKCS#12' }),
    generated('keytool-p256.p12', 'p256', [], 'PBES2, AES-256-CBC; MAC SHA-256'),
    generated('keytool-ed25519.p12', 'ed25519', [], 'PBES2, AES-256-CBC; MAC SHA-256'),
    generated('keytool-legacy.p12', 'p384', [KEYTOOL_LEGACY], '3DES, certificates RC2-40; MAC SHA-1', {
      family: 'keytool PKCS#12, 3DES and RC2-40',
    }),
    generated('pkcs12-named.jks', 'p256', ['-storetype PKCS12'], 'PKCS#12 under the name of a JKS'),
    imported('signing', 'alias signing of two'),
    imported('BACKUP', 'alias backup of two, in capitals'),
    imported(undefined, 'two keys, the first one signs'),
  ].map((each) => ({ format: 'pkcs12', ...each }));
}

function javaKeystores() {
  const keyPass = `-keypass ${KEY_PASSPHRASE}`;
  const pass = `-srcstorepass ${PASSPHRASE} -deststorepass ${PASSPHRASE}`;
  return [
    generated('keytool.jks', 'p256', [keyPass, '-storetype JKS'], 'JKS, store and key password', {
      keyPassphrase: KEY_PASSPHRASE,
      family: 'JKS',
    }),
    generated('keytool-rsa.jks', 'rsa2048', ['-storetype JKS'], 'JKS, one password'),
    generated('keytool.jceks', 'p384', [keyPass, '-storetype JCEKS'], 'JCEKS, store and key password', {
      keyPassphrase: KEY_PASSPHRASE,
      family: 'JCEKS',
    }),
    generated('keytool-rsa.jceks', 'rsa2048', ['-storetype JCEKS'], 'JCEKS, one password'),
    generated('keytool-cyrillic.jks', 'p256', ['-storetype JKS'], 'JKS, password not ASCII', {
      passphrase: 'пароль',
    }),
    several('several.jks', 'JKS', 'signing'),
    several('several.jks', 'JKS', 'Backup'),
    several('several.jceks', 'JCEKS', 'backup'),
    {
      ...store('imported.jks', 'rsa4096', 'JKS, certificate and its CA', { certificates: 2 }),
      key: 'rsa4096',
      prepare: `openssl pkcs12 -export -inkey key.pem -in cert.pem -certfile ca.pem -name client -passout pass:${PASSPHRASE} -out t.p12`,
      command: `keytool -importkeystore -srckeystore t.p12 -destkeystore imported.jks -deststoretype JKS ${pass}`,
      alias: 'client',
    },
  ].map((each) => ({ format: 'jks', ...each }));
}

function exported(id, kind, options, encryption, more = {}) {
  const file = `${id}.p12`;
  const row = {
    ...store(file, kind, encryption, { producer: OPENSSL, ...more }),
    format: 'pkcs12',
    key: kind,
  };
  const pass = `-name client -passout pass:${row.passphrase ?? ''}`;
  return { ...row, command: `openssl pkcs12 -export ${options} ${pass} -out ${file}` };
}

/** A store with one key, made in it. */
function generated(file, kind, options, content, more = {}) {
  const row = store(file, kind, content, more);
  return { ...row, command: generate('client', kind, options, row.passphrase, file) };
}

/** Two keys, brought from a JKS. */
function imported(alias, content) {
  const file = 'keytool-two.p12';
  const pass = `-srcstorepass ${PASSPHRASE} -deststorepass ${PASSPHRASE}`;
  const move = `keytool -importkeystore -srckeystore t.jks -destkeystore ${file} -deststoretype PKCS12 ${pass}`;
  return {
    ...store(file, 'p384', `${content}; PBES2, AES-256-CBC`, { certificates: 2 }),
    prepare: generateTwo('JKS', 't.jks').join(' && '),
    command: move,
    alias,
  };
}

function several(file, type, alias) {
  const content = `${type}, alias ${alias} of two`;
  const [prepare, command] = generateTwo(type, file);
  return { ...store(file, 'p384', content, { certificates: 2 }), prepare, command, alias };
}

function generateTwo(type, file) {
  const options = [`-storetype ${type}`];
  return ['signing', 'backup'].map((alias) => generate(alias, 'p384', options, PASSPHRASE, file));
}

function generate(alias, kind, options, passphrase, file) {
  const curves = { p256: 'EC -groupname secp256r1', p384: 'EC -groupname secp384r1', ed25519: 'Ed25519' };
  const algorithm = curves[kind] ?? `RSA -keysize ${kind.slice(3)}`;
  const more = options.map((option) => `${option} `).join('');
  return `keytool -genkeypair -alias ${alias} -keyalg ${algorithm} -dname CN=client ${more}-storepass ${passphrase} -keystore ${file}`;
}

function store(file, kind, content, more) {
  return {
    file,
    producer: KEYTOOL,
    content: `${content}; ${NAMES[kind]}`,
    passphrase: PASSPHRASE,
    algorithm: algorithmOf(kind),
    certificates: 1,
    ...more,
  };
}
