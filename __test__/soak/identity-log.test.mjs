import test from 'ava';
import { IdentityLog } from '../../soak/judge/identity-log.mjs';

// The soak's judge is right only if it finds what breaks a rule, and nothing else: both for each rule about one identity.

const CLIENT = 'client-0-10s at north for system/*.read';

/** A log of attempts, each ended 10 ms after it arrived. */
function logOf(attempts, name = CLIENT) {
  const log = new IdentityLog(name);
  const broken = attempts.map((attempt) => log.add(attemptOf(attempt)));
  return { log, broken };
}

function attemptOf({ at, ...members }) {
  return { type: 'attempt', arrivedAt: at, endedAt: at + 10, lagMs: 0, outcome: 'token', ...members };
}

function token(number, at, seconds = 10) {
  return { at, number, status: 200, expiresAt: at + seconds * 1000 };
}

function failedCall(members) {
  return {
    code: 'ERR_NETWORK',
    attempts: 1,
    configuredAttempts: 1,
    startedAt: 100_000,
    settledAt: 100_100,
    mustHaveToken: true,
    ...members,
  };
}

test('a token that is renewed after half of its life breaks no rule', (t) => {
  const { broken } = logOf([token(1, 0), token(2, 5000), token(3, 12_000)]);
  t.deepEqual(broken, [null, null, null]);
});

test('a token that is asked for at a third of the life of the last one is asked for too early', (t) => {
  const { broken } = logOf([token(1, 0), token(2, 3000)]);
  t.is(broken[0], null);
  t.deepEqual(broken[1], ['early', 'asked again 3000 ms after token 1, which lives 10000 ms']);
});

test('a token that was refused may be replaced at once', (t) => {
  const { log } = logOf([token(1, 0)]);
  log.refuse({ number: 1, at: 900 });
  t.is(log.add(attemptOf(token(2, 1000))), null);
});

test('a refusal after the request for the next token does not explain it', (t) => {
  const { log } = logOf([token(1, 0)]);
  log.refuse({ number: 1, at: 1500 });
  t.is(log.add(attemptOf(token(2, 1000)))?.[0], 'early');
});

test('a replacement that is refused is not replaced within its first moments', (t) => {
  const { log } = logOf([token(1, 0)]);
  log.refuse({ number: 1, at: 900 });
  log.add(attemptOf(token(2, 1000)));
  t.true(log.wasReplacement(2));
  t.false(log.wasReplacement(1));
  log.refuse({ number: 2, at: 1100 });
  t.deepEqual(log.add(attemptOf(token(3, 1200))), ['replacement', 'asked again 200 ms after token 2']);
});

test('a client that was rejected asks again after a second, not before', (t) => {
  const rejected = { at: 0, outcome: 'rejected', status: 401 };
  const { broken } = logOf([rejected, { ...rejected, at: 500 }, { ...rejected, at: 2000 }]);
  t.deepEqual(broken, [null, ['memory', 'asked again 490 ms after it was rejected'], null]);
});

test('a server that asks for patience is asked again when it said, and after ten seconds at the latest', (t) => {
  const busy = { at: 0, outcome: 'server error', status: 503, retryAt: 4000 };
  t.deepEqual(logOf([busy, token(1, 1000)]).broken, [null, ['patience', 'asked again 3000 ms too early']]);
  t.deepEqual(logOf([busy, token(1, 4000)]).broken, [null, null]);
  t.deepEqual(logOf([{ ...busy, retryAt: 60_000 }, token(1, 10_010)]).broken, [null, null]);
});

test('a client that forgets its tokens may ask when it likes', (t) => {
  const { broken } = logOf([token(1, 0), token(2, 100), token(3, 200)], 'forgetful-2-3s at north for all');
  t.deepEqual(broken, [null, null, null]);
});

test('a call may fail where each of its attempts met a fault', (t) => {
  const fault = { outcome: 'reset before the answer' };
  const { log } = logOf([1, 2, 3].map((number) => ({ ...fault, at: 99_990 + number * 10 })));
  const call = failedCall({ attempts: 3, configuredAttempts: 3 });
  t.is(log.unexcused(call), null);
  t.regex(
    log.unexcused(failedCall({ attempts: 4, configuredAttempts: 4 })),
    /^the server did not fail it 4 times/,
  );
  t.regex(log.unexcused({ ...call, code: 'ERR_SERVER', status: 503 }), /^the server did not fail it 3 times/);
});

test('a call that gave up before its last attempt is excused by a Retry-After that is too long alone', (t) => {
  const busy = { at: 100_000, outcome: 'server error', status: 503, retryAt: 220_000 };
  const call = failedCall({ code: 'ERR_SERVER', status: 503, configuredAttempts: 3 });
  t.is(logOf([{ ...busy, givesUp: true }]).log.unexcused(call), null);
  t.regex(logOf([busy]).log.unexcused(call), /it saw: server error \(\+10 ms\)$/);
});

test('a call that failed although nothing happened on the server is not excused', (t) => {
  t.is(
    new IdentityLog(CLIENT).unexcused(failedCall()),
    'the server did not fail it 1 times; it saw: nothing',
  );
});

test('a call that failed while there was a living token is not excused by faults', (t) => {
  const { log } = logOf([token(1, 96_000), { at: 100_000, outcome: 'reset before the answer' }]);
  t.is(log.unexcused(failedCall()), 'token 1 lived from -3990 ms to +6000 ms');
  t.is(log.unexcused(failedCall({ mustHaveToken: false })), null);
  log.refuse({ number: 1, at: 100_050 });
  t.is(log.unexcused(failedCall()), null);
});

test('a hook that threw excuses its call', (t) => {
  t.is(new IdentityLog(CLIENT).unexcused(failedCall({ code: 'ERR_PRE_TOKEN_HOOK' })), null);
});

test('a call that waited for a new token while the old one lived waited needlessly', (t) => {
  const { log } = logOf([token(1, 95_000), token(2, 100_200)]);
  const call = { number: 2, startedAt: 100_000, settledAt: 100_300, mustHaveToken: true };
  t.is(log.needlessWait(call), 'token 1 lived from -4990 ms to +5000 ms');
  t.is(log.needlessWait({ ...call, number: 1 }), null);
  t.is(log.needlessWait({ ...call, mustHaveToken: false }), null);
});

test('a call that waited because the old token was about to end did not wait needlessly', (t) => {
  const { log } = logOf([token(1, 90_500), token(2, 100_200)]);
  const call = { number: 2, startedAt: 100_000, settledAt: 100_300, mustHaveToken: true };
  t.is(log.needlessWait(call), null);
});

test('an identity that nobody uses is renewed once, not for ever', (t) => {
  const name = 'idle-2-3s at north for all';
  const twice = logOf([token(1, 0, 3), token(2, 2000, 3)], name).log;
  t.deepEqual([...twice.excesses(60_000)], []);
  const thrice = logOf([token(1, 0, 3), token(2, 2000, 3), token(3, 4000, 3)], name).log;
  t.deepEqual(
    [...thrice.excesses(60_000)],
    [['idle', `${name} was asked for 3 times, although nobody used it`]],
  );
});

test('a client that is rejected all the time asks ever less often', (t) => {
  const rejections = (pause) =>
    logOf(Array.from({ length: 12 }, (_, index) => ({ at: index * pause, outcome: 'rejected', status: 401 })))
      .log;
  t.deepEqual([...rejections(10_000).excesses(110_000)], []);
  t.deepEqual(
    [...rejections(2000).excesses(22_000)],
    [['memory', `${CLIENT} was rejected 12 times in 22 s`]],
  );
});
