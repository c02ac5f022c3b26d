export const TITLE = 'Clocks';
export const KIND = 'fault';

const HOUR = 3600;
const YEAR = 365 * 24 * HOUR;
/** Only the end of a token makes for the next one. */
const TO_THE_END = { renewal: { background: false, marginSeconds: 0 } };
const BEGIN = `
  import { shiftClock as shift } from './__test__/support/shifted-clock.mjs';
  const shiftClock = (seconds) => shift(process.env, Math.round(seconds));
  const now = Math.floor(Date.now() / 1000);
  const interceptor = create();
  const header = () => tell(interceptor.getAuthorizationHeader());
  /** Until there is another header: by the monotonic clock no longer than it lives. */
  async function useUp(lifetimeMs) {
    const end = performance.now() + lifetimeMs;
    const old = await interceptor.getAuthorizationHeader();
    for (;;) {
      const calledAt = performance.now();
      const next = await interceptor.getAuthorizationHeader();
      if (next !== old) return report('another token in time');
      if (calledAt >= end) return report('a dead token');
    }
  }`;

/** Set to a moment, seconds since 1970, while a token lives. */
const moments = {
  'to 1970': { moment: 1000, stays: true },
  'to a time before 1970': { moment: -1_000_000, stays: true },
  'ten years ahead': { moment: `now + ${10 * YEAR}`, stays: false },
  'past 2038-01-19, where 32 bits end': { moment: 2 ** 31 + 10, stays: false },
  'past 2106-02-07, where 32 bits without a sign end': { moment: 2 ** 32 + 10, stays: false },
  'to the year 9999': { moment: 253_402_300_000, stays: false },
};
const settings = Object.entries(moments).map(([name, { moment, stays }]) => ({
  name: `the wall clock set ${name}, while a token lives`,
  outcome: stays
    ? 'that token stays in use; a client made then gets one too, and so it goes on when the clock is right again'
    : 'another token is asked for and used; so it goes on when the clock is right again',
  script: `await header(); shiftClock(${moment} - now);
    await header();
    await tell(create({ clientId: 'another' }).getAuthorizationHeader());
    report(interceptor.stats().expiresAt instanceof Date);
    shiftClock(0);
    await header();`,
  told: stays
    ? ['token 1', 'token 1', 'token 2', true, 'token 1']
    : ['token 1', 'token 2', 'token 3', true, 'token 2'],
}));

/** The same for those who sign: the times of an assertion go by it. */
const signed = ['1000 - now', '-1000000 - now', '253402300000 - now'].map((shift, index) => ({
  name: `an assertion signed in ${['1970', 'a year before 1970', 'the year 9999'][index]} by the wall clock`,
  outcome: 'it is sent, whatever the server says to it',
  script: `Keystores.register('k', { jwks: Keystores.generate({ algorithm: 'ES384' }) });
    shiftClock(${shift});
    await tell(create({ clientSecret: undefined, keystore: 'k' }).getAuthorizationHeader());`,
  told: ['token 1'],
}));

const jumps = [
  {
    name: 'the wall clock set an hour ahead in mid-request',
    outcome: 'the answer may be old by then: one more request, and a token',
    serve: (server) => server.on('POST /token', [{ ...server.issue()(), delayMs: 1500 }, server.issue()]),
    script: `import { subscribe } from 'node:diagnostics_channel';
      const sent = new Promise((resolve) => subscribe('tracing:smart-m2m:token:start', resolve));
      const waiting = header();
      await sent;
      await sleep(200);
      shiftClock(3600);
      await waiting;
      await header();`,
    told: ['token 2', 'token 2'],
    tokenRequests: 2,
  },
  {
    name: 'the wall clock set an hour back in mid-request',
    outcome: 'the token of the answer, and it lives as long as it should',
    serve: (server) =>
      server.on('POST /token', [{ ...server.issue({ expires_in: 4 })(), delayMs: 1000 }, server.issue()]),
    options: TO_THE_END,
    script:
      'const waiting = header(); await sleep(300); shiftClock(-3600); await waiting; await useUp(4000);',
    told: ['token 1', 'another token in time'],
    tokenRequests: 2,
  },
  {
    name: 'the wall clock set ten years ahead in mid-request, and back before the answer',
    outcome: 'the token of the answer',
    serve: (server) => server.on('POST /token', { ...server.issue()(), delayMs: 1500 }),
    script: `const waiting = header(); await sleep(300); shiftClock(${10 * YEAR}); await sleep(200); shiftClock(0); await waiting;`,
    told: ['token 1'],
    tokenRequests: 1,
  },
  {
    name: 'the wall clock set an hour back while a token lives',
    outcome: 'the token is used to its end by the monotonic clock, and no longer',
    serve: (server) => server.on('POST /token', [server.issue({ expires_in: 3 }), server.issue()]),
    options: TO_THE_END,
    script: 'await header(); shiftClock(-3600); await header(); await useUp(3000);',
    told: ['token 1', 'token 1', 'another token in time'],
    tokenRequests: 2,
  },
  {
    name: 'a leap second: the last second of the day comes twice',
    outcome: 'the token stays in use, and lives no longer for it',
    serve: (server) => server.on('POST /token', [server.issue({ expires_in: 4 }), server.issue()]),
    options: TO_THE_END,
    script: 'await header(); shiftClock(-1); await header(); await useUp(4000);',
    told: ['token 1', 'token 1', 'another token in time'],
    tokenRequests: 2,
  },
  {
    name: 'a machine suspended for an hour (CLOCK_MONOTONIC stands still)',
    outcome: 'the first header afterwards is that of another token',
    script: 'await header(); await header(); shiftClock(3600); await header();',
    told: ['token 1', 'token 1', 'token 2'],
    tokenRequests: 2,
  },
  {
    name: 'a machine suspended for less than the token lives',
    outcome: 'the token stays in use',
    options: TO_THE_END,
    script: 'await header(); shiftClock(200); await header();',
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
  {
    name: 'the wall clock set an hour back while a refusal stands',
    outcome: 'the refusal stands no longer than it should: then the server is asked again',
    serve: (server) =>
      server.on('POST /token', [{ status: 401, body: '{"error":"invalid_client"}' }, server.issue()]),
    options: { renewal: { failureCooldownSeconds: 1 } },
    script: 'await header(); shiftClock(-3600); await sleep(1500); await header();',
    told: ['ERR_TOKEN_REJECTED', 'token 1'],
  },
  {
    name: 'the wall clock set an hour back before a retry',
    outcome: 'the retry comes when it should, and a token',
    serve: (server) =>
      server.on('POST /token', [{ status: 503, headers: { 'retry-after': '2' } }, server.issue()]),
    script: 'const waiting = header(); await sleep(500); shiftClock(-3600); await waiting;',
    told: ['token 1'],
  },
  {
    name: 'the wall clock set to and fro by hours, a thousand times',
    outcome: 'a living token each time, and it all ends',
    script: `const headers = new Set();
      for (let turn = 0; turn < 1000; turn += 1) {
        shiftClock(((turn % 7) - 3) * 20);
        headers.add(await interceptor.getAuthorizationHeader());
      }
      report(headers.size);`,
    told: [1],
    tokenRequests: 1,
  },
  {
    name: 'the time zone changed',
    outcome: 'the token stays in use, and its end is the same moment',
    script: `await header();
      const { expiresAt } = interceptor.stats();
      process.env.TZ = 'Pacific/Kiritimati';
      await header();
      report(interceptor.stats().expiresAt.getTime() === expiresAt.getTime());`,
    told: ['token 1', 'token 1', true],
    tokenRequests: 1,
  },
];

export const ROWS = [...settings, ...signed, ...jumps].map((row) => ({
  ...row,
  script: `${BEGIN}\n${row.script}`,
}));
