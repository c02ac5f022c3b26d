import { fileURLToPath } from 'node:url';
import test from 'ava';
import { runNode } from './child.mjs';
import { startPlainServer } from './plain-server.mjs';

const ROUNDS = fileURLToPath(new URL('./leak-rounds.mjs', import.meta.url));

/** What a row may add from its first sample to its last, by their trend: some 80 bytes each of 100,000. */
const ALLOWED_MIB = 6;
/** Sockets and pipes that come and go meanwhile. */
const ALLOWED_FILES = 8;
const ALLOWED_HANDLES = 2;

/**
 * A test for each row, one after the other: each in a process of its own, so that none is measured by what another left.
 *
 * @param {import('../reliability/leaks.rows.mjs').Row[]} rows
 */
export function testRows(rows) {
  for (const { name, outcome, times } of rows) {
    test.serial(`${name}: ${outcome}`, async (t) => {
      const { samples, ...measured } = await measure(t, name);
      t.true(measured.times >= times);
      const [first, last] = [samples[0], samples.at(-1)];
      const growth = { native: growthOf(samples, 'native'), heap: growthOf(samples, 'heap') };
      const said = Object.entries(growth).map(([part, mebibytes]) => `${part} ${mebibytes.toFixed(2)}`);
      t.log(
        `${first.rss.toFixed(1)} MiB, then ${last.rss.toFixed(1)}; trend: ${said}; ${measured.cpu.toFixed(1)} s`,
      );
      t.true(growth.native <= ALLOWED_MIB && growth.heap <= ALLOWED_MIB, JSON.stringify({ growth, samples }));
      t.true(last.handles <= first.handles + ALLOWED_HANDLES, JSON.stringify(samples));
      t.true(last.files <= first.files + ALLOWED_FILES, JSON.stringify(samples));
      t.is(last.keystores, first.keystores);
    });
  }
}

/**
 * The measure finds what does leave something.
 *
 * @param {import('../reliability/leaks.rows.mjs').Row[]} rows
 */
export function testThatIsFound(rows) {
  for (const { name, outcome } of rows) {
    test.serial(`the measure finds ${name}: ${outcome}`, async (t) => {
      const { samples } = await measure(t, name);
      const growth = growthOf(samples, 'native') + growthOf(samples, 'heap');
      t.true(
        growth > ALLOWED_MIB || samples.at(-1).keystores > samples[0].keystores,
        JSON.stringify(samples),
      );
    });
  }
}

async function measure(t, name) {
  t.timeout(300_000);
  const server = await startPlainServer();
  t.teardown(server.close);
  let waiting = [];
  server.on('POST /silent', (_request, response, _body) => {
    waiting.push(response);
  });
  server.on('POST /answer', (_request, response, _body) => {
    for (const other of waiting) {
      other.writeHead(200, { 'content-type': 'application/json' });
      other.end('{"access_token":"late","token_type":"bearer","expires_in":300}');
    }
    waiting = [];
    response.end('answered');
  });
  // It writes down everything, and is not what is measured.
  const forgetting = setInterval(() => {
    server.requests.length = 0;
  }, 100);
  t.teardown(() => clearInterval(forgetting));
  const settings = {
    options: { ...server.options, tokenEndpoint: server.url('/token') },
    silentEndpoint: server.url('/silent'),
    answerEndpoint: server.url('/answer'),
  };
  const { code, signal, stdout, stderr } = await runNode(ROUNDS, {
    nodeArgs: ['--expose-gc'],
    args: [JSON.stringify(name), JSON.stringify(settings)],
    timeoutMs: 280_000,
  });
  t.deepEqual({ code, signal, stderr }, { code: 0, signal: null, stderr: '' });
  return JSON.parse(stdout);
}

/** What the line with the least squares adds from the first sample to the last. */
function growthOf(samples, member) {
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const centre = (samples.length - 1) / 2;
  const average = mean(samples.map((sample) => sample[member]));
  const covariance = mean(samples.map((sample, index) => (index - centre) * (sample[member] - average)));
  const variance = mean(samples.map((_, index) => (index - centre) ** 2));
  return (covariance / variance) * (samples.length - 1);
}
