import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';

const SCRIPT = fileURLToPath(new URL('token-endpoint-process.mjs', import.meta.url));

// Without this a signal would leave the folders behind.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

/**
 * A token endpoint in a process of its own, so that its work is nobody's in the figures. HTTPS on loopback,
 * with a certificate that is trusted through `NODE_EXTRA_CA_CERTS`, which every client honours.
 *
 * @param {{ lifetimeSeconds?: number, delayMs?: number, tokenLength?: number }} [options] of the tokens, as
 *   long as the signed ones that real servers issue; `delayMs`: how long each answer takes
 * @returns {Promise<{ url: string, caFile: string, issued: () => Promise<number>, stop: () => Promise<void> }>}
 */
export async function startTokenEndpoint({ lifetimeSeconds = 3_600, delayMs = 0, tokenLength = 1_200 } = {}) {
  const { caPem, certificatePem, privateKeyPem } = await makeCertificates();
  const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, caPem);

  const child = fork(SCRIPT, { execArgv: [] });
  const exited = once(child, 'exit');
  const answer = async () => {
    const ended = exited.then(() => Promise.reject(new Error('the token endpoint has ended')));
    const [message] = await Promise.race([once(child, 'message'), ended]);
    return message;
  };
  child.send({ lifetimeSeconds, delayMs, tokenLength, cert: certificatePem, key: privateKeyPem });
  const { url } = await answer();
  return {
    url,
    caFile,
    async issued() {
      child.send('issued');
      return (await answer()).issued;
    },
    async stop() {
      child.disconnect();
      await exited;
    },
  };
}
