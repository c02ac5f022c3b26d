import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import test from 'ava';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { runNode } from '../support/child.mjs';
import { WITHOUT_PROXY } from '../support/child-client.mjs';
import { CLIENT_SECRET } from '../support/hostile-server.mjs';
import { answerOf } from '../support/http-answers.mjs';
import { buildMovingNames, CAN_MOVE_NAMES } from '../support/moving-names.mjs';
import { HOME, PLAIN, ROWS, STRANGER } from './moving-names.rows.mjs';

// Where a name leads is not judged; nothing is sent before the one that answers has shown a certificate for the name
// (docs/security.md, "Where credentials and tokens go").

const NAME = 'token.moving.test';
/** Each call asks anew, on a connection of its own. */
const ANSWER = answerOf('{"access_token":"good","token_type":"bearer","expires_in":0}', {
  fields: ['connection: close'],
});
const SCRIPT = `
  import { writeFileSync } from 'node:fs';
  import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
  const { options, steps } = JSON.parse(process.argv[1]);
  const client = ClientAuthInterceptorFactory.create(options);
  const outcomes = [];
  for (const [addresses] of steps) {
    writeFileSync(process.env.MOVING_NAMES, addresses.join('\\n') + '\\n');
    outcomes.push(await client.getAuthorizationHeader().then(
      (header) => [header.split(' ')[0]],
      ({ code, message }) => [code, message]));
  }
  process.stdout.write(JSON.stringify(outcomes));`;

if (CAN_MOVE_NAMES) {
  const names = buildMovingNames();
  test.after.always(() => names.remove());

  for (const row of ROWS) {
    test(`${row.name}: ${row.outcome}`, async (t) => {
      const servers = await openServers(t);
      const options = {
        clientId: 'moving-names',
        clientSecret: CLIENT_SECRET,
        scope: null,
        tokenEndpoint: `https://${NAME}:${servers.port}/token`,
        retry: { attempts: 1 },
        renewal: { failureCooldownSeconds: 0 },
        http: { ca: servers.ca, proxy: null, timeoutMs: 60_000, connectTimeoutMs: 60_000 },
      };
      const { stdout, stderr } = await runNode(SCRIPT, {
        evaluate: true,
        args: [JSON.stringify({ options, steps: row.steps })],
        env: { ...WITHOUT_PROXY, ...names.env() },
      });
      t.is(stderr, '');
      const outcomes = JSON.parse(stdout);
      t.deepEqual(
        outcomes.map(([outcome]) => outcome),
        row.steps.map(([, outcome]) => outcome),
        stdout,
      );
      t.false(stdout.includes(CLIENT_SECRET));
      const { [HOME]: home, [STRANGER]: stranger, [PLAIN]: plain } = servers.heard;
      t.is(home.length, row.steps.filter(([, outcome]) => outcome === 'Bearer').length);
      t.deepEqual(stranger, []);
      t.true(plain.every(([first]) => first === 0x16));
    });
  }
} else {
  test('names are moved on Linux with glibc alone', (t) => t.pass());
}

/** The right server, one that is right for another name, and one in clear text, at the same port. */
async function openServers(t) {
  const [own, other] = await Promise.all(
    [NAME, 'internal.example.test'].map((hostname) =>
      makeCertificates({ hostnames: [hostname], addresses: [] }),
    ),
  );
  const heard = { [HOME]: [], [STRANGER]: [], [PLAIN]: [] };
  const sockets = new Set();
  const tls = ({ certificatePem: cert, privateKeyPem: key }) => createTlsServer({ cert, key });
  let port = 0;
  for (const [host, server, event] of [
    [HOME, tls(own), 'secureConnection'],
    [STRANGER, tls(other), 'secureConnection'],
    [PLAIN, createServer(), 'connection'],
  ]) {
    server.on('tlsClientError', () => {});
    server.on('connection', (socket) => sockets.add(socket));
    server.on(event, (socket) => {
      socket.on('error', () => socket.destroy());
      socket.once('data', (data) => heard[host].push(data) && socket.end(ANSWER));
    });
    server.listen(port, host);
    await once(server, 'listening');
    port = server.address().port;
    t.teardown(() => server.close());
  }
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  return { port, heard, ca: [own.caPem, other.caPem] };
}
