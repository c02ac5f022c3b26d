import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ecJwks, publicJwks, rsaJwks } from '../__test__/support/keys.mjs';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { Judge } from './judge/judge.mjs';
import { closingTable, progressLine } from './judge/report.mjs';
import { readOptions } from './options.mjs';
import { RULES } from './rules.mjs';

// Three processes: the servers, the load, and this one, which holds the load's word against the servers'.

const PROGRESS_MS = 10_000;
/** For the load to start, and to end once its time is over. */
const OVERTIME_MS = 120_000;
/** For a process to end that has nothing left to do. */
const EXIT_MS = 20_000;

const { minutes, rate, seed } = readOptions(process.argv.slice(2), process.env);
const durationMs = minutes * 60_000;
const judge = new Judge((text) => console.log(`violation: ${text}`));
const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-soak-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

console.log(`soak: ${minutes} min, ${rate} requests/s, seed ${seed}, Node ${process.version}`);
const summary = await soak();
judge.finish(summary);

console.log(`\n${closingTable(judge, summary, durationMs)}\n`);
if (judge.violationCount > 0) {
  for (const [rule, number] of Object.entries(judge.violations)) {
    console.log(`${number} × not: ${RULES[rule]}`);
  }
  console.log(`${judge.violationCount} violations, seed ${seed}`);
  process.exitCode = 1;
} else {
  console.log(`no violations, seed ${seed}`);
}

async function soak() {
  const { caPem, ...tls } = await makeCertificates();
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, caPem);
  const keys = { ES384: ecJwks(), RS384: rsaJwks() };
  const publicKeys = Object.fromEntries(
    Object.entries(keys).map(([algorithm, jwks]) => [algorithm, publicJwks(jwks).keys[0]]),
  );
  const mintKey = randomBytes(32).toString('hex');
  const registersAt = Date.now() + durationMs * 0.3;

  const server = start('server/process.mjs');
  server.send({ tls, seed, mintKey, publicKeys, registersAt });
  const [{ fhirServer }] = await Promise.race([
    once(server, 'message'),
    once(server, 'exit').then(() => Promise.reject(new Error('the servers did not start'))),
  ]);
  server.on('message', (news) => judge.hearServer(news));

  const load = start('load/process.mjs', { NODE_EXTRA_CA_CERTS: caFile });
  load.send({ config: { seed, mintKey, ca: caPem, fhirServer, registersAt }, keys, rate, durationMs });
  const result = await attend(load);
  await stop(server);
  return result;
}

/** Listens to the load until it has ended by itself. */
async function attend(load) {
  const startedAt = Date.now();
  let result = null;
  load.on('message', (record) => {
    if (record.type === 'summary') result = record;
    else judge.hearLoad(record);
  });
  const progress = setInterval(() => console.log(progressLine(judge, Date.now() - startedAt)), PROGRESS_MS);
  const hearing = setInterval(() => judge.judgeCalls(), 1000);
  const overtime = setTimeout(() => kill(load, 'its load did not end'), durationMs + OVERTIME_MS);
  load.once('disconnect', () => {
    clearTimeout(overtime);
    const lingering = setTimeout(() => kill(load, `not within ${EXIT_MS} ms`), EXIT_MS);
    load.once('exit', () => clearTimeout(lingering));
  });
  const [code, signal] = await once(load, 'exit');
  clearTimeout(overtime);
  clearInterval(progress);
  clearInterval(hearing);
  if (code !== 0) judge.violation('exit', signal ?? `code ${code}`);
  if (result === null) judge.violation('exit', 'before its load was over');
  return result;
}

async function stop(server) {
  if (!server.connected) {
    judge.violation('soak', 'the servers were gone before its end');
    return;
  }
  const exited = once(server, 'exit');
  server.send('stop');
  await exited;
}

function start(script, env = {}) {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const child = fork(path, { env: { ...process.env, ...env }, execArgv: [] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

function kill(child, reason) {
  judge.violation('exit', reason);
  child.kill('SIGKILL');
}
