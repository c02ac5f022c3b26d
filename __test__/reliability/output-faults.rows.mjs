import { inMounts } from '../support/fault-places.mjs';

export const TITLE = 'Output of the command line that cannot be written';
export const KIND = 'fault';

const RUN = `
  import { spawnSync } from 'node:child_process';
  import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
  const folder = mkdtempSync(process.env.ROOM ?? '/tmp/smart-m2m-output-');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  function run(shell) {
    const { status, stderr } = spawnSync('sh', ['-c', shell, process.execPath, 'lib/cli/bin.js', folder],
      { encoding: 'utf8', env: { ...process.env, SMART_M2M_CLIENT_SECRET: options.clientSecret } });
    report('exit code ' + status, stderr.replace(/\\s+/g, ' '));
  }
  const left = () => report(readdirSync(folder).join() || 'nothing is left');`;
const NO_STACK = /^(?!.*\bat .*\.js:)/s;

const rows = [
  {
    name: 'smart-m2m keygen that may write no more than half a key (RLIMIT_FSIZE)',
    outcome: 'exit code 1, which says so; nothing is left, and the next attempt succeeds',
    script: `run('ulimit -f 1; exec "$0" "$1" keygen --out "$2/key.jwks"');
      left();
      run('exec "$0" "$1" keygen --algorithm ES384 --out "$2/key.jwks"');
      report(JSON.parse(readFileSync(folder + '/key.jwks', 'utf8')).keys.length);`,
    told: ['exit code 1', 'nothing is left', 'exit code 0', 1],
    says: /key\.jwks cannot be written to its end \(EFBIG\): it was removed again; make room/,
    needs: 'linux',
  },
  {
    name: 'smart-m2m keygen on a full disk',
    outcome: 'exit code 1, which says so; nothing is left',
    env: { ROOM: '/mnt/smart-m2m-' },
    wrap: (command) =>
      inMounts(
        'mount -t tmpfs -o size=8k none /mnt; head -c 8192 /dev/zero > /mnt/full 2>&- || true',
        command,
      ),
    script: `run('exec "$0" "$1" keygen --out "$2/key.jwks"'); left();`,
    told: ['exit code 1', 'nothing is left'],
    says: /cannot be written to its end \(ENOSPC\): it was removed again/,
    needs: 'mounts',
  },
  {
    name: 'smart-m2m keygen into a read-only folder',
    outcome: 'exit code 2, which says so',
    wrap: (command) => inMounts('mount -t tmpfs -o ro none /mnt', command),
    script: `run('exec "$0" "$1" keygen --out /mnt/key.jwks');`,
    told: ['exit code 2'],
    says: /\/mnt\/key\.jwks cannot be written \(EROFS\)/,
    needs: 'mounts',
  },
  {
    name: 'smart-m2m keygen whose public keys go to a full disk (/dev/full)',
    outcome: 'exit code 1, which says so; the private key is whole',
    script: `run('exec "$0" "$1" keygen --algorithm ES384 --out "$2/key.jwks" > /dev/full');
      report(Keystores.register('k', { path: folder + '/key.jwks' }).algorithm);`,
    told: ['exit code 1', 'ES384'],
    says: /the output cannot be written to its end \(ENOSPC\)/,
    needs: 'full device',
  },
  {
    name: 'smart-m2m jwks to a full disk',
    outcome: 'exit code 1, which says so',
    script: `writeFileSync(folder + '/k.jwks', JSON.stringify(Keystores.generate({ algorithm: 'ES384' })));
      run('exec "$0" "$1" jwks "$2/k.jwks" > /dev/full');`,
    told: ['exit code 1'],
    says: /the output cannot be written to its end \(ENOSPC\)/,
    needs: 'full device',
  },
  {
    name: 'smart-m2m token to a full disk',
    outcome: 'exit code 1, which says so and shows no token',
    script: `run('exec "$0" "$1" token --token-endpoint ' + options.fhirBaseUrl.replace(/fhir$/, 'token') + ' --client-id c --scope s > /dev/full');`,
    told: ['exit code 1'],
    says: /the output cannot be written to its end \(ENOSPC\)/,
    needs: 'full device',
  },
  {
    name: 'smart-m2m with stdout and stderr on a full disk',
    outcome: 'exit code 1, and no hang',
    script: `run('exec "$0" "$1" keygen --algorithm ES384 --out "$2/key.jwks" > /dev/full 2> /dev/full');`,
    told: ['exit code 1'],
    needs: 'full device',
  },
];

export const ROWS = rows.map((row) => ({
  ...row,
  says: row.says ?? NO_STACK,
  script: `${RUN}\n${row.script}`,
}));
