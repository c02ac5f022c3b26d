import { inspect } from 'node:util';
import { ClientAuthError, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { runNode } from '../support/child.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { ROWS } from './caller-hooks.rows.mjs';

const MARKER = /marker/;

let server;

test.before(async () => {
  server = await startPlainServer();
});

test.after.always(() => server?.close());

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const { options } = server;
    if (row.script !== undefined) {
      const args = [JSON.stringify(options)];
      const ended = await runNode(row.script, { evaluate: true, args, timeoutMs: 90_000 });
      t.deepEqual(ended, { code: 0, signal: null, stdout: row.told, stderr: '' });
      return;
    }
    const clientId = `client of ${row.name}`;
    const http = { ...options.http, timeoutMs: row.timeoutMs ?? 30_000 };
    const interceptor = ClientAuthInterceptorFactory.create({ ...options, clientId, http });
    const hooks = row.hooks?.() ?? {
      CLIENT_AUTH_PRE_TOKEN_REQUEST(context) {
        return row.hook.call(this, context, interceptor, server);
      },
    };
    interceptor.registerInterceptor(hooks);
    if (row.later) await new Promise((resolve) => setTimeout(resolve, 20));
    const [{ value, reason }] = await Promise.allSettled([interceptor.getAuthorizationHeader()]);
    if (row.header !== undefined) {
      if (typeof row.header === 'string') t.is(value, row.header);
      else t.regex(value, row.header);
    } else if (row.orHeader === undefined || value === undefined) {
      assertRefused(t, reason, row);
    } else {
      t.is(value, row.orHeader);
      const { expiresAt } = interceptor.stats();
      t.true(expiresAt === null || expiresAt.getTime() <= Date.now() + 24 * 3_600_000, inspect(expiresAt));
    }
    if (row.isClosed) {
      await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_CLOSED' });
      return;
    }
    interceptor.unregisterInterceptor(hooks);
    if (row.leavesOthers) {
      await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_PRE_TOKEN_HOOK' });
      return;
    }
    interceptor.invalidate();
    // What is too short for the server on a busy machine was meant for the hook.
    const patient = row.timeoutMs === undefined ? interceptor : ClientAuthInterceptorFactory.create(options);
    t.regex(await patient.getAuthorizationHeader(), /^Bearer token-\d+$/);
  });
}

/** Nothing of what was returned is told; what was thrown is the cause, and in no other place. */
function assertRefused(t, error, row) {
  t.true(error instanceof ClientAuthError);
  t.is(error.code, row.code);
  t.notRegex(error.message, MARKER);
  if ('cause' in row) t.is(error.cause, row.cause);
  else if (!Object.hasOwn(error, 'cause')) t.notRegex(inspect(error), MARKER);
  t.true(error.message.length < 1000);
}
