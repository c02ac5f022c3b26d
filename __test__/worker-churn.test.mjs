import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runNode } from './support/child.mjs';
import { startPlainServer } from './support/plain-server.mjs';

// Worker threads can be ended at any moment; what the process shares goes on, and nothing of them stays behind.

const CHURN = fileURLToPath(new URL('./support/worker-churn.mjs', import.meta.url));

/** More for a long run: `SMART_M2M_WORKER_CHURN=1000 npx ava __test__/worker-churn.test.mjs`. */
const WORKERS = Number(process.env.SMART_M2M_WORKER_CHURN ?? 250);

/** What the second half of the workers may leave: a leak of 100 kB each would be more. */
const ALLOWED_MIB = 12;
const ALLOWED_FILES = 8;

test(`${WORKERS} workers end in the middle of something, and leave nothing behind`, async (t) => {
  const timeoutMs = 60_000 + WORKERS * 200;
  t.timeout(timeoutMs + 10_000);
  const server = await startPlainServer();
  t.teardown(server.close);
  const issue = server.issue();
  server.on('POST /slow', () => ({ ...issue(), delayMs: 20 }));
  const settings = { options: server.options, slowTokenEndpoint: server.url('/slow') };

  const { code, signal, stdout, stderr } = await runNode(CHURN, {
    nodeArgs: ['--expose-gc'],
    args: [JSON.stringify(WORKERS), JSON.stringify(settings)],
    timeoutMs,
  });

  t.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  const { headers, errors, asked, elsewhere, halves } = JSON.parse(stdout);
  t.is(headers.length, 1, 'one token for the thread that stays');
  t.is(server.tokenRequests().length, 1, 'and for all others');
  t.deepEqual(errors, []);
  t.true(asked > WORKERS / 5, `only ${asked} hooks were asked`);
  t.is(elsewhere, 0, 'a hook runs on its own thread');
  const [first, second] = halves;
  t.true(second.rssMiB <= first.rssMiB + ALLOWED_MIB, JSON.stringify(halves));
  t.true(second.openFiles <= first.openFiles + ALLOWED_FILES, JSON.stringify(halves));
});
