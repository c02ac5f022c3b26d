import {
  type KeystoreInfo,
  type KeystoreSource,
  Keystores,
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
];
const info = Keystores.register('name', { path: 'keys/private.json' });
expectType<KeystoreInfo>()(info);
expectType<string>()(info.name);
expectType<'jwks' | 'pem'>()(info.format);
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

// @ts-expect-error a keystore has a source
Keystores.register('name', { keyId: 'key-1' });
// @ts-expect-error a path alone is no source
Keystores.register('name', 'keys/private.pem');
// @ts-expect-error a definition has a keystoreId
Keystores.load({ keystores: [{ filePath: 'keys/private.json' }] });
// @ts-expect-error what was registered is not changed in place
info.keyId = 'key-2';

export { sources };
