import { PACKAGE_ROOT, runProgram } from './child.mjs';
import { startPlainServer } from './plain-server.mjs';
import { decodeAssertion, formValue } from './wire.mjs';

/** Of a file's rows; more would wait for each other for longer than one of them lives. */
const AT_ONCE = 4;
const running = new Set();

const SECRET = 'the-secret-of-the-client';

/**
 * What a row of reliability/*.rows.mjs is run with: one process that meets a fault.
 *
 * @typedef {object} FaultRow
 * @property {string} name
 * @property {string} outcome
 * @property {string} script an ES module that has everything of fault-child.mjs
 * @property {unknown[]} told what it reports, in order
 * @property {RegExp} [says] what the messages of its errors hold, joined
 * @property {(server: Awaited<ReturnType<typeof startPlainServer>>) => void} [serve] sets the server up
 * @property {object} [options] of the client, besides the server's
 * @property {number} [code] 0 when left out
 * @property {RegExp} [signal] that it ends by
 * @property {RegExp} [stderr] empty when left out
 * @property {string[]} [kids] of the keys that signed the token requests
 * @property {number} [tokenRequests] that arrive
 * @property {string[]} [nodeArgs]
 * @property {Record<string, string | undefined>} [env]
 * @property {string} [needs] a place of fault-places.mjs
 * @property {(command: string[]) => string[]} [wrap] the command that starts it
 */

/**
 * Runs the process of a row and holds it to what the row says; whatever it printed, no secret is in it.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {FaultRow} row
 * @param {{ env?: Record<string, string | undefined>, wrap?: FaultRow['wrap'] }} [surroundings]
 */
export async function meetFault(t, row, surroundings = {}) {
  t.timeout(120_000);
  while (running.size >= AT_ONCE) await Promise.race(running);
  const run = runAndCheck(t, row, surroundings);
  const over = run.catch(() => {}).finally(() => running.delete(over));
  running.add(over);
  return run;
}

async function runAndCheck(t, row, surroundings) {
  const server = await startPlainServer({ accessToken: (number) => `secret-token-${number}` });
  t.teardown(server.close);
  row.serve?.(server);
  const options = { ...server.options, clientSecret: SECRET, ...row.options };
  const wrap = row.wrap ?? surroundings.wrap ?? ((command) => command);
  const script = `
    import { block, create, freeze, Keystores, once, options, outcomeOf, report, sleep, takeDescriptors, tell } from './__test__/support/fault-child.mjs';
    ${row.script}`;
  const [command, ...args] = wrap([
    process.execPath,
    ...(row.nodeArgs ?? []),
    '--input-type=module',
    '--eval',
    script,
  ]);
  const result = await runProgram(command, args, {
    cwd: PACKAGE_ROOT,
    env: {
      ...process.env,
      FAULT_OPTIONS: JSON.stringify(options),
      RUST_BACKTRACE: undefined,
      ...surroundings.env,
      ...row.env,
    },
    timeoutMs: 60_000,
  });
  const { code, signal, stdout, stderr } = result;
  t.false(
    [SECRET, 'secret-token-'].some((secret) => (stdout + stderr).includes(secret)),
    'a secret is told',
  );
  const reports = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
  t.deepEqual(
    { code, told: reports.map(({ outcome }) => outcome) },
    { code: row.signal ? null : (row.code ?? 0), told: row.told },
    `${signal}\n${stdout}${stderr}`,
  );
  t.regex(signal ?? '', row.signal ?? /^$/);
  t.regex(stderr, row.stderr ?? /^$/);
  if (row.says) t.regex(reports.map(({ message }) => message ?? '').join('\n'), row.says);
  if (row.kids) t.deepEqual(server.tokenRequests().map(kidOf), row.kids);
  if (row.tokenRequests !== undefined) t.is(server.tokenRequests().length, row.tokenRequests);
}

/** @param {import('./recording-server.mjs').RecordedRequest} request */
function kidOf({ body }) {
  return decodeAssertion(formValue(body, 'client_assertion')).header.kid;
}
