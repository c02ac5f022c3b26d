import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { ENDS, openCutServer } from '../support/cut-server.mjs';
import { assertTellsLittle, createClient, GOOD_TOKEN, goodAnswer } from '../support/hostile-server.mjs';
import { ROWS } from './record-sweep.rows.mjs';

// Wherever TLS is cut, there is the whole answer or an error of the network.

/** More than handshake and answer take. */
const MOST_RECORD_BYTES = 2000;
const RECORD_STEP = 9;

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const { name, outcome, version, end } of ROWS) {
  test.serial(`${name}: ${outcome}`, async (t) => {
    const limits = [];
    const server = await openCutServer(t, {
      certificates,
      tls: { minVersion: version, maxVersion: version },
      answer: () => ({ bytes: goodAnswer(), end: ENDS.whole }),
      ciphertext: () => limits.shift() ?? Number.POSITIVE_INFINITY,
      ciphertextEnd: end,
    });
    const outcomes = [];
    // One at a time: the connection does not say yet whose it is.
    for (let length = 0; length < MOST_RECORD_BYTES; length += RECORD_STEP) {
      limits.push(length);
      const http = { ca: certificates.caPem, userAgent: name };
      const client = createClient({ tokenEndpoint: `${server.origin}/token/${length}`, http });
      const outcome = await client.getAuthorizationHeader().catch((error) => {
        assertTellsLittle(t, error);
        return error.code;
      });
      outcomes.push(outcome);
    }
    t.deepEqual([...new Set(outcomes)], ['ERR_NETWORK', `Bearer ${GOOD_TOKEN}`]);
    t.deepEqual([outcomes.at(0), outcomes.at(-1)], ['ERR_NETWORK', `Bearer ${GOOD_TOKEN}`]);
  });
}
