import { once } from 'node:events';
import { createServer } from 'node:https';

// The token endpoint, which `startTokenEndpoint` runs in a process of its own. Any client that authenticates
// gets a token: numbered from 1, in the form of a JWT, because some clients read the end from it.

// Also when the benchmark was killed.
process.once('disconnect', () => process.exit());
const [{ lifetimeSeconds, delayMs, tokenLength, cert, key }] = await once(process, 'message');
const HEADER = base64url({ alg: 'none', typ: 'at+jwt' });

let issued = 0;

const server = createServer({ cert, key }, (request, response) => {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk) => {
    body += chunk;
  });
  request.on('end', () => {
    const clientId = authenticatedClient(request.headers.authorization, new URLSearchParams(body));
    if (clientId === null) return send(response, 401, { error: 'invalid_client' });
    issued += 1;
    const answer = {
      access_token: token(issued, clientId),
      token_type: 'Bearer',
      expires_in: lifetimeSeconds,
    };
    if (delayMs === 0) send(response, 200, answer);
    else setTimeout(send, delayMs, response, 200, answer);
  });
});
// Connections are the clients' to keep: none may meet one that is closed under its request.
server.keepAliveTimeout = 600_000;

process.on('message', () => process.send({ issued }));
server.listen(0, '127.0.0.1', 4096, () => {
  process.send({ url: `https://127.0.0.1:${server.address().port}/token` });
});

/** Whom the credentials name; what they prove is nothing that is measured here. */
function authenticatedClient(authorization, form) {
  if (authorization?.startsWith('Basic ')) {
    return Buffer.from(authorization.slice(6), 'base64').toString().split(':')[0];
  }
  const assertion = form.get('client_assertion');
  if (assertion !== null) return JSON.parse(Buffer.from(assertion.split('.')[1], 'base64url')).sub;
  return form.has('client_secret') ? form.get('client_id') : null;
}

/** `end`: from then on it is refused. Its life begins as the request arrives, which is rounded up. */
function token(number, clientId) {
  const end = Date.now() + 1 + lifetimeSeconds * 1_000;
  const payload = base64url({ number, end, exp: Math.floor(end / 1_000), client_id: clientId });
  return `${HEADER}.${payload}.`.padEnd(tokenLength, 'x');
}

function base64url(value) {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function send(response, status, answer) {
  const text = JSON.stringify(answer);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
