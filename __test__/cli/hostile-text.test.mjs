import test from 'ava';
import { smartM2m } from '../support/command-line.mjs';
import { openPlainServer } from '../support/open-servers.mjs';
import { json, tokenResponse } from '../support/recording-server.mjs';

const SECRET = { SMART_M2M_CLIENT_SECRET: 'a-secret-of-the-client' };
const HOSTILE = '\u001b[2J\u001b]0;title\u0007\u009b31m\u202etxt\r\nforged';
/** What a terminal obeys, or shows elsewhere than it stands. */
const OBEYED = /[\p{Cf}\p{Zl}\p{Zp}]|(?!\n)\p{Cc}/u;

for (const command of ['doctor', 'token']) {
  for (const more of [[], ['--json']]) {
    test(`${[command, ...more].join(' ')}: what a server writes reaches the terminal as text alone`, async (t) => {
      const server = await openPlainServer(t, {
        token_endpoint_auth_methods_supported: [HOSTILE],
        token_endpoint_auth_signing_alg_values_supported: [HOSTILE],
        grant_types_supported: [HOSTILE],
      });
      server.on('POST /token', tokenResponse({ scope: `system/Patient.rs ${HOSTILE}` }));
      server.on(
        'GET /fhir/Patient',
        json(403, { issue: [{ diagnostics: HOSTILE }] }, { 'www-authenticate': 'Bearer error="\u009b31m"' }),
      );
      const { stdout, stderr } = await smartM2m(argumentsFor(command, server, more), SECRET);
      t.true(stdout.includes('system/Patient.rs'), stdout + stderr);
      t.notRegex(stdout, OBEYED);
      t.notRegex(stdout, /^forged/m);
      if (more.length > 0) t.truthy(JSON.parse(stdout));
    });
  }
}

test('a list of a server that does not end is cut', async (t) => {
  const server = await openPlainServer(t, { grant_types_supported: Array(2000).fill('client_credentials') });
  const { stdout } = await smartM2m(argumentsFor('doctor', server), SECRET);
  t.regex(stdout, /grants .*client_credentials/);
  t.true(stdout.length < 8000, `${stdout.length} characters`);
});

for (const [how, echo] of Object.entries({
  'as it is': (token) => token,
  'percent-encoded': (token) => token.replaceAll('.', '%2E'),
  'in part': (token) => token.slice(0, 20),
})) {
  test(`doctor: a token that the FHIR server repeats ${how} is not shown`, async (t) => {
    const server = await openPlainServer(t);
    const token = 'opaque.Kq7zP2mN9xW4.vB8sL3tR6yU1.an-access-token';
    server.on('POST /token', tokenResponse({ access_token: token, scope: 'system/Patient.rs' }));
    for (const refusal of [
      json(401, { issue: [{ diagnostics: `bad: ${echo(token)}` }] }),
      json(403, {}, { 'www-authenticate': `Bearer error_description="${echo(token)}"` }),
    ]) {
      server.on('GET /fhir/Patient', refusal);
      for (const more of [[], ['--json']]) {
        const { code, stdout } = await smartM2m(argumentsFor('doctor', server, more), SECRET);
        t.is(code, 1, stdout);
        t.false(stdout.includes('Kq7zP2mN9xW4'), stdout);
        t.regex(stdout.replaceAll(/\s+/g, ' '), /not shown: it repeats the token/);
      }
    }
  });
}

function argumentsFor(command, server, more = []) {
  return [command, server.fhirBaseUrl, '--client-id', 'c', '--scope', 'system/Patient.rs', ...more];
}
