const { once } = require('node:events');
const { createServer } = require('node:http');

/**
 * An authorization server that answers every token request alike.
 *
 * @param {number} status
 * @param {object} body
 */
async function startTokenServer(status, body) {
  let requests = 0;
  const server = createServer((request, response) => {
    requests += 1;
    request.resume().on('end', () => {
      response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
      response.end(JSON.stringify(body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    tokenEndpoint: `http://127.0.0.1:${server.address().port}/token`,
    requests: () => requests,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

module.exports = { startTokenServer };
