import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { node } from './runtimes.mjs';

/**
 * Runs a script of `measured/` in a process of its own and returns what it measured. It finds its settings with
 * `settings()` and ends with `results()`, both of `process.mjs`.
 *
 * @param {string} script
 * @param {object} settings
 * @param {{ endpoint?: { url: string, caFile: string }, runtime?: import('./runtimes.mjs').Runtime,
 *   flags?: string[] }} [options] the endpoint's URL becomes the setting `tokenEndpoint`
 */
export async function measured(script, settings, { endpoint, runtime = node, flags = [] } = {}) {
  const path = fileURLToPath(new URL(`../measured/${script}`, import.meta.url));
  const json = JSON.stringify({ ...settings, tokenEndpoint: endpoint?.url });
  const env = { ...process.env, ...(endpoint && { NODE_EXTRA_CA_CERTS: endpoint.caFile }) };
  const child = spawn(runtime.command, [...flags, path, json], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const end = () => child.kill();
  process.once('exit', end);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  const [code, signal] = await once(child, 'close');
  process.off('exit', end);
  if (code !== 0) throw new Error(`${script} under ${runtime.name} ended with ${signal ?? code}\n${output}`);
  return JSON.parse(output);
}
