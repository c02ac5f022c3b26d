import test from 'ava';
import { eventually } from '../support/eventually.mjs';
import { assertRefused, createClient, GOOD_TOKEN } from '../support/hostile-server.mjs';
import { answerOf } from '../support/http-answers.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { LIMIT, ROWS } from './http-messages.rows.mjs';

// Everything is bounded, with the same settings for discovery and token requests, and the next good answer counts.

const TIMEOUT_MS = 3000;

for (const row of ROWS) {
  // One after the other where a row keeps this thread busy.
  const declare = row.code === 'ERR_TIMEOUT' ? test : test.serial;
  declare(`${row.name}: ${row.outcome}`, async (t) => {
    for (const ask of [askForDocument, askForToken]) await meet(t, row, ask);
  });
}

test('each shape of HTTP/1.1 has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});

/** Both kinds of request: the first answer is the row's. */
const askForDocument = {
  option: (origin) => ({ fhirBaseUrl: `${origin}/fhir` }),
  bodies: (origin) => [JSON.stringify({ token_endpoint: `${origin}/token` }), TOKEN],
  unusable: 'ERR_DISCOVERY',
};
const askForToken = {
  option: (origin) => ({ tokenEndpoint: `${origin}/token` }),
  bodies: () => [TOKEN],
  unusable: 'ERR_TOKEN_RESPONSE',
};
const TOKEN = JSON.stringify({ access_token: GOOD_TOKEN, token_type: 'bearer', expires_in: 300 });

async function meet(t, row, { option, bodies, unusable }) {
  let good = [];
  const server = await openRawServer(t, [
    (socket) => row.answer(socket, good[0]),
    ...[0, 1].map((at) => (socket) => socket.end(answerOf(good[row.code ? at : at + 1] ?? good.at(-1)))),
  ]);
  good = bodies(server.origin);
  const client = createClient({
    ...option(server.origin),
    http: { maxResponseBytes: LIMIT, ...(row.code === 'ERR_TIMEOUT' && { timeoutMs: TIMEOUT_MS }) },
  });
  if (row.code) {
    const code = row.code === 'unusable' ? unusable : row.code;
    const error = await assertRefused(t, client.getAuthorizationHeader(), code);
    if (row.words) t.regex(error.message, row.words);
    if (row.isTransient !== undefined) t.is(error.transient, row.isTransient);
    t.true(error.message.includes(server.origin), error.message);
    t.true(server.requests.length <= 1);
    if (row.leavesConnection) await eventually(() => server.sockets.size === 0);
  }
  t.notRegex(server.requests[0] ?? '', /^accept-encoding:/im);
  t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
}
