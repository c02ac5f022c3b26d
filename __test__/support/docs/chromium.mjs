import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Whatever a page would load from elsewhere leads nowhere.
  '--host-resolver-rules=MAP * ~NOTFOUND',
  '--remote-debugging-pipe',
];
const TIMEOUT_MS = 60_000;

/** @returns {string | null} the command of a browser that is installed */
export function findChromium() {
  const candidates = process.env.CHROMIUM === undefined ? NAMES : [process.env.CHROMIUM];
  return candidates.find((name) => spawnSync(name, ['--version']).status === 0) ?? null;
}

/**
 * A headless browser, driven by the DevTools protocol through a pair of pipes: no port, and no driver to install.
 *
 * @param {string} command
 */
export async function startChromium(command) {
  const profile = await mkdtemp(join(tmpdir(), 'smart-m2m-chromium-'));
  const child = spawn(command, [...FLAGS, `--user-data-dir=${profile}`, 'about:blank'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise((resolve) => child.once('close', resolve));
  const connection = connect(child.stdio[3], child.stdio[4], exited);
  const { targetInfos } = await connection.send('Target.getTargets');
  const { targetId } = targetInfos.find(({ type }) => type === 'page');
  const { sessionId } = await connection.send('Target.attachToTarget', { targetId, flatten: true });
  const send = (method, params) => connection.send(method, params, sessionId);
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) await send(`${domain}.enable`);
  return {
    /** What went wrong in the pages so far, and what they asked for. */
    complaints: connection.complaints,
    requests: connection.requests,
    async open(url) {
      const loaded = connection.once('Page.loadEventFired');
      const { errorText } = await send('Page.navigate', { url });
      if (errorText !== undefined) throw new Error(`${url}: ${errorText}`);
      await loaded;
    },
    /** @param {number} width @param {number} height in CSS pixels */
    resize: (width, height) =>
      send('Emulation.setDeviceMetricsOverride', {
        width,
        height,
        deviceScaleFactor: 1,
        mobile: width < 600,
      }),
    /** @param {string} expression that may be a promise */
    async evaluate(expression) {
      const { result, exceptionDetails } = await send('Runtime.evaluate', {
        expression,
        awaitPromise: true,
        returnByValue: true,
      });
      if (exceptionDetails !== undefined)
        throw new Error(exceptionDetails.exception?.description ?? expression);
      return result.value;
    },
    async close() {
      child.kill();
      await exited;
      await rm(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Messages are JSON, each ended by a NUL. */
function connect(input, output, exited) {
  const pending = new Map();
  const awaited = new Map();
  const complaints = [];
  const requests = [];
  let id = 0;
  let rest = '';
  output.setEncoding('utf8').on('data', (text) => {
    const messages = (rest + text).split('\0');
    rest = messages.pop();
    for (const message of messages) onMessage(JSON.parse(message));
  });
  exited.then(() => {
    for (const { reject } of pending.values()) reject(new Error('the browser has ended'));
  });

  function onMessage({ id: answered, result, error, method, params }) {
    if (answered !== undefined) {
      const { resolve, reject } = pending.get(answered);
      pending.delete(answered);
      return error === undefined ? resolve(result) : reject(new Error(error.message));
    }
    if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.exception?.description);
    if (method === 'Log.entryAdded') complaints.push(params.entry.text);
    if (method === 'Runtime.consoleAPICalled') complaints.push(JSON.stringify(params.args));
    if (method === 'Network.requestWillBeSent') requests.push(params.request.url);
    awaited.get(method)?.();
    awaited.delete(method);
  }

  return {
    complaints,
    requests,
    once: (method) => withTimeout(new Promise((resolve) => awaited.set(method, resolve)), method),
    send(method, params = {}, sessionId = undefined) {
      id += 1;
      const number = id;
      const answered = new Promise((resolve, reject) => pending.set(number, { resolve, reject }));
      input.write(`${JSON.stringify({ id: number, method, params, sessionId })}\0`);
      return withTimeout(answered, method);
    },
  };
}

function withTimeout(promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: no answer from the browser`)), TIMEOUT_MS);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
