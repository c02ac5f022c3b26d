import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const MOST_PORTS = 5;
const TIME_LIMIT_MS = 30_000;
const INTERVAL_MS = 10;

/**
 * A server program on a free port of the loopback interface, once it is ready. It ends with `close`, and with this
 * process, however that ends.
 *
 * @param {(port: number) => { command: string, args: string[], env?: Record<string, string> }} commandFor
 * @param {object} signs
 * @param {RegExp} signs.ready what it prints then
 * @param {RegExp} signs.portTaken what it prints where another process was faster: the next port is tried
 * @param {(port: number) => Promise<boolean>} [signs.answers] whether it answers, where what it prints is not enough
 * @returns {Promise<{ port: number, close(): Promise<void> }>}
 */
export async function startServerProcess(commandFor, signs) {
  for (let tried = 1; ; tried += 1) {
    const port = await freePort();
    const server = launch(commandFor(port));
    const state = await stateOf(server, port, signs);
    if (state === 'ready') return { port, close: server.close };
    await server.close();
    if (state === 'port taken' && tried < MOST_PORTS) continue;
    throw new Error(`the server did not start (${state}): ${server.output()}`);
  }
}

function launch({ command, args, env = {} }) {
  // Linux alone can promise that nothing is left behind even where this process is killed.
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', '--', command, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      output += text;
    });
  }
  const end = new Promise((resolve) => {
    child.once('error', (error) => {
      output += error.message;
      resolve();
    });
    child.once('close', () => resolve());
  }).then(() => {
    hasEnded = true;
  });
  return {
    output: () => output,
    hasEnded: () => hasEnded,
    async close() {
      child.kill('SIGKILL');
      await end;
    },
  };
}

async function stateOf(server, port, { ready, portTaken, answers = async () => true }) {
  for (const end = Date.now() + TIME_LIMIT_MS; Date.now() < end; await sleep(INTERVAL_MS)) {
    if (portTaken.test(server.output())) return 'port taken';
    if (server.hasEnded()) return 'it ended';
    if (ready.test(server.output()) && (await answers(port))) return 'ready';
  }
  return 'no sign of it in time';
}

/** Free a moment ago. */
function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
