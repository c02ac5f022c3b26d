import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { eventually } from '../support/eventually.mjs';
import { assertRefused, createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { openFrameServer } from '../support/http2-frames.mjs';
import { ROWS } from './http2-frames.rows.mjs';

// What frames of a server can do to a request; the next connection is as good as ever.

const TIMEOUT_MS = 3000;

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const row of ROWS) {
  // One after the other where a row keeps this thread busy.
  const declare = row.codes?.includes('ERR_TIMEOUT') ? test.serial : test;
  declare(`${row.name}: ${row.outcome}`, async (t) => {
    const { settings, answer, codes } = row;
    const server = await openFrameServer(t, { certificates, settings, answer, goodAnswer: goodAnswer() });
    const client = createClient({
      tokenEndpoint: `${server.origin}/token`,
      http: {
        ca: certificates.caPem,
        userAgent: 'http2-frames',
        ...(codes?.includes('ERR_TIMEOUT') && { timeoutMs: TIMEOUT_MS, userAgent: row.name }),
      },
    });
    if (!codes) {
      t.is(await client.getAuthorizationHeader(), 'Bearer framed');
      return;
    }
    const call = client.getAuthorizationHeader();
    const { code, message } = await t.throwsAsync(call);
    t.true(codes.includes(code), `${code}: ${message}`);
    await assertRefused(t, call, code);
    server.openly();
    await eventually(async () => (await client.getAuthorizationHeader()) === `Bearer ${GOOD_TOKEN}`);
    t.pass();
  });
}

test('each of the frames has a name of its own', (t) => {
  t.is(new Set(ROWS.map(({ name }) => name)).size, ROWS.length);
});
