import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KEYTOOL, PASSPHRASE } from './row.mjs';
import { shell } from './shell.mjs';

const LEGACY = '-provider legacy -provider default';

/**
 * The public key of the file's signing key, as tools other than this package read it.
 *
 * @param {import('./row.mjs').Row} row
 * @param {string} folder of the file
 * @returns {Promise<Record<string, string>>} public JWK
 */
export async function readBack(row, folder) {
  const key = await READERS[row.format](row, folder);
  const { kty, n, e, crv, x, y } = createPublicKey(key).export({ format: 'jwk' });
  const jwk = JSON.parse(JSON.stringify({ kty, n, e, crv, x, y }));
  const second = secondReading(row, folder);
  if (second && !createPublicKey(key).equals(second)) throw new Error(`${row.file}: two tools read two keys`);
  return jwk;
}

const READERS = {
  async jwks({ file, keyId }, folder) {
    const json = JSON.parse((await readFile(join(folder, file), 'utf8')).replace(/^\uFEFF/, ''));
    const key = (json.keys ?? [json]).find(({ d, kid }) => d && (!keyId || kid === keyId));
    return createPrivateKey({ key, format: 'jwk' });
  },

  pem: ({ file, undo, passphrase }, folder) =>
    shell(`${undo ?? `cat ${file}`} | openssl pkey ${passin(passphrase)} ${LEGACY} -pubout`, folder),

  der: ({ file, passphrase }, folder) =>
    shell(`openssl pkey -inform DER -in ${file} ${passin(passphrase)} ${LEGACY} -pubout`, folder),

  pkcs12({ file, alias, passphrase }, folder) {
    const line = `openssl pkcs12 -in ${file} -legacy -nodes -nocerts ${passin(passphrase)}`;
    const text = shell(line, folder).toString();
    const bags = text.split(/(?<=-----END PRIVATE KEY-----\n)/);
    const name = alias && `friendlyName: ${alias.toLowerCase()}\n`;
    return createPrivateKey(bags.find((bag) => !name || bag.includes(name)));
  },

  jks({ file, alias = 'client', passphrase, keyPassphrase = passphrase }, folder) {
    const source = `-srckeystore ${file} -srcstorepass ${passphrase} -srcalias ${alias} -srckeypass ${keyPassphrase}`;
    const target = `-deststoretype PKCS12 -deststorepass ${PASSPHRASE} -destkeypass ${PASSPHRASE}`;
    const moved = `moved-${process.pid}.p12`;
    try {
      shell(`keytool -importkeystore -noprompt ${source} -destkeystore ${moved} ${target}`, folder);
      return READERS.pkcs12({ file: moved, passphrase: PASSPHRASE }, folder);
    } finally {
      shell(`rm -f ${moved}`, folder);
    }
  },
};

/** By another tool than the first one, where one can. */
function secondReading({ file, format, producer, alias = 'client', passphrase, certificates }, folder) {
  if (producer !== KEYTOOL || certificates !== 1) return null;
  const line = `keytool -exportcert -rfc -keystore ${file} -alias ${alias} -storepass ${passphrase}`;
  const type = format === 'pkcs12' ? ' -storetype PKCS12' : '';
  return new X509Certificate(shell(`${line}${type}`, folder)).publicKey;
}

function passin(passphrase) {
  return `-passin pass:${passphrase ?? ''}`;
}
