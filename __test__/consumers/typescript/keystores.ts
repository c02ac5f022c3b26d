import {
  type JwksHandler,
  type KeystoreInfo,
  type KeystoreSource,
  Keystores,
  type PrivateJwks,
  type PublicJwks,
  type SigningAlgorithm,
  type SmileKeystoreDefinitions,
} from '@org/smart-m2m';
import { expectType } from './expect-type.js';

const sources: KeystoreSource[] = [
  { path: 'keys/private.pem', keyId: 'key-1' },
  { jwks: '{"keys":[]}' },
  { jwks: { keys: [] }, keyId: 'key-1' },
  { data: '-----BEGIN PRIVATE KEY-----' },
  { data: new Uint8Array(), keyId: 'key-1' },
  { path: 'keys/client.p12', passphrase: 'text', keyPassphrase: new Uint8Array(), alias: 'signing' },
  { data: new Uint8Array(), passphrase: undefined },
  { sign: async () => new Uint8Array(), publicJwk: {}, timeoutMs: 1000 },
  { sign: (input, algorithm) => (algorithm === 'ES384' ? input : new ArrayBuffer(0)), publicJwk: {} },
  // @ts-expect-error one of them
  { path: 'keys/private.pem', data: 'text' },
  // @ts-expect-error one of them
  { sign: async () => new Uint8Array(), publicJwk: {}, path: 'keys/private.pem' },
  // @ts-expect-error whose key it is
  { sign: async () => new Uint8Array() },
];
const info = Keystores.register('name', { path: 'keys/private.json' });
expectType<KeystoreInfo>()(info);
expectType<string>()(info.name);
expectType<'jwks' | 'pem' | 'der' | 'pkcs12' | 'jks' | 'external'>()(info.format);
expectType<string | null>()(info.path);
expectType<string>()(info.keyId);
expectType<SigningAlgorithm>()(info.algorithm);
expectType<number>()(info.certificates);

const definitions: SmileKeystoreDefinitions = {
  keystores: [
    { keystoreId: 'file', filePath: 'classpath:keys/private.json' },
    { keystoreId: 'text', jwks: '{"keys":[]}' },
    { keystoreId: 'object', jwks: { keys: [] } },
  ],
};
expectType<KeystoreInfo[]>()(Keystores.load(definitions));
expectType<KeystoreInfo[]>()(Keystores.load('{"keystores":[]}', { classpath: 'resources' }));
expectType<KeystoreInfo[]>()(Keystores.list());
expectType<boolean>()(Keystores.unregister('name'));
expectType<PublicJwks>()(Keystores.publicJwks('name'));
expectType<PrivateJwks>()(Keystores.generate());
expectType<PrivateJwks>()(Keystores.generate({ algorithm: 'PS256', modulusLength: 3072, keyId: 'k' }));
// @ts-expect-error no algorithm for assertions
Keystores.generate({ algorithm: 'HS256' });
expectType<JwksHandler>()(Keystores.jwksHandler('name', { maxAgeSeconds: 60 }));

// @ts-expect-error a keystore has a source
Keystores.register('name', { keyId: 'key-1' });
// @ts-expect-error a path alone is no source
Keystores.register('name', 'keys/private.pem');
// @ts-expect-error a definition has a keystoreId
Keystores.load({ keystores: [{ filePath: 'keys/private.json' }] });
// @ts-expect-error what was registered is not changed in place
info.keyId = 'key-2';

export { sources };
