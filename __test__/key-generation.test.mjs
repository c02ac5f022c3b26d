import { randomUUID } from 'node:crypto';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { CompactSign, calculateJwkThumbprint, compactVerify, importJWK } from 'jose';

for (const algorithm of [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
]) {
  test(`a key generated for ${algorithm} is a private JWKS that jose reads and that signs`, async (t) => {
    const jwks = Keystores.generate({ algorithm });
    const [jwk] = jwks.keys;
    t.is(jwks.keys.length, 1);
    t.is(jwk.alg, algorithm);
    t.is(jwk.use, 'sig');
    t.is(jwk.kid, await calculateJwkThumbprint(jwk));
    const message = new TextEncoder().encode('message');
    const signed = await new CompactSign(message)
      .setProtectedHeader({ alg: algorithm })
      .sign(await importJWK(jwk));
    const name = `generated-${randomUUID()}`;
    t.is(Keystores.register(name, { jwks }).algorithm, algorithm);
    await compactVerify(signed, await importJWK(Keystores.publicJwks(name).keys[0]));
  });
}

for (const bits of [2048, 3072, 4096]) {
  test(`an RSA key of ${bits} bits is generated on request`, (t) => {
    const { keys } = Keystores.generate({ modulusLength: bits, keyId: 'mine' });
    t.is(Buffer.from(keys[0].n, 'base64url').length * 8, bits);
    t.is(keys[0].kid, 'mine');
    t.is(keys[0].alg, 'RS384');
  });
}

test('two generated keys are two keys', (t) => {
  const [one, two] = [1, 2].map(() => Keystores.generate({ algorithm: 'ES256' }).keys[0].x);
  t.not(one, two);
});

test('a key that cannot be generated is refused with what can', (t) => {
  for (const [options, words] of [
    [{ modulusLength: 1024 }, /2048, 3072, 4096 or 8192/],
    [{ algorithm: 'HS256' }, /'RS256'/],
    [{ algorithm: 'ES256', modulusLength: 2048 }, /RSA/],
    [{ alg: 'ES256' }, /algorithm/],
    ['ES256', /an object/],
  ]) {
    const error = t.throws(() => Keystores.generate(options));
    t.is(error.code, 'ERR_INVALID_CONFIG');
    t.regex(error.message, words);
  }
});
