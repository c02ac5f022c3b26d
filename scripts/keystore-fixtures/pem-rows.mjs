import { algorithmOf, NAMES, NODE, OPENSSL, OPENSSL_AS_1_1, PASSPHRASE } from './row.mjs';

const LEGACY = '-provider legacy -provider default';

/** PEM and DER files of keys that sign. @type {import('./row.mjs').Row[]} */
export const PEM_ROWS = [
  ...plainKeys(),
  ...encryptedPkcs8(),
  ...traditionalKeys(),
  ...certificateBundles(),
  ...textForms(),
  ...derKeys(),
];

function plainKeys() {
  const kinds = ['rsa2048', 'rsa3072', 'rsa4096', 'rsa8192', 'p256', 'p384', 'p521', 'ed25519'];
  const option = (kind) => {
    if (kind.startsWith('rsa')) return `RSA -pkeyopt rsa_keygen_bits:${kind.slice(3)}`;
    return kind === 'ed25519' ? 'ed25519' : `EC -pkeyopt ec_paramgen_curve:${NAMES[kind]}`;
  };
  return kinds.map((kind) => {
    const file = `pkcs8-${kind}.pem`;
    const command = `openssl genpkey -algorithm ${option(kind)} -out ${file}`;
    return pem({ file, command, content: `PKCS#8, ${NAMES[kind]}` }, kind);
  });
}

function encryptedPkcs8() {
  const forms = [
    ['aes-128', 'p256', '-v2 aes-128-cbc -v2prf hmacWithSHA1', 'PBES2, AES-128-CBC, HMAC-SHA-1'],
    ['aes-192', 'p256', '-v2 aes-192-cbc', 'PBES2, AES-192-CBC, HMAC-SHA-256'],
    ['aes-256', 'rsa2048', '-v2 aes-256-cbc', 'PBES2, AES-256-CBC, HMAC-SHA-256'],
    ['sha-384', 'p256', '-v2 aes-256-cbc -v2prf hmacWithSHA384', 'PBES2, AES-256-CBC, HMAC-SHA-384'],
    ['sha-512', 'p384', '-v2 aes-256-cbc -v2prf hmacWithSHA512', 'PBES2, AES-256-CBC, HMAC-SHA-512'],
    ['des3', 'p256', '-v2 des3', 'PBES2, 3DES, HMAC-SHA-256'],
    ['scrypt', 'ed25519', '-scrypt', 'PBES2, AES-256-CBC, scrypt'],
    ['md5-des', 'p256', `-v1 PBE-MD5-DES ${LEGACY}`, 'PBES1, MD5 and DES'],
    ['sha1-des', 'p256', `-v1 PBE-SHA1-DES ${LEGACY}`, 'PBES1, SHA-1 and DES'],
    ['sha1-3des', 'p521', '-v1 PBE-SHA1-3DES', 'PKCS#12 PBE, SHA-1 and 3DES'],
    ['sha1-rc2-40', 'p256', `-v1 PBE-SHA1-RC2-40 ${LEGACY}`, 'PKCS#12 PBE, SHA-1 and RC2-40'],
    ['sha1-rc2-128', 'p256', `-v1 PBE-SHA1-RC2-128 ${LEGACY}`, 'PKCS#12 PBE, SHA-1 and RC2-128'],
  ];
  const rows = forms.map(([id, kind, options, encryption]) => {
    const file = `pkcs8-${id}.pem`;
    const command = `openssl pkcs8 -topk8 -in key.pem -passout pass:${PASSPHRASE} ${options} -out ${file}`;
    const content = `PKCS#8, encrypted: ${encryption}; ${NAMES[kind]}`;
    return pem({ file, key: kind, command, content, passphrase: PASSPHRASE, family: encryption }, kind);
  });
  const node = {
    file: 'pkcs8-node.pem',
    producer: NODE,
    command: `crypto.generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: '${PASSPHRASE}' })`,
    content: 'PKCS#8, encrypted: PBES2, AES-256-CBC; P-384',
    passphrase: PASSPHRASE,
  };
  return [...rows, pem(node, 'p384')];
}

function traditionalKeys() {
  const encrypted = { passphrase: PASSPHRASE };
  const out = `-passout pass:${PASSPHRASE} -out`;
  return [
    pem(
      {
        file: 'pkcs1.pem',
        producer: OPENSSL_AS_1_1,
        command: 'openssl genrsa -traditional -out pkcs1.pem 2048',
        content: 'PKCS#1, RSA-2048',
      },
      'rsa2048',
    ),
    ...[
      ['pkcs1-aes-256', `-aes256 ${out} pkcs1-aes-256.pem`, 'AES-256-CBC'],
      ['pkcs1-aes-128', `-aes128 ${out} pkcs1-aes-128.pem`, 'AES-128-CBC'],
      ['pkcs1-des3', `-des3 ${out} pkcs1-des3.pem`, 'DES-EDE3-CBC'],
      ['pkcs1-des', `-des ${LEGACY} ${out} pkcs1-des.pem`, 'DES-CBC'],
    ].map(([id, options, cipher]) =>
      pem(
        {
          file: `${id}.pem`,
          key: 'rsa2048',
          producer: OPENSSL_AS_1_1,
          command: `openssl rsa -traditional -in key.pem ${options}`,
          content: `PKCS#1, encrypted: Proc-Type, ${cipher}; RSA-2048`,
          family: `Proc-Type, ${cipher}`,
          ...encrypted,
        },
        'rsa2048',
      ),
    ),
    ...[
      ['p256', 'prime256v1'],
      ['p384', 'secp384r1'],
      ['p521', 'secp521r1'],
    ].map(([kind, curve]) =>
      pem(
        {
          file: `sec1-${kind}.pem`,
          command: `openssl ecparam -name ${curve} -genkey -out sec1-${kind}.pem`,
          content: `SEC 1 after EC PARAMETERS, ${NAMES[kind]}`,
        },
        kind,
      ),
    ),
    ...[
      ['aes-256', '-aes256', 'AES-256-CBC', 'p384'],
      ['des3', '-des3', 'DES-EDE3-CBC', 'p256'],
    ].map(([id, option, cipher, kind]) =>
      pem(
        {
          file: `sec1-${id}.pem`,
          key: kind,
          command: `openssl ec -in key.pem ${option} ${out} sec1-${id}.pem`,
          content: `SEC 1, encrypted: Proc-Type, ${cipher}; ${NAMES[kind]}`,
          family: `SEC 1, Proc-Type, ${cipher}`,
          ...encrypted,
        },
        kind,
      ),
    ),
    pem(
      {
        file: 'sec1-compressed.pem',
        key: 'p256',
        command: 'openssl ec -in key.pem -conv_form compressed -out sec1-compressed.pem',
        content: 'SEC 1 with a compressed point, P-256',
      },
      'p256',
    ),
    pem(
      {
        file: 'sec1-explicit.pem',
        key: 'p256',
        command: 'openssl ec -in key.pem -param_enc explicit -out sec1-explicit.pem',
        content: 'SEC 1 with the curve written out, P-256',
        undo: 'openssl ec -in sec1-explicit.pem -param_enc named_curve',
      },
      'p256',
    ),
    pem(
      {
        file: 'sec1-no-public.pem',
        key: 'p384',
        command: 'openssl ec -in key.pem -no_public -out sec1-no-public.pem',
        content: 'SEC 1 without the public half, P-384',
      },
      'p384',
    ),
  ];
}

function certificateBundles() {
  return [
    {
      file: 'bundle.pem',
      key: 'p256',
      command: 'cat key.pem cert.pem ca.pem > bundle.pem',
      content: 'PKCS#8, then certificate and chain, P-256',
    },
    {
      file: 'bundle-certificates-first.pem',
      key: 'ed25519',
      command: 'cat cert.pem ca.pem key.pem > bundle-certificates-first.pem',
      content: 'certificate and chain, then PKCS#8, Ed25519',
    },
    {
      file: 'bundle-ca-first.pem',
      key: 'p384',
      command: 'cat ca.pem key.pem cert.pem > bundle-ca-first.pem',
      content: 'certificates in the wrong order, P-384',
    },
    {
      file: 'bag-attributes.pem',
      key: 'p256',
      prepare: 'openssl pkcs12 -export -inkey key.pem -in cert.pem -name client -passout pass: -out t.p12',
      command: 'openssl pkcs12 -in t.p12 -nodes -passin pass: -out bag-attributes.pem',
      content: 'Bag Attributes around certificate and PKCS#8, P-256',
      certificates: 1,
    },
  ].map((row) => pem({ certificates: 2, ...row }, row.key));
}

function textForms() {
  return [
    ['crlf.pem', "sed 's/$/\\r/' key.pem > crlf.pem", 'Windows line ends', "tr -d '\\r' < crlf.pem"],
    [
      'literal-newlines.txt',
      "awk -v ORS='\\\\n' 1 key.pem > literal-newlines.txt",
      'one line with literal \\n',
      "sed 's/\\\\n/\\n/g' literal-newlines.txt",
    ],
    [
      'base64.txt',
      'base64 -w0 key.pem > base64.txt',
      'wrapped in one line of base64',
      'base64 -d base64.txt',
    ],
    [
      'base64-lines.txt',
      'base64 key.pem > base64-lines.txt',
      'wrapped in base64',
      'base64 -d base64-lines.txt',
    ],
    [
      'utf-16.pem',
      'iconv -t UTF-16 key.pem > utf-16.pem',
      'UTF-16 with byte order mark',
      'iconv -f UTF-16 utf-16.pem',
    ],
    [
      'bom.pem',
      "(printf '\\357\\273\\277'; cat key.pem) > bom.pem",
      'UTF-8 with byte order mark',
      'tail -c +4 bom.pem',
    ],
  ].map(([file, command, form, undo]) =>
    pem(
      { file, key: 'p256', producer: 'coreutils', command, content: `PKCS#8, ${form}; P-256`, undo },
      'p256',
    ),
  );
}

function derKeys() {
  const forms = [
    ['pkcs8-rsa2048', 'rsa2048', 'openssl pkcs8 -topk8 -nocrypt -in key.pem', 'PKCS#8, RSA-2048'],
    ['pkcs8-p521', 'p521', 'openssl pkcs8 -topk8 -nocrypt -in key.pem', 'PKCS#8, P-521'],
    ['pkcs8-ed25519', 'ed25519', 'openssl pkcs8 -topk8 -nocrypt -in key.pem', 'PKCS#8, Ed25519'],
    ['pkcs1', 'rsa2048', 'openssl rsa -traditional -in key.pem', 'PKCS#1, RSA-2048'],
    ['sec1', 'p256', 'openssl ec -in key.pem', 'SEC 1, P-256'],
  ];
  const pass = `-passout pass:${PASSPHRASE}`;
  const encrypted = [
    ['encrypted-aes-256', `-v2 aes-256-cbc ${pass}`, 'PBES2, AES-256-CBC'],
    ['encrypted-sha1-3des', `-v1 PBE-SHA1-3DES ${pass}`, 'PKCS#12 PBE, SHA-1 and 3DES'],
  ];
  return [
    ...forms.map(([id, kind, command, content]) => {
      const file = `${id}.der`;
      return pem(
        { file, format: 'der', key: kind, command: `${command} -outform DER -out ${file}`, content },
        kind,
      );
    }),
    ...encrypted.map(([id, options, encryption]) =>
      pem(
        {
          file: `${id}.der`,
          format: 'der',
          key: 'p384',
          command: `openssl pkcs8 -topk8 -in key.pem ${options} -outform DER -out ${id}.der`,
          content: `PKCS#8, encrypted: ${encryption}; P-384`,
          passphrase: PASSPHRASE,
          family: `DER, ${encryption}`,
        },
        'p384',
      ),
    ),
  ];
}

function pem(row, kind) {
  return { format: 'pem', producer: OPENSSL, algorithm: algorithmOf(kind), certificates: 0, ...row };
}
