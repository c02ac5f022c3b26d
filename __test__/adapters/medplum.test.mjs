import { authorizedFetch } from '@org/smart-m2m/medplum';
import test from 'ava';
import { Agent, setGlobalDispatcher } from 'undici';
import { testAdapter } from '../support/adapter-contract.mjs';
import { acceptOnly, caPem, FIRST, SECOND, startServers } from '../support/adapter-servers.mjs';
import { nodeIsAtLeast } from '../support/node-version.mjs';
import { json, text } from '../support/recording-server.mjs';

// The client is given a fetch that sends by Node's own.
setGlobalDispatcher(new Agent({ connect: { ca: caPem } }));

const VERSIONS = { '@medplum/core 4': await import('@medplum/core') };
if (nodeIsAtLeast(22, 18)) VERSIONS['@medplum/core 5'] = await import('medplum-core-5');

for (const [library, { MedplumClient, OperationOutcomeError }] of Object.entries(VERSIONS)) {
  testAdapter(test, { library, connect: connectWith(MedplumClient) });

  test(`${library}: resources are created and searched for with the token`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    const medplum = create(MedplumClient, server, authorizedFetch(interceptor));
    server.on('POST /fhir/Patient', acceptOnly(SECOND));
    await medplum.createResource({ resourceType: 'Patient' });
    await medplum.searchResources('Patient', { _count: 3 });
    t.deepEqual(server.authorizations(), [FIRST, SECOND, SECOND]);
  });

  test(`${library}: a 401 that stands is reported as the client does it`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', json(401, {}));
    let reports = 0;
    const medplum = create(MedplumClient, server, authorizedFetch(interceptor), {
      onUnauthenticated: () => {
        reports += 1;
      },
    });
    const error = await t.throwsAsync(medplum.get('Patient'), { instanceOf: OperationOutcomeError });
    t.is(error.outcome.id, 'unauthorized');
    t.is(reports, 1);
    t.deepEqual(server.authorizations(), [FIRST, SECOND]);
  });

  test(`${library}: the client's own tries after a refusal of the token cost no further token requests`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('POST /token', json(401, { error: 'invalid_client' }));
    const medplum = create(MedplumClient, server, authorizedFetch(interceptor));
    await t.throwsAsync(medplum.get('Patient'), { code: 'ERR_TOKEN_REJECTED' });
    t.is(server.tokenRequests().length, 1);
  });

  test(`${library}: the client's own tries after a 5xx go with the token`, async (t) => {
    const { server, client } = await startServers(t, () => null);
    const { interceptor } = await client();
    server.on('GET /fhir/Patient', [text(503, 'down'), json(200, { resourceType: 'Bundle' })]);
    const medplum = create(MedplumClient, server, authorizedFetch(interceptor));
    t.is((await medplum.get('Patient')).resourceType, 'Bundle');
    t.deepEqual(server.authorizations(), [FIRST, FIRST]);
  });
}

function create(MedplumClient, server, fetch, settings = {}) {
  return new MedplumClient({
    baseUrl: `${server.fhirBaseUrl}/`,
    fhirUrlPath: '',
    fetch,
    cacheTime: 0,
    ...settings,
  });
}

function connectWith(MedplumClient) {
  return ({ interceptor, server, options }) => {
    const authorized = authorizedFetch(interceptor, options);
    const statuses = new Map();
    // The client does not tell the status of what it returns or throws.
    const medplum = create(MedplumClient, server, async (url, init) => {
      const response = await authorized(url, init);
      statuses.set(url, response.status);
      return response;
    });
    return async ({ url = server.patients, method = 'GET', body, stream, signal } = {}) => {
      const absolute = new URL(url, `${server.fhirBaseUrl}/`).href;
      const settings = {
        ...(signal === undefined ? {} : { signal }),
        ...(stream === undefined ? {} : { body: new Blob([stream]).stream(), duplex: 'half' }),
      };
      try {
        const answer = await (method === 'GET'
          ? medplum.get(url, settings)
          : medplum.post(url, body, 'application/fhir+json', settings));
        return { status: statuses.get(absolute), body: JSON.stringify(answer) };
      } catch (error) {
        if (error?.outcome === undefined) throw error;
        return { status: statuses.get(absolute), body: JSON.stringify(error.outcome) };
      }
    };
  };
}
