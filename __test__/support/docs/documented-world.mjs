import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startAuthorizationServer } from '../../../examples/embedded/authorization-server.mjs';
import { startFhirServer } from '../../../examples/embedded/fhir-server.mjs';
import { PACKAGE_ROOT } from '../child.mjs';
import { pkcs8Pem, privateKeyOf, publicJwks } from '../keys.mjs';
import { keyClient, secretClient } from '../smart-servers.mjs';
import { GOOGLE_HOST, serviceAccount, startGoogleTokenEndpoint } from './google-token-endpoint.mjs';
import { startKeyManagementService } from './key-management-service.mjs';
import { openNames } from './named-servers.mjs';
import { SITES, startVendorSites } from './vendor-sites.mjs';

/** FHIR bases of the general examples; all with one authorization server. */
const BASES = {
  'fhir.example.org': '/r4',
  'one.example.org': '/fhir',
  'two.example.org': '/fhir',
};
const AUTHORIZATION_SERVER = 'auth.example.org';
const PRELOAD = pathToFileURL(join(PACKAGE_ROOT, '__test__/support/docs/named-hosts.mjs')).href;

/**
 * The servers that the documentation names: oidc-provider with FHIR servers for the general examples, those of the
 * recipes, and those that other libraries go to.
 *
 * @param {object} options
 * @param {Awaited<ReturnType<typeof import('./reader-project.mjs').makeReadersKeys>>} options.keys
 * @param {string} options.clientSecret of the client `my-secret-client`
 */
export async function startDocumentedWorld({ keys: { jwks, inKms, certified }, clientSecret }) {
  const vendorHosts = Object.values(SITES).flatMap(({ fhir, tokenEndpoint }) => [
    fhir,
    new URL(tokenEndpoint).host,
  ]);
  const names = await openNames([
    ...Object.keys(BASES),
    AUTHORIZATION_SERVER,
    GOOGLE_HOST,
    ...new Set(vendorHosts),
  ]);
  const authorizationServer = await startAuthorizationServer({
    tls: names.tls,
    front(origin) {
      names.lead(AUTHORIZATION_SERVER, Number(new URL(origin).port));
      return `https://${AUTHORIZATION_SERVER}`;
    },
    clients: [
      keyClient('my-client-id', { keys: [...jwks.keys, ...inKms.keys] }),
      secretClient('my-secret-client', clientSecret),
    ],
  });
  names.closeLater(authorizationServer.close);
  const fhirServers = {};
  for (const [host, basePath] of Object.entries(BASES)) {
    const server = await startFhirServer({
      tls: names.tls,
      origin: `https://${host}`,
      basePath,
      authorizationServer,
    });
    names.closeLater(server.close);
    names.lead(host, server.port);
    fhirServers[host] = server;
  }
  const outcomes = await startVendorSites(names, {
    keys: [...publicJwks(jwks).keys, certified.publicJwk],
  });
  await startGoogleTokenEndpoint(names, pkcs8Pem(jwks));
  const keyManagementService = await startKeyManagementService(privateKeyOf(inKms));
  names.closeLater(keyManagementService.close);
  return {
    authorizationServer,
    fhirServers,
    /** What became of token requests to the vendors' servers. */
    outcomes,
    /**
     * The environment of a process that is to find all of them under their names.
     *
     * @param {string} folder for the certificate, and for what Google's library reads
     */
    async environment(folder) {
      await mkdir(folder, { recursive: true });
      const ca = join(folder, 'world-ca.pem');
      await writeFile(ca, names.caPem);
      const account = join(folder, 'service-account.json');
      await writeFile(account, serviceAccount(pkcs8Pem(jwks)));
      const proxies = { HTTPS_PROXY: names.proxyUrl, HTTP_PROXY: undefined, ALL_PROXY: undefined };
      const both = Object.entries({ ...proxies, NO_PROXY: 'localhost,127.0.0.1' }).flatMap(
        ([name, value]) => [
          [name, value],
          [name.toLowerCase(), value],
        ],
      );
      return {
        ...Object.fromEntries(both),
        NODE_EXTRA_CA_CERTS: ca,
        GOOGLE_APPLICATION_CREDENTIALS: account,
        ...keyManagementService.environment,
        NODE_OPTIONS: `--import=${PRELOAD}`,
        DOCUMENTED_PORTS: JSON.stringify(names.ports),
        NO_COLOR: '1',
      };
    },
    close: names.close,
  };
}
