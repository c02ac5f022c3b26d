import { createServer } from 'node:http';

// The token endpoint, which `startTokenEndpoint` runs in a process of its own. Any client that authenticates
// gets a token for an hour, numbered from 1 and as long as the signed tokens that real servers issue.

const TOKEN_LENGTH = 1_000;

let issued = 0;

const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  const isAuthenticated =
    /^Basic /i.test(request.headers.authorization ?? '') ||
    (new URLSearchParams(body).get('client_assertion') ?? '') !== '';
  if (!isAuthenticated) return send(response, 401, { error: 'invalid_client' });
  issued += 1;
  send(response, 200, {
    access_token: `${issued}.`.padEnd(TOKEN_LENGTH, 'x'),
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'system/*.read',
  });
});

server.listen(0, '127.0.0.1', () => process.send(`http://127.0.0.1:${server.address().port}/token`));
// Also when the benchmark was killed.
process.once('disconnect', () => process.exit());

function send(response, status, body) {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}
