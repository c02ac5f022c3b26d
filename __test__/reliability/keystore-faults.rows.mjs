import { inMounts } from '../support/fault-places.mjs';

export const TITLE = 'Key files that change at a bad moment';
export const KIND = 'fault';

/**
 * A client with the key `a` in a file and its first token. `next()` asks for another, when the file may be looked at
 * again; the server tells by which key.
 */
const CLIENT = `
  import { subscribe } from 'node:diagnostics_channel';
  import fs from 'node:fs';
  const folder = fs.mkdtempSync(process.env.ROOM ?? '/tmp/smart-m2m-keys-');
  process.once('exit', () => fs.rmSync(folder, { recursive: true, force: true }));
  const path = folder + '/key';
  const key = (keyId, algorithm = 'ES384') => JSON.stringify(Keystores.generate({ algorithm, keyId }));
  const put = (text) => { fs.writeFileSync(path + '.new', text); fs.renameSync(path + '.new', path); };
  const warnings = [];
  subscribe('smart-m2m:warning', ({ code }) => warnings.push(code));
  let interceptor;
  async function begin() {
    Keystores.register('k', { path });
    interceptor = create({ clientSecret: undefined, keystore: 'k' });
    await tell(interceptor.getAuthorizationHeader());
  }
  async function next() {
    await sleep(1050);
    interceptor.invalidate();
    await tell(interceptor.getAuthorizationHeader());
  }`;
const BEGIN = "put(key('a')); await begin();";
const THREE = ['token 1', 'token 2', 'token 3'];
const STAYS = 'the key that was read before signs, with a warning; then the new one';

/** Something that is no key takes the file's place, and then the key `b`. */
const interludes = {
  'a key file that is truncated, and completed later':
    "fs.truncateSync(path, 40); await next(); put(key('b'));",
  'a key file that is half written at the moment of a token request':
    "const text = key('b'); fs.writeFileSync(path, text.slice(0, 200)); await next(); fs.appendFileSync(path, text.slice(200));",
  'a key file that is emptied, as a full disk leaves it':
    "fs.writeFileSync(path, ''); await next(); put(key('b'));",
  'a key file that is deleted, and made again': "fs.rmSync(path); await next(); put(key('b'));",
  'a key file that becomes a directory':
    "fs.rmSync(path); fs.mkdirSync(path); await next(); fs.rmdirSync(path); put(key('b'));",
  'a key file that becomes a named pipe': `
    const { execFileSync } = await import('node:child_process');
    fs.rmSync(path); execFileSync('mkfifo', [path]); await next(); put(key('b'));`,
  'a key file that becomes a symbolic link to itself':
    "fs.rmSync(path); fs.symlinkSync(path, path); await next(); fs.rmSync(path); put(key('b'));",
  'a key file that becomes a symbolic link to nothing':
    "fs.rmSync(path); fs.symlinkSync('gone', path); await next(); fs.rmSync(path); put(key('b'));",
  'a key file that grows without bound': "fs.truncateSync(path, 2 ** 31); await next(); put(key('b'));",
  'a public key in the place of the private one': `
    put(JSON.stringify(Keystores.publicJwks('k'))); await next(); put(key('b'));`,
  'an encrypted key in its place, and no passphrase': `
    const { generateKeyPairSync } = await import('node:crypto');
    put(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export(
      { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'none' })); await next(); put(key('b'));`,
  // What is loaded when it is first used may lie where nobody else than root gets.
  'a key file whose permissions are taken away, and given back': `
    interceptor.invalidate();
    if (process.getuid() === 0) { for (const place of [folder, path]) fs.chownSync(place, 65534, 65534); process.seteuid(65534); }
    fs.chmodSync(path, 0); await next(); put(key('b'));
    if (process.getuid() === 0) process.seteuid(0);`,
};

const troubles = Object.entries(interludes).map(([name, script]) => ({
  name,
  outcome: STAYS,
  script: `${BEGIN} ${script} await next(); report(warnings.join());`,
  told: [...THREE, 'KEYSTORE_NOT_RELOADED'],
  kids: ['a', 'a', 'b'],
}));

const replacements = [
  {
    name: 'a key file replaced by rename',
    outcome: 'the new key signs the next token request',
    script: `${BEGIN} put(key('b')); await next(); report(warnings.length);`,
  },
  {
    name: 'a key file written in place',
    outcome: 'the new key signs the next token request',
    script: `${BEGIN} fs.writeFileSync(path, key('b')); await next(); report(warnings.length);`,
  },
  {
    name: 'a key file written in place, with the length and the date of the old one',
    outcome: 'the new key signs the next token request all the same',
    script: `${BEGIN} const { size, mtime } = fs.statSync(path);
      fs.writeFileSync(path, key('b').padEnd(size)); fs.utimesSync(path, mtime, mtime);
      await next(); report(warnings.length);`,
  },
  {
    name: 'a key file replaced by one with an older date',
    outcome: 'the new key signs the next token request',
    script: `${BEGIN} fs.writeFileSync(path + '.new', key('b')); fs.utimesSync(path + '.new', 1, 1);
      fs.renameSync(path + '.new', path); await next(); report(warnings.length);`,
  },
  {
    name: 'a key file behind a swapped symbolic link, as Kubernetes mounts secrets',
    outcome: 'the new key signs the next token request',
    script: `for (const name of ['..1', '..2']) fs.mkdirSync(folder + '/' + name);
      fs.writeFileSync(folder + '/..1/key', key('a')); fs.writeFileSync(folder + '/..2/key', key('b'));
      fs.symlinkSync('..1', folder + '/..data'); fs.symlinkSync('..data/key', path);
      await begin();
      fs.symlinkSync('..2', folder + '/..data_tmp'); fs.renameSync(folder + '/..data_tmp', folder + '/..data');
      fs.rmSync(folder + '/..1', { recursive: true });
      await next(); report(warnings.length);`,
  },
  {
    name: 'a key of another type in the place of the old one',
    outcome: 'the new key signs the next token request, with its own algorithm',
    script: `${BEGIN} put(key('b', 'EdDSA')); await next(); report(warnings.length);`,
  },
].map(({ script, ...row }) => ({
  ...row,
  script: `${script} report(interceptor.publicJwks().keys[0].kid);`,
  told: ['token 1', 'token 2', 0, 'b'],
  kids: ['a', 'b'],
}));

const others = [
  {
    name: 'the key file touched, with the same key in it',
    outcome: 'nothing changes',
    script: `${BEGIN} const text = fs.readFileSync(path); fs.writeFileSync(path, text); await next(); put(text); await next(); report(warnings.length);`,
    told: [...THREE, 0],
    kids: ['a', 'a', 'a'],
  },
  {
    name: 'a thousand rotations, as fast as they go, while tokens are asked for',
    outcome: 'no call fails, and the last key signs in the end',
    script: `${BEGIN}
      import { Worker } from 'node:worker_threads';
      const texts = Array.from({ length: 10 }, (_, number) => key('x' + number)).concat(key('last'));
      const worker = new Worker(\`
        const { workerData: { path, texts } } = require('node:worker_threads');
        const fs = require('node:fs');
        for (let round = 0; round < 1000; round += 1) {
          fs.writeFileSync(path + '.new', texts[round === 999 ? 10 : round % 10]);
          fs.renameSync(path + '.new', path);
          if (round % 10 === 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
        }\`, { eval: true, execArgv: [], workerData: { path, texts } });
      let over = false;
      worker.once('exit', () => { over = true; });
      let failed = 0;
      while (!over) {
        interceptor.invalidate();
        await interceptor.getAuthorizationHeader().catch(() => { failed += 1; });
        Keystores.publicJwks('k');
        await sleep(5);
      }
      report(failed);
      await sleep(1050);
      interceptor.invalidate();
      await interceptor.getAuthorizationHeader();
      report(interceptor.publicJwks().keys[0].kid);
      report(warnings.length);`,
    told: ['token 1', 0, 'last', 0],
  },
  {
    name: 'the file system of the key unmounted, and mounted again',
    outcome: STAYS,
    env: { ROOM: '/mnt/smart-m2m-' },
    wrap: (command) => inMounts('mount -t tmpfs none /mnt', command),
    needs: 'mounts',
    script: `${BEGIN}
      const { execFileSync } = await import('node:child_process');
      const file = fs.openSync('/mnt');
      execFileSync('umount', ['-l', '/mnt']);
      await next();
      execFileSync('mount', ['-t', 'tmpfs', 'none', '/mnt']);
      fs.mkdirSync(folder); put(key('b'));
      await next();
      fs.closeSync(file);
      report(warnings.join());`,
    told: [...THREE, 'KEYSTORE_NOT_RELOADED'],
    kids: ['a', 'a', 'b'],
  },
];

export const ROWS = [...troubles, ...replacements, ...others].map((row) => ({
  needs: 'posix',
  ...row,
  script: `${CLIENT}\n${row.script}`,
}));
