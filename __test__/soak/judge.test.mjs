import test from 'ava';
import { Judge } from '../../soak/judge/judge.mjs';
import { BASES } from '../../soak/plan.mjs';

const MIB = 2 ** 20;
const CLIENT = 'client-0-10s at north for system/*.read';

/** What a good soak ends with. */
const SUMMARY = {
  tally: {
    headers: 10,
    'aborted by their own signal': 1,
    'closed by their own thread': 1,
    'workers terminated': 1,
    violations: 0,
  },
  openCalls: 0,
  traces: { count: 3, open: 0 },
  files: { before: 20, after: 20, kinds: [{}, {}] },
  resources: { before: { Pipe: 1 }, after: { Pipe: 1 } },
};

function discoveries() {
  return BASES.map((base) => ({ type: 'discovery', base }));
}

/** Judged at the end, after what the server and the load have told. */
function judged({ events = [], records = [], summary = {}, found = discoveries() }) {
  const shown = [];
  const judge = new Judge((text) => shown.push(text));
  judge.hearServer({ events: [...found, ...events], until: 1_000_000 });
  for (const record of records) judge.hearLoad(record);
  judge.finish({ ...SUMMARY, ...summary });
  return { judge, shown, violations: judge.violations };
}

function token(number, at, identity = CLIENT) {
  return {
    type: 'attempt',
    identity,
    arrivedAt: at,
    endedAt: at + 10,
    lagMs: 0,
    outcome: 'token',
    status: 200,
    number,
    expiresAt: at + 10_000,
  };
}

/** Memory in use, evenly over so many seconds. */
function memory(seconds, mebibytesOf) {
  return Array.from({ length: 30 }, (_, index) => ({
    type: 'memory',
    rss: (150 + mebibytesOf(index / 29)) * MIB,
    unused: 10 * MIB,
    at: (index / 29) * seconds * 1000,
  }));
}

test('a soak in which all went well has no violation', (t) => {
  const { judge, shown } = judged({ events: [token(1, 0), token(2, 6000)] });
  t.deepEqual(shown, []);
  t.is(judge.violationCount, 0);
  t.is(judge.counts['tokens issued'], 2);
});

test('a violation that the server or the load has seen is reported under its rule', (t) => {
  const { shown, violations } = judged({
    events: [{ type: 'violation', rule: 'proof', text: 'sent nothing' }],
    records: [{ type: 'violation', rule: 'owner', text: 'got another header' }],
    summary: { tally: { ...SUMMARY.tally, violations: 1 } },
  });
  t.deepEqual(violations, { proof: 1, owner: 1 });
  t.true(shown.includes('every attempt has a proof of its own: sent nothing'));
});

test('all violations of one rule are counted, and five are shown', (t) => {
  const events = Array.from({ length: 9 }, () => ({ type: 'violation', rule: 'single', text: 'twice' }));
  const { shown, violations } = judged({ events });
  t.deepEqual(violations, { single: 9 });
  t.is(shown.length, 5);
});

test('a call that failed without a reason is a violation, and with one is none', (t) => {
  const call = {
    type: 'failed',
    call: 'main: header',
    identity: CLIENT,
    code: 'ERR_NETWORK',
    attempts: 1,
    configuredAttempts: 1,
    mustHaveToken: false,
    startedAt: 100_000,
    settledAt: 100_100,
  };
  t.deepEqual(judged({ records: [call] }).violations, { success: 1 });
  const fault = { ...token(undefined, 100_010), outcome: 'end before the answer', status: undefined };
  t.deepEqual(judged({ events: [fault], records: [call] }).violations, {});
});

test('a call is judged when the server has told enough about its time, not before', (t) => {
  const judge = new Judge(() => {});
  judge.hearServer({ events: discoveries(), until: 100_000 });
  judge.hearLoad({
    type: 'failed',
    call: 'c',
    identity: CLIENT,
    code: 'ERR_NETWORK',
    attempts: 1,
    settledAt: 99_000,
  });
  judge.judgeCalls();
  t.is(judge.violationCount, 0);
  judge.hearServer({ events: [], until: 103_000 });
  judge.judgeCalls();
  t.deepEqual(judge.violations, { success: 1 });
});

test('a token that was asked for too early is a violation, unless its worker was ending', (t) => {
  const identity = 'worker-7-1-10s at north for system/*.read';
  const events = [token(1, 0, identity), token(2, 1000, identity)];
  t.deepEqual(judged({ events }).violations, { early: 1 });
  const ending = { type: 'ending', owner: 'worker-7-', at: 900 };
  t.deepEqual(judged({ events, records: [ending] }).violations, {});
  t.deepEqual(judged({ events, records: [{ ...ending, owner: 'worker-8-' }] }).violations, { early: 1 });
});

test('a 401 stands where the server refused two tokens of the request, or a replacement', (t) => {
  const refusal = { type: 'refusal', identity: CLIENT, request: 'main 1' };
  const refused = {
    type: 'refused',
    call: 'main: fetch',
    identity: CLIENT,
    request: 'main 1',
    settledAt: 9000,
  };
  const twice = [
    { ...refusal, number: 1, at: 7000 },
    { ...refusal, number: 2, at: 7500 },
  ];
  t.deepEqual(judged({ events: twice, records: [refused] }).violations, {});
  t.deepEqual(judged({ events: twice.slice(0, 1), records: [refused] }).violations, { success: 1 });
  const replaced = [
    token(1, 0),
    { ...refusal, request: 'main 0', number: 1, at: 500 },
    token(2, 600),
    { ...refusal, number: 2, at: 700 },
  ];
  t.deepEqual(judged({ events: replaced, records: [refused] }).violations, {});
});

test('each server is discovered once', (t) => {
  t.deepEqual(judged({ found: discoveries().slice(1) }).violations, { discovery: 1 });
  t.deepEqual(judged({ found: [...discoveries(), ...discoveries().slice(1)] }).violations, { discovery: 2 });
});

test('what is left at the end is a violation', (t) => {
  const left = {
    settled: { openCalls: 1 },
    traces: { traces: { count: 3, open: 1 } },
    files: { files: { before: 20, after: 21, kinds: [{}, { socket: 1 }] } },
    handles: { resources: { before: { Pipe: 1 }, after: { Pipe: 1, Timeout: 1 } } },
  };
  for (const [rule, summary] of Object.entries(left)) {
    t.deepEqual(judged({ summary }).violations, { [rule]: 1 });
  }
});

test('a soak that did not try what it is for has shown nothing', (t) => {
  for (const name of ['headers', 'workers terminated']) {
    t.deepEqual(judged({ summary: { tally: { ...SUMMARY.tally, [name]: 0 } } }).violations, { soak: 1 });
  }
  t.deepEqual(judged({ summary: { traces: { count: 0, open: 0 } } }).violations, { soak: 1 });
});

test('violations that were found by a worker and did not arrive are a violation', (t) => {
  t.deepEqual(judged({ summary: { tally: { ...SUMMARY.tally, violations: 2 } } }).violations, { soak: 1 });
});

test('memory that grows through the second half of a run is a violation, and a warm-up in the first is none', (t) => {
  t.deepEqual(judged({ records: memory(2700, (part) => 40 * part) }).violations, { rss: 1 });
  t.deepEqual(judged({ records: memory(2700, (part) => Math.min(20 * part, 8)) }).violations, {});
});

test("what V8's heap has in reserve is not memory in use", (t) => {
  const records = memory(2700, (part) => 40 * part).map((sample, index) => ({
    ...sample,
    unused: (10 + (40 * index) / 29) * MIB,
  }));
  t.deepEqual(judged({ records }).violations, {});
});
