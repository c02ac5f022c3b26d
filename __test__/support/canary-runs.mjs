import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { PACKAGE_ROOT, runNode } from './child.mjs';
import { WITHOUT_PROXY } from './child-client.mjs';
import { smartM2m } from './command-line.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Everything that makes a process talkative. */
const TALKATIVE = { NODE_DEBUG: '*', RUST_LOG: 'trace', RUST_BACKTRACE: '1', ...WITHOUT_PROXY };

/**
 * A process that uses everything and writes down what shows.
 *
 * @param {string} folder
 * @param {string} planted
 */
export async function runTold(folder, planted) {
  const { code, stdout, stderr } = await runNode(path('./canary-told.mjs'), {
    args: [folder],
    env: { ...TALKATIVE, CANARY_PLANTED: planted },
    nodeArgs: [
      '--trace-warnings',
      '--trace-uncaught',
      '--trace-event-categories=node,node.console,node.perf,node.fs.sync,node.http,node.net.native,node.promises.rejections,v8',
      `--trace-event-file-pattern=${join(folder, 'trace.log')}`,
    ],
    timeoutMs: 90_000,
  });
  if (code !== 0) throw new Error(`canary-told.mjs ended with ${code}: ${stderr.slice(-2000)}`);
  await writeFile(join(folder, 'told.out'), stdout + stderr);
}

/**
 * The commands of the command line, each with the same secrets. What is planted is their scope, which may show.
 *
 * @param {string} folder
 * @param {{ origin: string, echoes: string[] }} places
 * @param {string} planted
 */
export async function runCommands(folder, { origin, echoes }, planted) {
  const common = [
    ...['--ca', join(folder, 'ca.pem'), '--client-id', 'canary-cli', '--scope', planted],
    ...['--options', join(folder, 'options.json')],
  ];
  const secret = ['--client-secret-file', join(folder, 'secret.txt')];
  const key = ['--key', join(folder, 'key.pem'), '--passphrase-file', join(folder, 'passphrase.txt')];
  const endpoint = (name) => ['--token-endpoint', `${origin}${name}`];
  const variants = [
    [...secret, ...endpoint('/token')],
    [...key, ...endpoint('/token'), '--json'],
    [...secret, ...endpoint(echoes[0])],
    [...secret, '--method', 'client_secret_post', ...endpoint(echoes[2])],
    [...key, ...endpoint(echoes[1]), '--json'],
    [
      '--key',
      join(folder, 'key.pem'),
      '--passphrase-file',
      join(folder, 'secret.txt'),
      ...endpoint('/token'),
    ],
  ];
  for (const command of ['token', 'doctor']) {
    const outputs = [];
    for (const variant of variants) {
      const { stdout, stderr } = await smartM2m([command, `${origin}/fhir`, ...common, ...variant]);
      outputs.push(stdout, stderr);
    }
    await writeFile(join(folder, `${command}.out`), outputs.join('\n'));
  }
  const { stdout, stderr } = await smartM2m(
    [
      'run',
      path('./canary-script.js'),
      '--log-level',
      'trace',
      '--argument',
      JSON.stringify({ folder, planted }),
    ],
    { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') },
  );
  await writeFile(join(folder, 'run.out'), stdout + stderr);
}

/**
 * A process that holds everything, and lets go of it.
 *
 * @param {string} folder
 * @param {(pid: number, moment: 'held' | 'released') => void} look at it, while it waits
 */
export async function runHeld(folder, look) {
  const child = spawn(process.execPath, ['--expose-gc', path('./canary-held.mjs'), folder], {
    cwd: PACKAGE_ROOT,
    env: { ...process.env, ...WITHOUT_PROXY },
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 90_000,
    killSignal: 'SIGKILL',
  });
  const ended = once(child, 'exit');
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      look(child.pid, line);
      child.stdin.write('\n');
    }
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const [code, signal] = await ended;
  if (code !== 0) throw new Error(`canary-held.mjs ended with ${code ?? signal}`);
}
