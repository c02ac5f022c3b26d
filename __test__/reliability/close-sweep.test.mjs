import { randomUUID } from 'node:crypto';
import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { ENDS, openCutServer } from '../support/cut-server.mjs';
import { assertTellsLittle, createClient } from '../support/hostile-server.mjs';
import { linesOf } from '../support/http-answers.mjs';
import { ROWS } from './close-sweep.rows.mjs';

// No token is made of half an answer, wherever that breaks off, and what broke off is tried again.

const AT_ONCE = 64;
/** Handshakes take their time: with TLS the second attempt is looked at after some of the bytes. */
const STEP_WITH_TLS = 8;
/** Elsewhere a reset takes away what has arrived and was not read yet. */
const keepsWhatArrived = process.platform === 'linux';

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const row of ROWS) {
  test.serial(`${row.name}: ${row.outcome}`, async (t) => {
    const { answer } = row;
    const server = await openCutServer(t, {
      certificates: row.tls ? certificates : undefined,
      answer: answersOf(row),
    });
    const userAgent = randomUUID();
    const ask = (kind, length, attempts) => {
      const base = `${server.origin}/${kind}/${length}`;
      const at = row.isDiscovery ? { fhirBaseUrl: base } : { tokenEndpoint: `${base}/token` };
      const http = { userAgent, ca: certificates.caPem };
      return createClient({ ...at, http, retry: { attempts } }).getAuthorizationHeader();
    };
    const path = (kind, length) =>
      `/${kind}/${length}/${row.isDiscovery ? '.well-known/smart-configuration' : 'token'}`;
    await forEach(lengthsBelow(answer.length), async (length) => {
      const error = await ask('once', length, 1).catch((error) => error);
      t.is(error.code, 'ERR_NETWORK', `${length} of ${answer.length} bytes: ${error.message ?? error}`);
      t.true(error.transient);
      assertTellsLittle(t, error);
      t.is(server.requestsTo(path('once', length)), 1);
    });
    await forEach(lengthsBelow(answer.length, row.tls ? STEP_WITH_TLS : 1), async (length) => {
      t.is(await ask('twice', length, 2), 'Bearer whole', `${length} bytes`);
      t.is(server.requestsTo(path('twice', length)), 2);
    });
    const whole = await ask('once', answer.length, 1).catch(({ code }) => code);
    const isCertain = row.end !== ENDS.reset || keepsWhatArrived || !row.isWholeAtEnd;
    if (isCertain) t.is(whole, row.isWholeAtEnd ? 'Bearer whole' : 'ERR_NETWORK');
    else t.true(['Bearer whole', 'ERR_NETWORK'].includes(whole), whole);
  });
}

/** The first request of each path gets as many bytes as the path says, the next one all of them. */
function answersOf({ answer, end, isDiscovery }) {
  const seen = new Set();
  const token = linesOf(
    ['HTTP/1.1 200 OK', 'connection: close'],
    '{"access_token":"whole","token_type":"bearer"}',
  );
  return (path) => {
    if (isDiscovery && path.endsWith('/token')) return { bytes: token, end: ENDS.whole };
    if (seen.has(path)) return { bytes: answer, end: ENDS.whole };
    seen.add(path);
    return { bytes: answer.subarray(0, Number(path.split('/')[2])), end };
  };
}

function lengthsBelow(count, step = 1) {
  return Array.from({ length: Math.ceil(count / step) }, (_, index) => index * step);
}

/** So many at a time. */
async function forEach(items, visit) {
  const left = [...items];
  const worker = async () => {
    while (left.length > 0) await visit(left.shift());
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
