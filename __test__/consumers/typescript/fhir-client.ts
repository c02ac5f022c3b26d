import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import {
  type AnyResource,
  type Bundle,
  type BundleEntry,
  type ClientRequest,
  type ClientResponse,
  type FhirClient,
  FhirClientError,
  type FhirClientErrorCode,
  FhirClientFactory,
  type FhirClientInterceptor,
  TransactionBuilder,
} from '@org/smart-m2m/fhir-client';
import { expectType } from './expect-type.js';

/** As `@types/fhir` has them: without an index signature. */
interface Patient {
  resourceType: 'Patient';
  id?: string;
  meta?: { versionId?: string };
  active?: boolean;
}
const patient: Patient = { resourceType: 'Patient', active: true };

const client = FhirClientFactory.newClient('https://fhir.example.org/r4', {
  timeoutMs: 10_000,
  maxResponseBytes: 2 ** 20,
  signal: new AbortController().signal,
});
expectType<FhirClient>()(client);
expectType<string>()(client.serverBase);

// ── interceptors ──

const hooks: FhirClientInterceptor = {
  CLIENT_REQUEST(request) {
    expectType<ClientRequest>()(request);
    request.addHeader('x-request-id', request.method);
    // @ts-expect-error where a request goes is decided
    request.url = 'https://elsewhere.example.org/';
  },
  async CLIENT_RESPONSE(request, response) {
    expectType<ClientResponse>()(response);
    expectType<string | null>()(request.body);
    expectType<number>()(response.getStatus());
  },
  CLIENT_AUTH_PRE_TOKEN_REQUEST: ({ scope }) => ({ accessToken: `token for ${scope}`, expiresIn: 60 }),
};
const interceptor = ClientAuthInterceptorFactory.create({ clientId: 'client', scope: null });
expectType<FhirClient>()(client.registerInterceptor(interceptor).registerInterceptor(hooks));
expectType<boolean>()(client.unregisterInterceptor(hooks));
// @ts-expect-error an unknown pointcut
client.registerInterceptor({ CLIENT_ANSWER() {} });

// ── interactions ──

export async function interactions(signal: AbortSignal): Promise<void> {
  expectType<Patient>()(await client.create(patient, { ifNoneExist: 'identifier=urn:mrn|1', signal }));
  expectType<Patient>()(await client.update(patient, { versionId: '1', timeoutMs: 1000 }));
  expectType<Patient | null>()(await client.read<Patient>('Patient/1', { headers: { 'x-a': 'b' } }));
  const anyResource = await client.read('Patient/1');
  expectType<AnyResource | null>()(anyResource);
  const family: string = anyResource?.name[0].family;
  expectType<Patient | null>()(await client.patch<Patient>('Patient/1', [{ op: 'remove', path: '/active' }]));
  expectType<boolean>()(await client.delete(patient));
  expectType<boolean>()(await client.delete('Patient/1', { versionId: '1' }));
  expectType<AnyResource | null>()(await client.operation('$x', { resourceType: 'Parameters' }));
  void family;

  // @ts-expect-error null has to be thought of
  (await client.read('Patient/1')).id;
  // @ts-expect-error a resource has a type
  await client.create({ active: true });
  // @ts-expect-error one address
  await client.read('Patient', '1');
}

// ── searches ──

export async function searches(): Promise<void> {
  const search = client
    .search()
    .forResource('Patient')
    .where('birthdate', ['ge1990-01-01', 'lt1980-01-01'])
    .and('active', true)
    .whereString('name', 'Smith, Jr')
    .whereToken('identifier', 'urn:mrn', '1')
    .whereToken('gender', 'female')
    .whereReference('general-practitioner', { resourceType: 'Practitioner', id: '2' })
    .count(10)
    .sort('name', '-birthdate');
  expectType<Patient[]>()(await search.asList<Patient>({ max: 10 }));
  expectType<Bundle>()(await search.execute());
  for await (const resource of search) expectType<AnyResource>()(resource);
  for await (const page of search.pages()) expectType<Bundle | null>()(await client.nextPage(page));
  for await (const entry of search.entries()) expectType<BundleEntry>()(entry);
  // @ts-expect-error an identifier that may be missing
  search.where('identifier', undefined);
  // @ts-expect-error what has no text
  search.whereToken('identifier', 'urn:mrn', null);
}

// ── transactions ──

export async function transactions(bundle: Bundle): Promise<void> {
  const builder = TransactionBuilder.newTransactionBuilder()
    .create(patient)
    .update(patient)
    .delete('Patient/1')
    .updateConditional(patient)
    .onToken('identifier', 'urn:mrn', '1');
  expectType<TransactionBuilder>()(builder);
  expectType<Bundle>()(await client.transaction(builder));
  expectType<Bundle>()(await client.transaction(bundle, { timeoutMs: 60_000 }));
  expectType<Bundle>()(await client.transaction().create(patient).execute());
  // @ts-expect-error builders come from newTransactionBuilder or a client
  new TransactionBuilder();
}

// ── errors ──

export function describe(thrown: unknown): string {
  if (!(thrown instanceof FhirClientError)) return 'not of the FHIR server';
  expectType<FhirClientErrorCode>()(thrown.code);
  expectType<boolean>()(thrown.transient);
  const status: number | undefined = thrown.status;
  // @ts-expect-error no such code
  if (thrown.code === 'ERR_FHIR_UNKNOWN') return 'never';
  return `${thrown.method} ${thrown.url} ${status} ${thrown.operationOutcome?.issue[0].code}`;
}
