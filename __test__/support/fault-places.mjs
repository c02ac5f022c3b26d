import { spawnSync } from 'node:child_process';
import { networkInterfaces } from 'node:os';

/** Of a namespace of its own, which root has, and others where the kernel lets them. */
const UNSHARE = ['unshare', '--map-root-user'];

/** @type {Record<string, () => boolean>} */
const TESTS = {
  posix: () => process.platform !== 'win32',
  linux: () => process.platform === 'linux',
  mounts: () => TESTS.linux() && succeeds(inMounts('mount -t tmpfs none /tmp', ['true'])),
  network: () => TESTS.linux() && succeeds(withoutNetwork(['true'])),
  ipv6: () =>
    Object.values(networkInterfaces())
      .flat()
      .some(({ address }) => address === '::1'),
  'full device': () => TESTS.linux() && succeeds(['test', '-c', '/dev/full']),
  prlimit: () => TESTS.linux() && succeeds(['prlimit', '--version']),
  preload: () =>
    TESTS.linux() && ['cc', 'gcc', 'clang', process.env.CC].some((cc) => cc && succeeds([cc, '--version'])),
};

/**
 * A command after changes to what is mounted, for it alone.
 *
 * @param {string} mount shell
 * @param {string[]} command
 */
export function inMounts(mount, command) {
  return [...UNSHARE, '--mount', 'sh', '-ec', `${mount}; exec "$@"`, 'sh', ...command];
}

/** @param {string[]} command */
export function withoutNetwork(command) {
  return [...UNSHARE, '--net', ...command];
}

/**
 * A command under a limit of the shell.
 *
 * @param {string} limit
 * @returns {(command: string[]) => string[]}
 */
export function limited(limit) {
  return (command) => ['sh', '-ec', `ulimit ${limit}; exec "$@"`, 'sh', ...command];
}

/**
 * The rows that this machine can run; of the others it prints what they would need.
 *
 * @template {{ needs?: string }} R
 * @param {R[]} rows
 * @returns {R[]}
 */
export function possible(rows) {
  const needed = new Set(rows.flatMap(({ needs }) => needs ?? []));
  const missing = new Set([...needed].filter((need) => !TESTS[need]()));
  if (missing.size > 0 && process.platform === 'linux')
    console.log(`not possible here: ${[...missing].join(', ')}`);
  return rows.filter(({ needs }) => needs === undefined || !missing.has(needs));
}

function succeeds([command, ...args]) {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
