import { ClientAuthInterceptorFactory, Keystores } from '@org/smart-m2m';
import {
  type CheckName,
  type Endpoint,
  type Fault,
  type FhirResource,
  type JsonWebKeySet,
  type RegisteredClient,
  type RequestRecord,
  type ScriptedFault,
  type SmartServer,
  type SmartServerOptions,
  startSmartServer,
} from '@org/smart-m2m/testing';
import { expectType } from './expect-type.js';

export async function run(): Promise<void> {
  const options: SmartServerOptions = {
    tls: { hostnames: ['localhost'], expired: 'ca' },
    clients: [{ clientId: 'a', clientSecret: 'b', clientAuthMethod: ['client_secret_post'] }],
    audience: ['issuer', 'https://other.example.org'],
    typ: ['JWT', null],
    checks: { jti: false },
    metadata: { issuer: undefined },
    resources: [{ resourceType: 'Patient', id: '1', active: true }],
  };
  const server = await startSmartServer(options);
  expectType<SmartServer>()(server);
  expectType<string>()(server.fhirBaseUrl);
  expectType<string | null>()(server.ca);
  expectType<readonly RequestRecord[]>()(server.requestsTo('discovery'));
  expectType<FhirResource[]>()(server.resources);

  const client: RegisteredClient = server.registerClient({ algorithm: 'ES384', scope: 'system/*.rs' });
  expectType<JsonWebKeySet | null>()(client.jwks);
  expectType<JsonWebKeySet>()(client.rotateKeys({ keepOld: true }));
  if (client.jwks !== null) Keystores.register('kit', { jwks: client.jwks });
  // The options fit those of the client, exactOptionalPropertyTypes included.
  ClientAuthInterceptorFactory.create({
    ...server.clientOptions,
    clientId: client.clientId,
    keystore: 'kit',
    scope: null,
  });

  const fault: Fault = { status: 503, headers: { 'retry-after': '1' }, times: Number.POSITIVE_INFINITY };
  const scripted: ScriptedFault = server.fail('token', fault);
  expectType<number>()(scripted.remaining);
  server.fail('any', { members: { expires_in: '300', token_type: undefined } });

  const record = server.requests.at(-1);
  expectType<Endpoint | undefined>()(record?.endpoint);
  expectType<CheckName | null | undefined>()(record?.check);
  expectType<string | null | undefined>()(record?.explanation);
  expectType<number>()(server.revokeTokens({ clientId: 'a' }));
  expectType<string>()(server.issueToken({ scope: 'system/Patient.rs' }));

  server.configure({ clockOffsetSeconds: 600 });
  // @ts-expect-error: only while it starts
  server.configure({ clients: [] });
  // @ts-expect-error: there is no such endpoint
  server.fail('tokens', {});
  // @ts-expect-error: records do not change
  if (record) record.status = 200;
  server.reset();
  expectType<Promise<void>>()(server.close());
  expectType<Promise<void>>()(server[Symbol.asyncDispose]());
}
