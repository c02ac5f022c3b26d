import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { startAuthorizationServer } from '../../examples/embedded/authorization-server.mjs';
import { startNginx } from './nginx.mjs';

// A process of its own: oidc-provider behind nginx, which ends TLS and sends the `Date`. Its settings are the first
// line of its input, its issuer the first of its output, and it ends with its input: it outlives nobody.

const input = createInterface({ input: process.stdin });
const end = once(input, 'close');
const [line] = await once(input, 'line');
const { tls, clients } = JSON.parse(line);

let nginx;
const server = await startAuthorizationServer({
  clients,
  async front(upstream) {
    nginx = await startNginx({ tls, upstream, tellsScheme: true });
    return nginx.origin;
  },
});
console.log(JSON.stringify({ issuer: server.issuer }));
await end;
await nginx.close();
await server.close();
