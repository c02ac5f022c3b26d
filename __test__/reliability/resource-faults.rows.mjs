import { inMounts, limited } from '../support/fault-places.mjs';

export const TITLE = 'A system that has nothing left';
export const KIND = 'fault';

const FEW_FILES = { needs: 'linux', wrap: limited('-n 64') };
/** Every request of its own needs a descriptor. */
const CLOSING = { connection: 'close' };
const closing = (issue) => () => {
  const reply = issue();
  return { ...reply, headers: { ...reply.headers, ...CLOSING } };
};

const COUNT_SOCKETS = `
  import { readdirSync, readlinkSync } from 'node:fs';
  const isSocket = (file) => {
    try {
      return readlinkSync('/proc/self/fd/' + file).startsWith('socket:');
    } catch {
      // That which the folder was read through.
      return false;
    }
  };
  const countSockets = () => readdirSync('/proc/self/fd').filter(isSocket).length;`;

const KEY_FILE = `
  import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
  const folder = mkdtempSync('/tmp/smart-m2m-fault-');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  const path = folder + '/key.jwks';
  const write = (jwks = Keystores.generate({ algorithm: 'ES384' })) => {
    writeFileSync(path + '.new', JSON.stringify(jwks));
    renameSync(path + '.new', path);
  };
  write();`;

/**
 * A client whose key file is written anew while the system has nothing left to read it with.
 *
 * @param {string} take
 * @param {string} give
 */
const changesKey = (take, give) => `${KEY_FILE}
  Keystores.register('k', { path });
  const interceptor = create({ clientSecret: undefined, keystore: 'k' });
  const kid = () => interceptor.publicJwks().keys[0].kid;
  await tell(interceptor.getAuthorizationHeader());
  const before = kid();
  write();
  await sleep(1100);
  interceptor.invalidate();
  ${take}
  await tell(interceptor.getAuthorizationHeader());
  report(kid() === before);
  ${give}
  await sleep(1100);
  interceptor.invalidate();
  await tell(interceptor.getAuthorizationHeader());
  report(kid() === before);`;

const descriptors = [
  {
    name: 'no file descriptor left at the first call',
    outcome: 'ERR_NETWORK, transient, with the limit to raise; with descriptors the next call gets a token',
    script: `const interceptor = create();
      const give = takeDescriptors();
      await tell(interceptor.getAuthorizationHeader());
      give();
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient', 'token 1'],
    says: /thread for I\/O could not be started: Too many open files .*ulimit -n/,
  },
  {
    name: 'no file descriptor left for a connection',
    outcome: 'ERR_NETWORK, transient, with the limit to raise; later a token',
    options: { retry: { attempts: 1 } },
    serve: (server) => server.on('POST /token', closing(server.issue())),
    script: `${COUNT_SOCKETS}
      const before = countSockets();
      const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      interceptor.invalidate();
      while (countSockets() > before) await sleep(20);
      const give = takeDescriptors();
      await tell(interceptor.getAuthorizationHeader());
      give();
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'ERR_NETWORK, transient', 'token 2'],
    says: /Too many open files .*ulimit -n/,
  },
  {
    name: 'no file descriptor left while a token lives',
    outcome: 'its header, as ever',
    script: `const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      takeDescriptors();
      for (let call = 0; call < 3; call += 1) await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1', 'token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'no file descriptor left when a token is to be renewed',
    outcome: 'the living token is served, and renewed when there are descriptors',
    options: { renewal: { marginSeconds: 28 }, retry: { attempts: 1 } },
    serve: (server) =>
      server.on('POST /token', [closing(server.issue({ expires_in: 30 })), closing(server.issue())]),
    script: `const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      interceptor.stats();
      const give = takeDescriptors();
      while (interceptor.stats().failures === 0) await interceptor.getAuthorizationHeader().then(() => sleep(20));
      await tell(interceptor.getAuthorizationHeader());
      give();
      while (interceptor.stats().expiresAt - Date.now() < 60_000) await interceptor.getAuthorizationHeader().then(() => sleep(20));
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1', 'token 2'],
  },
  {
    name: 'no file descriptor left to read the trusted CA certificates with',
    outcome: 'ERR_NETWORK, transient; with descriptors they are read and the next call gets a token',
    options: { retry: { attempts: 1 } },
    script: `Keystores.register('starts-the-runtime', { jwks: Keystores.generate({ algorithm: 'ES256' }) });
      Keystores.publicJwks('starts-the-runtime');
      const interceptor = create();
      const give = takeDescriptors();
      await tell(interceptor.getAuthorizationHeader());
      give();
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient', 'token 1'],
    says: /trusted CA certificates cannot be read: Too many open files/,
  },
  {
    name: 'no file descriptor left to read NODE_EXTRA_CA_CERTS with',
    outcome: 'ERR_NETWORK, transient, instead of trusting less from then on',
    env: { NODE_EXTRA_CA_CERTS: '__test__/fixtures/keystores/none.pem' },
    options: { retry: { attempts: 1 } },
    script: `Keystores.register('starts-the-runtime', { jwks: Keystores.generate({ algorithm: 'ES256' }) });
      Keystores.publicJwks('starts-the-runtime');
      const interceptor = create();
      const give = takeDescriptors();
      await tell(interceptor.getAuthorizationHeader());
      give();
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient', 'token 1'],
    stderr: /Ignoring extra certs|^$/,
  },
  {
    name: 'no file descriptor left to look up a name with',
    outcome: 'ERR_NETWORK, transient, and not that the name is unknown',
    options: { retry: { attempts: 1 } },
    script: `await tell(create().getAuthorizationHeader());
      const give = takeDescriptors();
      const named = create({ fhirBaseUrl: options.fhirBaseUrl.replace('127.0.0.1', 'localhost') });
      await tell(named.getAuthorizationHeader());
      give();
      await tell(named.getAuthorizationHeader());`,
    told: ['token 1', 'ERR_NETWORK, transient', 'token 1'],
    says: /Too many open files .*ulimit -n/,
  },
  {
    name: 'no file descriptor left to register a key file with',
    outcome: 'ERR_KEYSTORE_NOT_FOUND, with the limit to raise; later it is read',
    script: `${KEY_FILE}
      const give = takeDescriptors();
      await tell(() => Keystores.register('k', { path }));
      give();
      report(Keystores.register('k', { path }).algorithm);`,
    told: ['ERR_KEYSTORE_NOT_FOUND', 'ES384'],
    says: /Too many open files .*ulimit -n/,
  },
  {
    name: 'no file descriptor left to read a changed key file with',
    outcome: 'the key that was read before signs; with descriptors, the new one',
    script: changesKey('const give = takeDescriptors();', 'give();'),
    told: ['token 1', 'token 2', true, 'token 3', false],
  },
  {
    name: 'no file descriptor left when an answer brings the first warning',
    outcome: 'the caller has its token',
    serve: (server) => {
      const first = server.issue()();
      server.on('POST /token', [first, { ...server.issue({ token_type: undefined })(), delayMs: 900 }]);
    },
    script: `await create({ clientId: 'another' }).getAuthorizationHeader();
      const waiting = create().getAuthorizationHeader();
      await sleep(300);
      takeDescriptors();
      await tell(waiting);`,
    told: ['token 2'],
  },
  {
    name: 'no file descriptor left when the tracing channel is first subscribed to',
    outcome: 'the caller has its token; events come once there are descriptors',
    serve: (server) => server.on('POST /token', server.issue()),
    script: `import { subscribe } from 'node:diagnostics_channel';
      const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      let ends = 0;
      subscribe('tracing:smart-m2m:token:end', () => { ends += 1; });
      interceptor.invalidate();
      const give = takeDescriptors();
      await tell(interceptor.getAuthorizationHeader());
      give();
      interceptor.invalidate();
      await tell(interceptor.getAuthorizationHeader());
      report(ends);`,
    told: ['token 1', 'token 2', 'token 3', 1],
  },
].map((row) => ({ ...FEW_FILES, ...row }));

const PRELOAD = `import { setFaults } from './__test__/support/faulty-system.mjs';`;
const threads = [
  {
    name: 'no thread for I/O (pthread_create says EAGAIN)',
    outcome: 'ERR_NETWORK, transient, with the limits to look at; with threads the next call gets a token',
    script: `setFaults({ threads: 'refused' });
      const interceptor = create();
      await tell(interceptor.getAuthorizationHeader());
      setFaults({ threads: 'works' });
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient', 'token 1'],
    says: /thread for I\/O could not be started: Resource temporarily unavailable .*ulimit -u/,
  },
  {
    name: 'no thread to look up a name on',
    outcome: 'ERR_NETWORK, transient; later a token',
    options: { retry: { attempts: 1 } },
    script: `await tell(create().getAuthorizationHeader());
      const named = create({ fhirBaseUrl: options.fhirBaseUrl.replace('127.0.0.1', 'localhost') });
      setFaults({ threads: 'refused' });
      await tell(named.getAuthorizationHeader());
      setFaults({ threads: 'works' });
      await tell(named.getAuthorizationHeader());`,
    told: ['token 1', 'ERR_NETWORK, transient', 'token 1'],
    says: /no thread could be started: .*ulimit -u/,
  },
  {
    name: 'no thread for RSA signatures',
    outcome: 'signed on the thread for I/O, and a token',
    script: `import { generateKeyPairSync } from 'node:crypto';
      await tell(create().getAuthorizationHeader());
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      Keystores.register('rsa', { data: privateKey.export({ type: 'pkcs8', format: 'pem' }) });
      setFaults({ threads: 'refused' });
      await tell(create({ clientSecret: undefined, keystore: 'rsa' }).getAuthorizationHeader());`,
    told: ['token 1', 'token 2'],
  },
  {
    name: 'no thread to read a changed key file on',
    outcome: 'the key that was read before signs; with threads, the new one',
    script: changesKey("setFaults({ threads: 'refused' });", "setFaults({ threads: 'works' });"),
    told: ['token 1', 'token 2', true, 'token 3', false],
  },
  {
    name: 'no thread for anything when the public keys are asked for',
    outcome: 'they are there, as last read',
    script: `${KEY_FILE}
      Keystores.register('k', { path });
      setFaults({ threads: 'refused' });
      report(Keystores.publicJwks('k').keys.length);`,
    told: [1],
  },
].map((row) => ({ ...row, needs: 'preload', script: `${PRELOAD}\n${row.script}` }));

const entropy = [
  {
    name: 'random numbers that take two seconds (getrandom blocks)',
    outcome: 'a key, an assertion and a token, later',
    faults: { entropy: 'slow' },
    script: `Keystores.register('k', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
      await tell(create({ clientSecret: undefined, keystore: 'k' }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
  {
    name: 'random numbers that are not there yet, as early after a start (getrandom says EAGAIN)',
    outcome: 'waited for, off the main thread, and then a token',
    script: `import { setFaults } from './__test__/support/faulty-system.mjs';
      Keystores.register('k', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
      setFaults({ entropy: 'refused' });
      setTimeout(() => setFaults({ entropy: 'works' }), 400);
      await tell(create({ clientSecret: undefined, keystore: 'k' }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
  {
    name: 'a kernel without getrandom (ENOSYS)',
    outcome: 'random numbers come from /dev/urandom, and a token',
    faults: { entropy: 'missing' },
    script: `Keystores.register('k', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
      await tell(create({ clientSecret: undefined, keystore: 'k' }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
].map((row) => ({ needs: 'preload', ...row }));

const GET_TOKEN = 'await tell(create().getAuthorizationHeader());';
const HOME = { FAULT_OPTIONS: '"$FAULT_OPTIONS"' };
const surroundings = [
  {
    name: 'an empty environment: no HOME, no PATH, no locale',
    outcome: 'a token',
    wrap: (command) => [
      'sh',
      '-ec',
      `exec env -i FAULT_OPTIONS=${HOME.FAULT_OPTIONS} "$@"`,
      'sh',
      ...command,
    ],
    needs: 'linux',
  },
  {
    name: 'a read-only file system',
    outcome: 'a token: nothing is written',
    wrap: (command) => inMounts('mount -o remount,bind,ro /; ! touch /tmp/smart-m2m-written 2>&-', command),
    needs: 'mounts',
  },
  {
    name: 'no /proc',
    outcome: 'a token',
    wrap: (command) => inMounts('mount -t tmpfs none /proc', command),
    needs: 'mounts',
  },
  {
    name: 'no directory for temporary files',
    outcome: 'a token',
    env: { TMPDIR: '/nowhere', TMP: '/nowhere', TEMP: '/nowhere' },
  },
  {
    name: 'no CA certificates on the system, and a server in clear text on loopback',
    outcome: 'a token: clear text asks for nobody to trust',
    wrap: (command) => inMounts('mount -t tmpfs none /etc/ssl', command),
    env: { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, NODE_EXTRA_CA_CERTS: undefined },
    needs: 'mounts',
  },
  {
    name: 'no CA certificates on the system, and a server with TLS',
    outcome: 'ERR_TLS, with what to install or to set; later, with certificates, they are read',
    wrap: (command) => inMounts('mount -t tmpfs none /etc/ssl', command),
    env: { SSL_CERT_FILE: undefined, SSL_CERT_DIR: undefined, NODE_EXTRA_CA_CERTS: undefined },
    needs: 'mounts',
    script: `import { writeFileSync, mkdirSync } from 'node:fs';
      import { rootCertificates } from 'node:tls';
      const https = create({ fhirBaseUrl: 'https://127.0.0.1:1/fhir', retry: { attempts: 1 } });
      await tell(https.getAuthorizationHeader());
      mkdirSync('/etc/ssl/certs');
      writeFileSync('/etc/ssl/certs/ca-certificates.crt', rootCertificates.join('\\n'));
      await sleep(1100);
      await tell(https.getAuthorizationHeader());`,
    told: ['ERR_TLS', 'ERR_NETWORK, transient'],
    says: /no trusted CA certificates; install .*SSL_CERT_FILE.*http\.ca[\s\S]*Connection refused/,
  },
].map((row) => ({ script: GET_TOKEN, told: ['token 1'], ...row }));

const memory = [
  {
    name: 'no address space left to load the addon into (RLIMIT_AS)',
    outcome: 'ERR_NATIVE_ADDON, which says that it could not be mapped',
    needs: 'prlimit',
    script: `import { execFileSync } from 'node:child_process';
      import { readFileSync, mkdtempSync, cpSync, rmSync } from 'node:fs';
      import { createRequire } from 'node:module';
      const folder = mkdtempSync('/tmp/smart-m2m-copy-');
      process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
      for (const name of ['index.js', 'package.json', 'lib']) cpSync(name, folder + '/' + name, { recursive: true });
      const kib = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
      // Less than half of the smallest build takes.
      execFileSync('prlimit', ['--pid', String(process.pid), '--as=' + (kib + 2000) * 1024]);
      await tell(() => createRequire(folder + '/')(folder));`,
    told: ['ERR_NATIVE_ADDON'],
    says: /map|memory/i,
  },
];

export const ROWS = [...descriptors, ...threads, ...entropy, ...surroundings, ...memory];
