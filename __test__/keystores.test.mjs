import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { calculateJwkThumbprint } from 'jose';
import { runNode } from './support/child.mjs';
import { ecJwks, edJwks, pkcs1Pem, pkcs8Pem, publicJwks, rsaJwks, sec1Pem } from './support/keys.mjs';

const RSA = rsaJwks();
const EC = ecJwks();
const EC256 = ecJwks({ alg: 'ES256' });
const ED = edJwks();
const FIXTURES = fileURLToPath(new URL('fixtures', import.meta.url));
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'];

let directory;

test.before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'smart-m2m-keystores-'));
});

test.after.always(() => directory && rm(directory, { recursive: true, force: true }));

test('a JWKS may be given as text, as an object, as a single key, as data and as a file', async (t) => {
  const text = JSON.stringify(EC);
  const path = await file('sources.jwks', text);
  for (const source of [
    { jwks: text },
    { jwks: EC },
    { jwks: EC.keys[0] },
    { jwks: `\uFEFF${text}` },
    { data: text },
    { data: Buffer.from(text) },
    { data: new Uint8Array(Buffer.from(text)) },
    { path },
  ]) {
    const name = uniqueName();
    t.deepEqual(
      { ...Keystores.register(name, source) },
      {
        name,
        format: 'jwks',
        path: source.path ?? null,
        keyId: EC.keys[0].kid,
        algorithm: 'ES384',
        certificates: 0,
      },
    );
  }
});

for (const [kind, pem, jwks, algorithm] of [
  ['PKCS#8 RSA', pkcs8Pem(RSA), RSA, 'RS384'],
  ['PKCS#1 RSA', pkcs1Pem(RSA), RSA, 'RS384'],
  ['PKCS#8 P-384', pkcs8Pem(EC), EC, 'ES384'],
  ['SEC 1 P-384', sec1Pem(EC), EC, 'ES384'],
  ['SEC 1 P-256', sec1Pem(EC256), EC256, 'ES256'],
  ['PKCS#8 Ed25519', pkcs8Pem(ED), ED, 'EdDSA'],
]) {
  test(`a PEM key (${kind}) goes by its thumbprint and signs ${algorithm}`, async (t) => {
    const keyId = await calculateJwkThumbprint(jwks.keys[0], 'sha256');
    const path = await file(`${randomUUID()}.key`, pem);
    for (const source of [{ path }, { data: pem }, { data: Buffer.from(pem) }]) {
      t.like(Keystores.register(uniqueName(), source), { format: 'pem', keyId, algorithm });
    }
  });
}

for (const [kind, change] of Object.entries({
  'Windows line ends': (pem) => pem.replaceAll('\n', '\r\n'),
  'no final newline': (pem) => pem.trimEnd(),
  'text before the block': (pem) =>
    `Bag Attributes\n    friendlyName: client\nKey Attributes: <No Attributes>\n${pem}`,
  'curve parameters before the key': (pem) =>
    `-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n${pem}`,
})) {
  test(`PEM text with ${kind} is read`, (t) => {
    t.is(Keystores.register(uniqueName(), { data: change(sec1Pem(EC)) }).algorithm, 'ES384');
  });
}

test('a PEM key takes the key id that it is given', (t) => {
  const info = Keystores.register(uniqueName(), { data: pkcs8Pem(EC), keyId: 'issued-by-the-server' });
  t.is(info.keyId, 'issued-by-the-server');
});

test('of several keys the first private one signs, or the one that is named', (t) => {
  const jwks = { keys: [...publicJwks(ED).keys, ...EC.keys, ...RSA.keys] };
  t.is(Keystores.register(uniqueName(), { jwks }).keyId, EC.keys[0].kid);
  t.is(Keystores.register(uniqueName(), { jwks, keyId: RSA.keys[0].kid }).keyId, RSA.keys[0].kid);
});

test('a kid that is listed twice, for verifying and for signing, signs', (t) => {
  const [key] = EC.keys;
  const [shown] = publicJwks(EC).keys;
  const jwks = {
    keys: [
      { ...shown, key_ops: ['verify'] },
      { ...key, key_ops: ['sign'] },
    ],
  };
  const name = uniqueName();
  t.is(Keystores.register(name, { jwks, keyId: key.kid }).keyId, key.kid);
  t.is(Keystores.publicJwks(name).keys.length, 1);
});

test('entries that nobody here understands are skipped', (t) => {
  const jwks = {
    keys: [
      { kty: 'AKP', alg: 'ML-DSA-65', kid: 'pq', pub: 'AA', priv: 'AA' },
      { kty: 'oct', kid: 'symmetric', k: 'c2VjcmV0' },
      { kty: 'EC', crv: 'secp256k1', kid: 'coin', x: 'AA', y: 'AA', d: 'AA' },
      { ...RSA.keys[0], kid: 'for-encryption', use: 'enc' },
      ...EC.keys,
    ],
    more: 'members',
  };
  t.is(Keystores.register(uniqueName(), { jwks }).keyId, EC.keys[0].kid);
});

for (const [kind, key, pattern] of [
  ['symmetric', { kty: 'oct', kid: 'k1', k: 'c2VjcmV0' }, /symmetric/],
  ['public only', publicJwks(EC).keys[0], /public|private/],
  ['for encryption', { ...EC.keys[0], use: 'enc' }, /enc/],
  ['not for signing', { ...EC.keys[0], key_ops: ['verify'] }, /key_ops/],
  ['an RSA key of 1024 bits', rsaJwks({ bits: 1024 }).keys[0], /2048/],
  ['on an unknown curve', { kty: 'EC', crv: 'secp256k1', x: 'AA', y: 'AA', d: 'AA' }, /curve|crv/],
  ['of another type than its alg', { ...EC.keys[0], alg: 'RS384' }, /alg/],
  ['of another curve than its alg', { ...EC.keys[0], alg: 'ES256' }, /alg/],
  ['for a symmetric alg', { ...RSA.keys[0], alg: 'HS256' }, /alg/],
]) {
  test(`a key that is ${kind} is refused, and the message says why`, (t) => {
    const name = uniqueName();
    const error = t.throws(() => Keystores.register(name, { jwks: { keys: [key] } }));
    t.is(error.code, 'ERR_KEYSTORE_UNUSABLE_KEY', error.message);
    t.regex(error.message, pattern);
    t.true(error.message.includes(name), error.message);
    t.false(Keystores.list().some((info) => info.name === name));
  });
}

test('a key id that is not there is refused with those that are', (t) => {
  const error = t.throws(() => Keystores.register(uniqueName(), { jwks: EC, keyId: 'another' }));
  t.is(error.code, 'ERR_KEYSTORE_UNUSABLE_KEY');
  t.true(error.message.includes(EC.keys[0].kid), error.message);
});

for (const [kind, source] of Object.entries({
  'text that is no JSON': { jwks: 'keystore' },
  'half a document': { jwks: JSON.stringify(EC).slice(0, -20) },
  'JSON without keys': { jwks: {} },
  'a PEM block cut short': { data: pkcs8Pem(EC).slice(0, 80) },
  'a Java keystore cut short': { data: Buffer.from('feedfeed00000002', 'hex') },
  'an encrypted PEM key cut short': {
    data: '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n',
  },
  'numbers that do not belong together': { jwks: { ...EC.keys[0], x: EC256.keys[0].x } },
})) {
  test(`${kind} is a corrupt keystore`, (t) => {
    t.throws(() => Keystores.register(uniqueName(), source), { code: 'ERR_KEYSTORE_CORRUPT' });
  });
}

test('a file that is not there is ERR_KEYSTORE_NOT_FOUND with its path', (t) => {
  const path = join(directory, 'missing.jwks');
  const error = t.throws(() => Keystores.register(uniqueName(), { path }), {
    code: 'ERR_KEYSTORE_NOT_FOUND',
  });
  t.true(error.message.includes(path), error.message);
});

for (const name of ['', 'a b', '../key', 'a.jwks', 'schlüssel']) {
  test(`'${name}' is no name for a keystore`, (t) => {
    const error = t.throws(() => Keystores.register(name, { jwks: EC }), { code: 'ERR_INVALID_CONFIG' });
    t.regex(error.message, /letters, digits/);
  });
}

for (const source of [{}, { jwk: EC }, { path: 7 }, { jwks: EC, path: 'x' }, { data: 7 }]) {
  test(`a source has to be one of those there are: ${Object.keys(source)}`, (t) => {
    t.throws(() => Keystores.register(uniqueName(), source), { code: 'ERR_INVALID_CONFIG' });
  });
}

test('what is registered is listed, replaced and removed by name', (t) => {
  const name = uniqueName();
  const listed = () => Keystores.list().filter((info) => info.name === name);
  Keystores.register(name, { jwks: EC });
  t.deepEqual(
    listed().map(({ algorithm }) => algorithm),
    ['ES384'],
  );
  Keystores.register(name, { jwks: RSA });
  t.deepEqual(
    listed().map(({ algorithm }) => algorithm),
    ['RS384'],
  );
  t.true(Keystores.unregister(name));
  t.false(Keystores.unregister(name));
  t.deepEqual(listed(), []);
});

test('a registration that fails leaves the earlier keystore in place', (t) => {
  const name = uniqueName();
  Keystores.register(name, { jwks: EC });
  t.throws(() => Keystores.register(name, { jwks: {} }));
  t.is(Keystores.publicJwks(name).keys[0].kid, EC.keys[0].kid);
});

test('an interceptor keeps its key when the name is removed', (t) => {
  const name = uniqueName();
  Keystores.register(name, { jwks: EC });
  const interceptor = create(name);
  Keystores.unregister(name);
  t.is(interceptor.publicJwks().keys[0].kid, EC.keys[0].kid);
  t.throws(() => create(name), { code: 'ERR_KEYSTORE_NOT_FOUND' });
});

for (const [kind, jwks] of Object.entries({ RSA, EC, 'P-256': EC256, Ed25519: ED })) {
  test(`the public JWKS of a key of type ${kind} is ready to register, and has nothing private`, (t) => {
    const name = uniqueName();
    Keystores.register(name, { jwks });
    const { keys } = Keystores.publicJwks(name);
    const { key_ops, ...shown } = keys[0];
    t.is(keys.length, 1);
    t.deepEqual(shown, publicJwks(jwks).keys[0]);
    t.true(key_ops === undefined || key_ops.join() === 'verify');
    for (const member of PRIVATE_MEMBERS) t.false(member in keys[0], member);
    t.deepEqual(create(name).publicJwks(), Keystores.publicJwks(name));
  });
}

test('a key without kid and alg is shown under the names that its assertions carry', (t) => {
  const name = uniqueName();
  const { kid, alg, use, ...bare } = RSA.keys[0];
  const { keyId, algorithm } = Keystores.register(name, { jwks: bare });
  t.like(Keystores.publicJwks(name).keys[0], { kid: keyId, alg: algorithm, use: 'sig' });
});

test('the public JWKS of a client with a secret is an error that says so', (t) => {
  const interceptor = ClientAuthInterceptorFactory.create({
    clientId: 'c',
    clientSecret: 'test-secret',
    scope: null,
  });
  t.throws(() => interceptor.publicJwks(), { code: 'ERR_INVALID_CONFIG' });
});

test("Smile's definitions: text, classpath:, file: and plain paths", async (t) => {
  const root = join(directory, 'smile');
  await mkdir(join(root, 'keys'), { recursive: true });
  const path = join(root, 'keys', 'ec.jwks');
  await writeFile(path, JSON.stringify(EC));
  const id = randomUUID().slice(0, 8);
  const infos = Keystores.load(
    {
      keystores: [
        { keystoreId: `${id}-text`, jwks: JSON.stringify(RSA) },
        { keystoreId: `${id}-object`, jwks: RSA },
        { keystoreId: `${id}-classpath`, filePath: 'classpath:/keys/ec.jwks' },
        { keystoreId: `${id}-file`, filePath: `file:${path}` },
        { keystoreId: `${id}-file-url`, filePath: pathToFileURL(path).href },
        { keystoreId: `${id}-path`, filePath: path },
      ],
    },
    { classpath: root },
  );
  t.deepEqual(
    infos.map(({ name, algorithm }) => [name.slice(id.length + 1), algorithm]),
    [
      ['text', 'RS384'],
      ['object', 'RS384'],
      ['classpath', 'ES384'],
      ['file', 'ES384'],
      ['file-url', 'ES384'],
      ['path', 'ES384'],
    ],
  );
  t.is(create(`${id}-classpath`).publicJwks().keys[0].kid, EC.keys[0].kid);
});

test("Smile's definitions may be JSON text, and a file wins over text", (t) => {
  const keystoreId = uniqueName();
  const filePath = 'classpath:smart-app-launch/ES384.private.json';
  const definitions = JSON.stringify({ keystores: [{ keystoreId, filePath, jwks: JSON.stringify(RSA) }] });
  t.is(Keystores.load(definitions, { classpath: FIXTURES })[0].algorithm, 'ES384');
});

test('with one bad definition, none is registered and every problem is told', (t) => {
  const id = uniqueName();
  const error = t.throws(() =>
    Keystores.load(
      {
        keystores: [
          { keystoreId: `${id}-good`, jwks: EC },
          { keystoreId: `${id}-none` },
          { keystoreId: `${id}-missing`, filePath: 'classpath:/nowhere.jwks' },
        ],
      },
      { classpath: FIXTURES },
    ),
  );
  t.is(error.code, 'ERR_INVALID_CONFIG');
  t.is(error.problems.length, 2);
  t.is(error.problems[1].code, 'ERR_KEYSTORE_NOT_FOUND');
  t.false(Keystores.list().some(({ name }) => name.startsWith(id)));
});

test('a name that is not registered is looked for in SMART_M2M_KEYSTORE_DIR', async (t) => {
  const folder = join(directory, 'folder');
  await mkdir(folder);
  await writeFile(join(folder, 'as-jwks.jwks'), JSON.stringify(EC));
  await writeFile(join(folder, 'as-json.json'), JSON.stringify(EC256));
  await writeFile(join(folder, 'as-pem.pem'), pkcs8Pem(ED));
  const kids = await kidsIn({ SMART_M2M_KEYSTORE_DIR: folder }, ['as-jwks', 'as-json', 'as-pem']);
  t.deepEqual(kids, [EC.keys[0].kid, EC256.keys[0].kid, await calculateJwkThumbprint(ED.keys[0], 'sha256')]);
});

test('a name that is nowhere is ERR_KEYSTORE_NOT_FOUND, with every place that was looked into', async (t) => {
  const [withFolder] = await kidsIn({ SMART_M2M_KEYSTORE_DIR: directory }, ['absent']);
  for (const place of ['ERR_KEYSTORE_NOT_FOUND', "'absent'", directory, 'jwks', 'json', 'pem']) {
    t.true(withFolder.includes(place), `${place} in: ${withFolder}`);
  }
  const [without] = await kidsIn({ SMART_M2M_KEYSTORE_DIR: undefined }, ['absent']);
  t.regex(without, /SMART_M2M_KEYSTORE_DIR/);

  const known = uniqueName();
  Keystores.register(known, { jwks: EC });
  const error = t.throws(() => create('absent'), { code: 'ERR_KEYSTORE_NOT_FOUND' });
  t.true(error.message.includes("'absent'"), error.message);
});

/** Key ids that a process with this environment finds by these names; for a failure its code and message. */
async function kidsIn(env, names) {
  const script = `
    import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    const kids = process.argv.slice(1).map((keystore) => {
      try {
        const options = { clientId: 'c', scope: null, keystore };
        return ClientAuthInterceptorFactory.create(options).publicJwks().keys[0].kid;
      } catch (error) {
        return error.code + ' ' + error.message;
      }
    });
    console.log(JSON.stringify(kids));`;
  const { stdout, stderr, code } = await runNode(script, { evaluate: true, env, args: names });
  if (code !== 0) throw new Error(stderr);
  return JSON.parse(stdout);
}

function create(keystore) {
  return ClientAuthInterceptorFactory.create({ clientId: 'c', scope: null, keystore });
}

function uniqueName() {
  return `key-${randomUUID()}`;
}

test('a key that landed in the place of a path is not shown', (t) => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = privateKey.export({ type: 'pkcs8', format: 'der' });
  for (const path of [der.toString('base64'), der.toString('base64url'), JSON.stringify(EC)]) {
    for (const register of [
      () => Keystores.register('x', { path }),
      () => Keystores.load({ keystores: [{ keystoreId: 'x', filePath: path }] }),
    ]) {
      const { code, message } = t.throws(register);
      t.is(code, 'ERR_KEYSTORE_NOT_FOUND');
      t.false(message.includes(path.slice(0, 20)), message);
    }
  }
});

test('a certificate with a compressed or spelled-out point is its key’s own', (t) => {
  for (const file of ['compressed', 'explicit']) {
    const path = join(FIXTURES, 'keystores-core', `certificate-${file}.pem`);
    t.is(Keystores.register(uniqueName(), { path }).format, 'pem');
  }
});

for (const keyId of ['', 'a\nb', 'x'.repeat(2000)]) {
  test(`a key id of ${keyId.length} odd characters is refused`, (t) => {
    t.is(t.throws(() => Keystores.register(uniqueName(), { jwks: EC, keyId })).code, 'ERR_INVALID_CONFIG');
    t.is(t.throws(() => Keystores.generate({ algorithm: 'ES256', keyId })).code, 'ERR_INVALID_CONFIG');
  });
}

async function file(name, content) {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}
