import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import test from 'ava';
import { PACKAGE_ROOT, runNode } from './support/child.mjs';
import { eventually } from './support/eventually.mjs';
import { startPlainServer } from './support/plain-server.mjs';
import { text } from './support/recording-server.mjs';
import { buildShiftedClock, CAN_SHIFT_CLOCK, shiftClock } from './support/shifted-clock.mjs';

// A process can be frozen, and its wall clock set: no token is handed out past its end all the same.

const PROLOGUE = `
  import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
  const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));`;

test.beforeEach(async (t) => {
  t.context = { server: await startPlainServer() };
});

test.afterEach.always(({ context }) => context.server?.close());

const LOOPS = {
  'in a loop that yields to the event loop': 'await new Promise((resolve) => setImmediate(resolve));',
  'in a loop that never yields': '',
};
// Windows has no signal that stops a process.
if (process.platform !== 'win32') {
  for (const [kind, turn] of Object.entries(LOOPS)) {
    test(`after a freeze across its end a token is not handed out any more, ${kind}`, async (t) => {
      await freeze(t, turn);
    });
  }
}

test('a token that ends while its answer waits for a frozen process is not handed out', async (t) => {
  const { server } = t.context;
  const gate = server.holdTokens(server.issue({ expires_in: 1 }));
  const { child, reports } = start(
    t,
    server,
    'console.log(JSON.stringify(await interceptor.getAuthorizationHeader()));',
  );
  await gate.reached();
  child.kill('SIGSTOP');
  await sleep(50);
  server.on('POST /token', server.issue());
  gate.open();
  await sleep(1500);
  child.kill('SIGCONT');
  await eventually(() => reports.length === 1);
  t.deepEqual(reports, ['Bearer token-2']);
});

test('a token that ends before a busy thread takes it is not handed out', async (t) => {
  const { server } = t.context;
  server.on('POST /token', [server.issue({ expires_in: 1 }), server.issue()]);
  const { reports } = start(
    t,
    server,
    `const waiting = interceptor.getAuthorizationHeader();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500);
    console.log(JSON.stringify(await waiting));`,
  );
  await eventually(() => reports.length === 1);
  t.deepEqual(reports, ['Bearer token-2']);
});

if (CAN_SHIFT_CLOCK) {
  const clock = buildShiftedClock();
  test.after.always(() => clock.remove());

  const HOUR = 3600;
  /** Only the end of a token makes for the next one. */
  const TO_THE_END = { renewal: { background: false, marginSeconds: 0 } };
  /** Until there is another header; none is handed out longer than it lives by the monotonic clock. */
  const USE_UP = `
    async function useUp(old, lifetimeMs, call) {
      const end = performance.now() + lifetimeMs;
      for (;;) {
        const calledAt = performance.now();
        const header = await call();
        if (header !== old) return header;
        if (calledAt >= end) throw new Error(old + ' is dead');
      }
    }`;
  const CALLS = {
    getAuthorizationHeader: '() => interceptor.getAuthorizationHeader()',
    getAccessToken: 'async () => "Bearer " + (await interceptor.getAccessToken()).accessToken',
  };

  for (const [name, call] of Object.entries(CALLS)) {
    test(`a wall clock that is set forward past a token's end, and back: ${name}`, async (t) => {
      const { server } = t.context;
      server.on('POST /token', [server.issue(), server.issue({ expires_in: 2 }), server.issue()]);
      const headers = await shifted(
        t,
        server,
        `const call = ${call};
        await call();
        headers.push(await call());
        shiftClock(${HOUR});
        headers.push(await call());
        const next = headers.at(-1);
        shiftClock(0);
        // By the wall clock it has an hour left.
        headers.push(await useUp(next, 2000, call));`,
        TO_THE_END,
      );
      t.deepEqual(headers, ['Bearer token-1', 'Bearer token-2', 'Bearer token-3']);
      t.is(server.tokenRequests().length, 3);
    });

    test(`a wall clock that is set back lengthens no token's life: ${name}`, async (t) => {
      const { server } = t.context;
      server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]);
      const headers = await shifted(
        t,
        server,
        `const call = ${call};
        headers.push(await call());
        shiftClock(${-HOUR});
        headers.push(await useUp(headers[0], 2000, call));`,
        TO_THE_END,
      );
      t.deepEqual(headers, ['Bearer token-1', 'Bearer token-2']);
      t.is(server.tokenRequests().length, 2);
    });
  }

  test('a wall clock that is set to and fro within the lifetime costs no request', async (t) => {
    const { server } = t.context;
    const headers = await shifted(
      t,
      server,
      `for (const seconds of [0, 100, 200, -100, -${HOUR}, -10 * ${HOUR}, 0, 250]) {
        shiftClock(seconds);
        headers.push(await interceptor.getAuthorizationHeader());
      }`,
    );
    t.deepEqual([...new Set(headers)], ['Bearer token-1']);
    t.is(server.tokenRequests().length, 1);
  });

  test('a wall clock that was set back does not put off the renewal', async (t) => {
    const { server } = t.context;
    server.on('POST /token', [server.issue({ expires_in: 2 }), server.issue()]);
    const headers = await shifted(
      t,
      server,
      `headers.push(await interceptor.getAuthorizationHeader());
      shiftClock(${-HOUR});
      const { expiresAt } = interceptor.stats();
      const isRenewed = () => interceptor.stats().expiresAt.getTime() !== expiresAt.getTime();
      while (!isRenewed()) await new Promise((resolve) => setTimeout(resolve, 10));
      headers.push(await interceptor.getAuthorizationHeader());`,
    );
    t.deepEqual(headers, ['Bearer token-1', 'Bearer token-2']);
    t.is(server.tokenRequests().length, 2);
  });

  test('a refusal that still stands takes no living token away, without background renewal', async (t) => {
    const { server } = t.context;
    server.on('POST /token', [server.issue(), text(503, 'later', { 'retry-after': '60' })]);
    const headers = await shifted(
      t,
      server,
      // Not due; due, and put off; half a minute later, when a renewal may be tried again; and later still.
      `for (const seconds of [0, 160, 165, 195, 225]) {
        shiftClock(seconds);
        headers.push(await interceptor.getAuthorizationHeader().catch(({ message }) => message));
      }`,
      {
        renewal: { background: false, marginSeconds: 150, failureCooldownSeconds: 60 },
        retry: { attempts: 1 },
      },
    );
    t.deepEqual(headers, Array(5).fill('Bearer token-1'));
  });

  for (const [kind, turn] of Object.entries(LOOPS)) {
    test(`nor is it where the wall clock was set back meanwhile, ${kind}`, async (t) => {
      const env = clock.env();
      let hours = 0;
      await freeze(t, turn, {
        env,
        meanwhile() {
          hours += 1;
          shiftClock(env, -hours * HOUR);
        },
      });
    });
  }

  /** What a process with a clock of its own has pushed to `headers`. */
  async function shifted(t, server, script, options = {}) {
    const { stdout, stderr } = await runNode(
      `${PROLOGUE}
      import { shiftClock as shift } from './__test__/support/shifted-clock.mjs';
      const shiftClock = (seconds) => shift(process.env, seconds);
      ${USE_UP}
      const headers = [];
      ${script}
      console.log(JSON.stringify(headers));`,
      {
        evaluate: true,
        env: clock.env(),
        args: [JSON.stringify({ ...server.options, ...options })],
      },
    );
    t.is(stderr, '');
    return JSON.parse(stdout);
  }
}

/** Stops a process that asks for a header all the time, until its token has ended; three times over. */
async function freeze(t, turn, { env, meanwhile = () => {} } = {}) {
  const LIFETIME_MS = 2000;
  const { server } = t.context;
  const issue = server.issue({ expires_in: LIFETIME_MS / 1000 });
  const requestedAt = [];
  server.on('POST /token', () => {
    requestedAt.push(monotonicMs());
    return issue();
  });
  // Tells of each header when it comes, and until when the one before it was handed out.
  const { child, reports } = start(
    t,
    server,
    `for (let last = { header: null, calledAt: 0 }; ; ) {
      const calledAt = Number(process.hrtime.bigint()) / 1e6;
      const header = await interceptor.getAuthorizationHeader();
      if (header !== last.header) console.log(JSON.stringify({ header, before: last }));
      last = { header, calledAt };
      ${turn}
    }`,
    env,
  );
  for (let frozen = 0; frozen < 3; ) {
    const current = await eventually(() => reports.length);
    child.kill('SIGSTOP');
    await sleep(50);
    const requests = requestedAt.length;
    await sleep(requestedAt[current - 1] + LIFETIME_MS + 200 - monotonicMs());
    // Else it was stopped too late, with the next token on its way.
    if (requests === current) frozen += 1;
    meanwhile();
    child.kill('SIGCONT');
    await eventually(() => reports.length > current);
  }
  for (const [index, { header, before }] of reports.entries()) {
    t.is(header, `Bearer token-${index + 1}`);
    if (index === 0) continue;
    // The request arrived there after it had left here, from when on the lifetime counts.
    const late = before.calledAt - (requestedAt[index - 1] + LIFETIME_MS);
    t.true(late < 0, `token-${index} was handed out ${late} ms past its end`);
  }
}

/** The same clock in all processes of the machine. */
function monotonicMs() {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** A process that runs until the test ends, and what it prints, a line each, as JSON. */
function start(t, server, script, env = {}) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', `${PROLOGUE}\n${script}`, '--', JSON.stringify(server.options)],
    { cwd: PACKAGE_ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const exit = once(child, 'exit');
  t.teardown(async () => {
    child.kill('SIGKILL');
    await exit;
  });
  const reports = [];
  createInterface({ input: child.stdout }).on('line', (line) => reports.push(JSON.parse(line)));
  return { child, reports };
}
