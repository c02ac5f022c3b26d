import test from 'ava';
import { assertRefused, createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { answerOf } from '../support/http-answers.mjs';
import { openRawServer } from '../support/raw-server.mjs';
import { ROWS } from './redirects.rows.mjs';

// The whole of a server is told by what it was asked for: each request line is looked at.

const DOCUMENT = '/fhir/.well-known/smart-configuration';

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    let isHostile = true;
    const server = await openRawServer(t, [
      (socket, request) => {
        const [method, path] = request.split(' ', 2);
        const isMoved = isHostile && (row.isToken ? method === 'POST' : path !== '/moved');
        if (isMoved && method === (row.isToken ? 'POST' : 'GET')) socket.write(redirect(row, server.port));
        else if (method === 'POST') socket.write(goodAnswer());
        else socket.write(answerOf('{"token_endpoint":"/token"}'));
      },
    ]);
    const client = createClient({ fhirBaseUrl: `${server.origin}/fhir` });
    if (row.code) {
      const { message, transient } = await assertRefused(t, client.getAuthorizationHeader(), row.code, [
        'p4ssw0rd',
      ]);
      if (row.words) t.regex(message, row.words);
      t.false(transient);
      const asked = server.requests.map((request) => request.split(' ', 2).join(' '));
      if (row.isToken) t.deepEqual(asked, [`GET ${DOCUMENT}`, 'POST /token']);
      else t.true(asked.length <= 4 && asked.every((line) => line.startsWith('GET ')), asked.join());
      isHostile = false;
    }
    t.is(await client.getAuthorizationHeader(), `Bearer ${GOOD_TOKEN}`);
    if (!row.code) {
      const [, moved] = server.requests;
      t.regex(moved, /^GET \/moved /);
      t.notRegex(moved, /^(authorization|referer|cookie):/im);
    }
  });
}

test('each redirect has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});

function redirect({ status, location }, port) {
  const fields = location === undefined ? [] : [`location: ${location.replace('{port}', port)}`];
  return answerOf('', { status: `${status} Moved`, fields });
}
