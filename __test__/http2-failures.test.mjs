import { randomUUID } from 'node:crypto';
import { Keystores } from '@org/smart-m2m';
import test from 'ava';
import { makeCertificates } from '../examples/embedded/certificates.mjs';
import { openHttp2Server } from './support/http2-server.mjs';
import { ecJwks } from './support/keys.mjs';

// What a server can do to an HTTP/2 connection beside answering on it (RFC 9113 §5.4, §6.8, §7).

const NO_ERROR = 0x0;
const PROTOCOL_ERROR = 0x1;
const REFUSED_STREAM = 0x7;
const ENHANCE_YOUR_CALM = 0xb;
const HTTP_1_1_REQUIRED = 0xd;

let certificates;

test.before(async () => {
  certificates = await makeCertificates();
});

for (const code of [NO_ERROR, PROTOCOL_ERROR, ENHANCE_YOUR_CALM]) {
  test(`the debug data of a GOAWAY with code ${code}, which may repeat the request, is shown nowhere`, async (t) => {
    const keystore = `goaway-${randomUUID()}`;
    Keystores.register(keystore, { jwks: ecJwks() });
    t.teardown(() => Keystores.unregister(keystore));
    for (const options of [{}, { clientSecret: undefined, keystore }]) {
      const server = await openHttp2Server(t, { certificates });
      const said = [];
      const goAway = ({ stream }) => {
        const { headers, body } = server.tokenRequests().at(-1);
        const data = `${headers.authorization} ${body}`;
        said.push(...data.split(/[\s&=]/).filter((word) => word.length > 20));
        stream.session.goaway(code, Math.max(stream.id - 2, 0), Buffer.from(data));
        setTimeout(() => stream.session?.destroy(), 20);
      };
      server.replies.push(goAway, goAway, goAway);
      const interceptor = create(server, options);
      const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
      t.regex(error.message, /the HTTP\/2 connection was ended by the server|the connection was closed/);
      t.true(said.length > 0);
      for (const word of said) t.false(error.message.includes(word), error.message);
      t.true(error.message.length < 500);
    }
  });
}

test('a stream that is refused says so, and what to do', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const refuse = ({ stream }) => stream.close(REFUSED_STREAM);
  server.replies.push(refuse, refuse, refuse);
  const interceptor = create(server);
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_NETWORK' });
  t.regex(error.message, /given up in its HTTP\/2 connection by the server: .*; the server is busy/);
});

test('a server that takes a request over HTTP/1.1 alone gets it so, and no attempt is counted', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  server.replies.push(({ stream }) => stream.close(HTTP_1_1_REQUIRED));
  const header = await create(server).getAuthorizationHeader();
  t.regex(header, /^Bearer /);
  t.deepEqual(
    server.tokenRequests().map(({ version }) => version),
    ['2.0', '1.1'],
  );
});

test('a server that wants HTTP/1.1 and refuses it as well is not asked for ever', async (t) => {
  const server = await openHttp2Server(t, { certificates, allowHTTP1: false });
  server.replies.push(({ stream }) => stream.close(HTTP_1_1_REQUIRED));
  const error = await t.throwsAsync(create(server).getAuthorizationHeader());
  t.true(['ERR_TLS', 'ERR_NETWORK'].includes(error.code), error.code);
});

test('a connection on which a request has hung until the deadline is left by the next one', async (t) => {
  const server = await openHttp2Server(t, { certificates });
  const http = { userAgent: randomUUID() };
  await create(server, { clientId: 'before', http }).getAuthorizationHeader();
  const [{ port: hung }] = server.tokenRequests();
  server.replies.push(() => {});
  const interceptor = create(server, { clientId: 'hung', http, retry: { attempts: 1, deadlineMs: 700 } });
  await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TIMEOUT' });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer /);
  const [, late, next] = server.tokenRequests();
  t.is(late.port, hung);
  t.not(next.port, hung);
});

/** With connections of its own: tests run side by side. */
function create(server, { http = { userAgent: randomUUID() }, ...options } = {}) {
  return server.create({ retry: { attempts: 1 }, http, ...options });
}
