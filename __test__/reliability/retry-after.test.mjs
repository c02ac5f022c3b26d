import test from 'ava';
import { assertRefused, createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { answerOf } from '../support/http-answers.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { ROWS } from './retry-after.rows.mjs';

// What a server asks for is bounded at both ends, for documents and for tokens.

const LONGEST_MS = 24 * 3600 * 1000;

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    for (const isDocument of [false, true]) {
      let isHostile = true;
      const server = await openRawServer(t, [
        (socket, request) => {
          const isMeant = request.startsWith(isDocument ? 'GET' : 'POST');
          if (isHostile && isMeant) socket.write(later(row));
          else if (request.startsWith('POST')) socket.write(goodAnswer());
          else socket.write(answerOf('{"token_endpoint":"/token"}'));
          if (isMeant && row.isWaited) isHostile = false;
        },
      ]);
      const client = createClient({ fhirBaseUrl: `${server.origin}/fhir`, retry: { attempts: 2 } });
      if (!row.isWaited) {
        const code = isDocument ? 'ERR_DISCOVERY' : row.status === 429 ? 'ERR_RATE_LIMITED' : 'ERR_SERVER';
        const error = await assertRefused(t, client.getAuthorizationHeader(), code);
        t.true(error.transient);
        t.true(error.retryAfterMs > 60_000 && error.retryAfterMs <= LONGEST_MS, `${error.retryAfterMs}`);
        isHostile = false;
      }
      t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
      t.is(server.requests.length, 3);
    }
  });
}

function later({ status, value }) {
  const text = value();
  const fields = text === undefined ? [] : [`retry-after: ${text}`];
  return answerOf('later', { status: `${status} Later`, fields });
}
