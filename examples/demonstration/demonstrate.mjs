import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSmartServer } from '@org/smart-m2m/testing';
import { done, failed, show, title } from '../start/narration.mjs';
import { Program } from './program.mjs';

/**
 * @typedef {import('@org/smart-m2m/testing').SmartServer} SmartServer
 * @typedef {object} Stage
 * @property {SmartServer} server
 * @property {string} folder for files, gone afterwards
 * @property {(file: URL, options?: { name?: string, args?: string[], env?: object, input?: string }) => Program} start
 *   runs a program with the settings of the examples in its environment
 */

/**
 * Shows an example against a server of the test kit, with a client that is registered there, and leaves nothing behind.
 *
 * @param {object} options
 * @param {string} options.about
 * @param {string} options.scope of the client
 * @param {string} [options.clientSecret] in place of a key
 * @param {import('@org/smart-m2m/testing').SmartServerOptions} [options.server]
 * @param {(stage: Stage) => Promise<void>} story
 */
export async function demonstrate({ about, scope, clientSecret, server: serverOptions }, story) {
  const closing = [];
  try {
    title(about);
    const folder = await mkdtemp(join(tmpdir(), 'smart-m2m-example-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const server = await startSmartServer(serverOptions);
    closing.push(() => server.close());
    show('FHIR server', server.fhirBaseUrl);
    const client = server.registerClient({ clientId: 'my-client-id', scope, clientSecret });
    const settings = await settingsFor(server, client, folder);
    const start = (file, { name = 'example', args, env, input } = {}) => {
      const program = new Program(file, { name, args, env: { ...process.env, ...settings, ...env }, input });
      closing.push(() => program.kill());
      return program;
    };
    await Promise.race([story({ server, folder, start }), interruption()]);
    const requests = server.requestsTo('token').length;
    done(`Done: ${requests} ${requests === 1 ? 'token request' : 'token requests'}, nothing left running.`);
  } catch (error) {
    failed(error);
    process.exitCode = 1;
  } finally {
    for (const close of closing.reverse()) await close();
  }
}

/** What the examples read from their environment. */
async function settingsFor(server, { clientId, clientSecret, jwks }, folder) {
  const caFile = join(folder, 'ca.pem');
  const trusted = process.env.NODE_EXTRA_CA_CERTS;
  const others = trusted ? await readFile(trusted, 'utf8').catch(() => '') : '';
  await writeFile(caFile, `${server.ca}\n${others}`);
  if (jwks) await writeFile(join(folder, 'my-keystore.jwks'), JSON.stringify(jwks), { mode: 0o600 });
  return {
    FHIR_BASE_URL: server.fhirBaseUrl,
    TOKEN_ENDPOINT: server.tokenEndpoint,
    CLIENT_ID: clientId,
    ...(jwks ? { SMART_M2M_KEYSTORE_DIR: folder } : { CLIENT_SECRET: clientSecret }),
    NODE_EXTRA_CA_CERTS: caFile,
    // The server is on this machine, whatever proxy there is.
    NO_PROXY: 'localhost',
    no_proxy: 'localhost',
  };
}

/** Ctrl-C ends the story, not the clearing up after it. */
function interruption() {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => reject(new Error('interrupted')));
  });
}
