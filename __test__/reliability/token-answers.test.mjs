import test from 'ava';
import {
  assertRefused,
  assertWarnsInFewWords,
  createClient,
  GOOD_TOKEN,
  goodAnswer,
} from '../support/hostile-server.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { collectWarnings } from '../support/warnings.mjs';
import { ROWS } from './token-answers.rows.mjs';

// What a token endpoint can answer: a token or an error, and the next good answer counts again.

const CLOCK_SLACK_S = 30;

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await openRawServer(t, [
      (socket) => socket.write(row.answer),
      (socket) => socket.write(goodAnswer()),
    ]);
    const clientId = `answers-${server.port}`;
    const warnings = collectWarnings(t, clientId);
    const client = createClient({ tokenEndpoint: `${server.origin}/token`, clientId, scope: 'system/*.rs' });
    if (row.code) {
      const { message } = await assertRefused(t, client.getAuthorizationHeader(), row.code);
      if (row.words) t.regex(message, row.words);
    } else {
      const token = await client.getAccessToken();
      t.is(`Bearer ${token.accessToken}`, row.header);
      row.check?.(t, token);
      if (row.lives !== undefined) assertLives(t, token, row.lives);
      if (row.lives !== 0) {
        t.is(await client.getAuthorizationHeader(), row.header);
        t.is(server.requests.length, 1);
        client.invalidate();
      }
    }
    t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
    t.is(server.requests.length, 2);
    assertWarnsInFewWords(t, warnings);
  });
}

test('each answer of a token endpoint has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});

function assertLives(t, { expiresAt }, seconds) {
  const left = (expiresAt.getTime() - Date.now()) / 1000;
  t.true(left <= seconds && left > seconds - CLOCK_SLACK_S, `${left} s`);
}
