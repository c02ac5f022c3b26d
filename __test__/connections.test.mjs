import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { openLoopbackServer } from '../examples/embedded/loopback-server.mjs';
import { eventually } from './support/eventually.mjs';

test('a connection is kept for the next request, and ends when the last interceptor that used it is closed', async (t) => {
  const { server, origin, close } = await openLoopbackServer({ host: '127.0.0.1' });
  t.teardown(close);
  const sockets = new Set();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    request.resume();
    response.setHeader('content-type', 'application/json');
    response.end('{"access_token":"t","token_type":"Bearer","expires_in":300}');
  });
  const create = (clientId) =>
    ClientAuthInterceptorFactory.create({
      clientId,
      clientSecret: 'test-secret',
      scope: null,
      tokenEndpoint: `${origin}/token`,
      http: { proxy: null, userAgent: 'connections-test' },
    });
  const [first, second] = [create('first'), create('second')];
  await first.getAuthorizationHeader();
  await second.getAuthorizationHeader();
  t.is(sockets.size, 1);
  first.close();
  second.invalidate();
  await second.getAuthorizationHeader();
  t.is(sockets.size, 1);
  second.close();
  await eventually(() => sockets.size === 0);
  // Both are still there, and tell what they did.
  t.deepEqual(
    [first, second].map((interceptor) => interceptor.stats().tokenRequests),
    [1, 2],
  );
});
