import { inspect } from 'node:util';
import test from 'ava';
import {
  assertRefused,
  CLIENT_SECRET,
  createClient,
  GOOD_TOKEN,
  goodAnswer,
} from '../support/hostile-server.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { ROWS } from './echoed-secrets.rows.mjs';

// A server that repeats what it was sent does not make the client show it, however it is written.

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    for (const authMethod of ['client_secret_basic', 'client_secret_post']) {
      const echo = row.spell(CLIENT_SECRET);
      const server = await openRawServer(t, [
        (socket, request) => socket.write(row.answer(echo, request)),
        (socket) => socket.write(goodAnswer()),
      ]);
      const client = createClient({ tokenEndpoint: `${server.origin}/token`, clientAuthMethod: authMethod });
      const error = await assertRefused(t, client.getAuthorizationHeader(), row.code);
      const said = folded(inspect(error, { depth: 9 }) + error.stack);
      for (const form of [echo, CLIENT_SECRET, encodeURIComponent(CLIENT_SECRET)].map(folded)) {
        for (let at = 0; at + 12 <= form.length; at += 1) {
          const piece = form.slice(at, at + 12);
          if (INNOCENT.some((words) => words.includes(piece))) continue;
          t.false(said.includes(piece), `${piece} of ${error.message}`);
        }
      }
      t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
    }
  });
}

/** What the rows themselves say around the secret. */
const INNOCENT = ['loremipsumloremipsumloremipsum', 'posttokenclientsecret', 'http11401'];

function folded(text) {
  return text.toLowerCase().replace(/[^a-z0-9]/g, '');
}
