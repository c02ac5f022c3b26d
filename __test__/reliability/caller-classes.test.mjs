import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { FhirClientFactory } from '@org/smart-m2m/fhir-client';
import { startSmartServer } from '@org/smart-m2m/testing';
import test from 'ava';
import { startPlainServer } from '../support/plain-server.mjs';
import { ROWS } from './caller-classes.rows.mjs';

/** One instance of each class; the token, the secrets and the keys have the marker in them. */
let parts;
let kit;

test.before(async () => {
  const server = await startPlainServer({ accessToken: (number) => `secret-marker-${number}` });
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    clientSecret: 'secret-marker',
  });
  const token = await interceptor.getAccessToken();
  const client = FhirClientFactory.newClient(server.fhirBaseUrl).registerInterceptor(interceptor);
  kit = await startSmartServer({ tls: false });
  const registered = kit.registerClient({ clientSecret: 'secret-marker' });
  parts = { server, interceptor, token, client, registered };
});

test.after.always(async () => {
  await kit?.close();
  await parts?.server.close();
});

for (const row of ROWS) {
  test(`${row.name}: ${row.outcome}`, async (t) => {
    await row.run(t, parts);
    t.regex(await parts.interceptor.getAuthorizationHeader(), /^Bearer secret-marker-\d+$/);
    t.is(parts.token.accessToken, 'secret-marker-1');
    t.is(parts.registered.clientSecret, 'secret-marker');
  });
}
