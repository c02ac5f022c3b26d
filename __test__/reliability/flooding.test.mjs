import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { startPlainServer } from '../support/plain-server.mjs';
import { ROWS } from './flooding.rows.mjs';

// One thread reads for all clients of the process: none may have it for itself.

for (const { name, outcome, codes, start, piece, timeoutMs = 2000 } of ROWS) {
  test.serial(`${name}: ${outcome}`, async (t) => {
    const worker = new Worker(new URL('../support/flooding-worker.mjs', import.meta.url), {
      workerData: { start, piece },
    });
    t.teardown(() => worker.terminate());
    const [port] = await once(worker, 'message');
    const good = await startPlainServer();
    t.teardown(good.close);

    const flooded = ClientAuthInterceptorFactory.create({
      clientId: 'flooded',
      clientSecret: 'a-secret-of-the-flooded',
      scope: null,
      tokenEndpoint: `http://127.0.0.1:${port}/token`,
      http: { proxy: null, timeoutMs },
      retry: { attempts: 1 },
    });
    const other = ClientAuthInterceptorFactory.create(good.options);
    const failure = t.throwsAsync(flooded.getAuthorizationHeader());
    t.is(await other.getAuthorizationHeader(), 'Bearer token-1');
    const error = await failure;
    t.true(codes.includes(error.code), error.message);
    t.true(error.message.length < 500);
    t.notRegex(error.message, /a-secret/);
    flooded.close();
    other.close();
  });
}
