import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { shell } from './shell.mjs';

const CURVES = { p224: 'P-224', p256: 'P-256', p384: 'P-384', p521: 'P-521', secp256k1: 'secp256k1' };

/** Ed448 and X25519 need no certificate here, and X25519 could not sign one. */
const WITHOUT_CERTIFICATE = ['ed448', 'x25519'];

/**
 * A folder for a kind of key, with key.pem (PKCS#8), cert.pem and the ca.pem that signed it.
 *
 * @type {(root: string, kind: string) => Promise<string>}
 */
export async function makeMaterial(root, kind) {
  const folder = join(root, kind);
  await mkdir(folder);
  shell(genpkey(kind), folder);
  if (WITHOUT_CERTIFICATE.includes(kind)) return folder;
  shell('openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out ca.key', folder);
  shell('openssl req -x509 -new -key ca.key -subj "/CN=Test CA" -days 36500 -out ca.pem', folder);
  shell('openssl req -new -key key.pem -subj /CN=client -out cert.csr', folder);
  shell(
    'openssl x509 -req -in cert.csr -CA ca.pem -CAkey ca.key -set_serial 7 -days 36500 -out cert.pem',
    folder,
  );
  return folder;
}

function genpkey(kind) {
  const to = (options) => `openssl genpkey ${options} -out key.pem`;
  if (kind in CURVES) return to(`-algorithm EC -pkeyopt ec_paramgen_curve:${CURVES[kind]}`);
  if (kind.startsWith('rsa')) return to(`-algorithm RSA -pkeyopt rsa_keygen_bits:${kind.slice(3)}`);
  if (kind !== 'dsa') return to(`-algorithm ${kind}`);
  const parameters =
    'openssl genpkey -genparam -algorithm DSA -pkeyopt dsa_paramgen_bits:2048 -out dsa.params';
  return `${parameters} && ${to('-paramfile dsa.params')}`;
}
