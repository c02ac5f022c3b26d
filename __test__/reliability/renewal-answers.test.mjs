import test from 'ava';
import { atOnce } from '../support/at-once.mjs';
import { eventually } from '../support/eventually.mjs';
import { createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { answerOf } from '../support/http-answers.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { TOKEN_MARK } from '../support/token-mark.mjs';
import { LIMIT } from './http-messages.rows.mjs';
import { ROWS } from './renewal-answers.rows.mjs';

// Nothing that a server can do to a renewal takes away the token that lives.

const LIVING = `${TOKEN_MARK}-living`;
/** Its renewal is due after half of that, and fails long before the end. */
const LIFETIME_S = 20;

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const server = await openRawServer(t, [
      (socket) => socket.end(living()),
      // The body that would count is not looked at by these rows.
      (socket) => row.answer(socket, '{}'),
      (socket) => socket.write(goodAnswer()),
    ]);
    const client = createClient({
      tokenEndpoint: `${server.origin}/token`,
      // As early as there is: at half of the lifetime.
      renewal: { marginSeconds: LIFETIME_S, jitter: 0 },
      http: { maxResponseBytes: LIMIT, timeoutMs: 3000, userAgent: 'renewal-answers' },
    });
    t.is(await client.getAuthorizationHeader(), `Bearer ${LIVING}`);
    const { expiresAt } = client.stats();
    const answers = new Set();
    await eventually(async () => {
      const header = await atOnce(client.getAuthorizationHeader());
      answers.add(header);
      return header === `Bearer ${GOOD_TOKEN}`;
    });
    // Nobody waited, and nobody got anything else.
    t.deepEqual([...answers], [`Bearer ${LIVING}`, `Bearer ${GOOD_TOKEN}`]);
    t.true(Date.now() < expiresAt);
    t.true(client.stats().failures >= 1);
  });
}

/** On a connection that is not kept: on a kept one a break is no failure, but sent again. */
function living() {
  const body = JSON.stringify({ access_token: LIVING, token_type: 'bearer', expires_in: LIFETIME_S });
  return answerOf(body, { fields: ['connection: close'] });
}
