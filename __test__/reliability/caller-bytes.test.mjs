import { randomUUID } from 'node:crypto';
import { ClientAuthError, Keystores } from '@org/smart-m2m';
import test from 'ava';
import { ROWS } from './caller-bytes.rows.mjs';

const { keys } = Keystores.generate({ algorithm: 'ES384' });
const JWKS = Buffer.from(JSON.stringify({ keys }));

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    const name = `keystore-${randomUUID()}`;
    if (row.source === undefined) await assertServed(t, name, row);
    else assertRegistered(t, name, row);
  });
}

function assertRegistered(t, name, { source, outcome, says, orCode }) {
  let error;
  try {
    t.is(Keystores.register(name, source(JWKS)).format, 'jwks');
  } catch (thrown) {
    error = thrown;
    t.true(error instanceof ClientAuthError, String(error));
  }
  if (orCode === undefined) t.is(error?.code, says && outcome.split(':', 1)[0]);
  else if (error !== undefined) t.is(error.code, orCode);
  if (says !== undefined) t.regex(error.message, says);
  if (error !== undefined) t.false(error.message.includes(keys[0].d));
  t.is(Keystores.register(name, { data: JWKS }).format, 'jwks', 'the same name is free');
}

async function assertServed(t, name, row) {
  Keystores.register(name, { jwks: { keys } });
  const serve = Keystores.jwksHandler(name);
  const told = [];
  const response = {
    headersSent: false,
    writeHead: (status) => told.push(status),
    end: () => told.push('ended'),
    ...row.response,
  };
  const passed = [];
  const next = (error) => {
    passed.push(error);
    if (row.nextThrows) throw new SyntaxError('of next');
  };
  const takesNext = row.hasNext || row.nextThrows;
  const [{ reason }] = await Promise.allSettled([serve(row.request, response, takesNext ? next : undefined)]);
  if (row.status !== undefined) {
    t.is(reason, undefined);
    t.deepEqual(told, row.status === 'ended' ? ['ended'] : [row.status, 'ended']);
  } else {
    t.true((row.hasNext ? passed[0] : reason) instanceof row.rejects, String(reason));
    if (row.hasNext) t.is(reason, undefined);
  }
  const { status } = await serve(new Request('http://localhost/jwks'));
  t.is(status, 200);
}
