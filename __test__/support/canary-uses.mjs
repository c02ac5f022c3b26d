import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  BasicNameValuePair,
  ClientAuthInterceptorFactory,
  ClientAuthParams,
  Keystores,
} from '@org/smart-m2m';
import { FhirClientFactory } from '@org/smart-m2m/fhir-client';

/**
 * Everything that takes a credential, well and badly.
 *
 * @param {string} folder with `canaries.json`, `places.json` and the keys
 * @param {(value: unknown) => unknown} keep what somebody could print
 */
export async function useEverything(folder, keep) {
  const canaries = JSON.parse(readFileSync(join(folder, 'canaries.json'), 'utf8'));
  const places = JSON.parse(readFileSync(join(folder, 'places.json'), 'utf8'));
  const file = (name) => join(folder, name);
  const jwks = readFileSync(file('key.jwks'), 'utf8');
  const pem = readFileSync(file('key.pem'), 'utf8');
  const { origin, plainOrigin, otherOrigin, proxy, caPem } = places;

  /** What it brings, or how it fails. */
  const tried = async (attempt) => {
    try {
      keep(await attempt());
    } catch (error) {
      keep(error);
    }
  };
  const base = {
    clientId: 'canary-client',
    scope: 'system/*.read',
    fhirBaseUrl: `${origin}/fhir`,
    tokenEndpoint: `${origin}/token`,
    additionalParameters: { officekey: canaries.parameter },
    retry: { attempts: 1 },
    http: { ca: caPem, proxy: null },
  };
  const create = (changes) => {
    const http = { ...base.http, ...changes.http };
    return keep(ClientAuthInterceptorFactory.create({ ...base, ...changes, http }));
  };
  /** Its header and token are for whoever asks; here nobody prints them. */
  const use = (changes) =>
    tried(async () => {
      const interceptor = create(changes);
      const header = await interceptor.getAuthorizationHeader();
      keep(await interceptor.getAccessToken());
      interceptor.invalidate(header);
      keep(await interceptor.diagnose());
      keep(interceptor.stats());
      interceptor.close();
      await interceptor.getAuthorizationHeader();
    });

  keep(Keystores.register('canary-jwks', { jwks: JSON.parse(jwks) }));
  keep(Keystores.register('canary-text', { jwks }));
  keep(Keystores.register('canary-data', { data: pem, passphrase: canaries.passphrase }));
  keep(Keystores.register('canary-path', { path: file('key.pem'), passphrase: canaries.passphrase }));
  const { clientSecret } = canaries;
  const flows = {
    basic: { clientSecret },
    raw: { clientSecret, basicEncoding: 'raw', server: undefined },
    post: { clientSecret, clientAuthMethod: 'client_secret_post' },
    hmac: { clientSecret, clientAuthMethod: 'client_secret_jwt' },
    jwks: { keystore: 'canary-jwks' },
    text: { keystore: 'canary-text' },
    data: { keystore: 'canary-data' },
    path: { keystore: 'canary-path' },
  };
  for (const flow of Object.values(flows)) await use(flow);
  for (const path of places.echoes) {
    for (const name of ['basic', 'post', 'hmac', 'jwks']) {
      await use({ ...flows[name], tokenEndpoint: `${origin}${path}`, clientId: `canary-${path}` });
    }
  }
  for (const changes of [
    { tokenEndpoint: `${otherOrigin}/token` },
    { tokenEndpoint: 'https://localhost:1/token' },
    { tokenEndpoint: undefined, fhirBaseUrl: `${origin}/nowhere` },
    { tokenEndpoint: undefined, fhirBaseUrl: `${origin}/page` },
    { tokenEndpoint: undefined, issuer: `${origin}/issuer`, fhirBaseUrl: undefined },
    { http: { proxy } },
    { http: { proxy: `http://user:${encodeURIComponent(canaries.proxyPassword)}@127.0.0.1:1` } },
    { http: { proxy: `htp//user:${encodeURIComponent(canaries.proxyPassword)}@proxy` } },
    { http: { clientCertificate: { pem, passphrase: canaries.passphrase } } },
    { http: { clientCertificate: { pem, passphrase: clientSecret } } },
    { http: { ca: jwks } },
    { clientSecret: [clientSecret] },
    { clientSecret: undefined, keystore: clientSecret },
    { clientSecret: undefined, keystore: pem },
    { [clientSecret]: 1 },
    { additionalParameters: { client_secret: canaries.parameter } },
    { additionalParameters: [new BasicNameValuePair('officekey', canaries.parameter)] },
    { additionalParameters: [[canaries.parameter]] },
    { scope: clientSecret },
    { audience: clientSecret },
    { tokenEndpoint: `https://user:${encodeURIComponent(clientSecret)}@localhost/token` },
  ]) {
    await use({ clientSecret, ...changes });
  }
  for (const source of [
    { jwks: jwks.slice(0, -20) },
    { jwks: { keys: [{ ...JSON.parse(jwks).keys[0], d: 7 }] } },
    { data: pem },
    { data: pem, passphrase: `${canaries.passphrase} ` },
    { data: pem.slice(0, -200), passphrase: canaries.passphrase },
    { path: file('key.pem'), passphrase: clientSecret },
    { path: pem },
    { passphrase: canaries.passphrase },
    { sign: () => canaries.passphrase, publicJwk: JSON.parse(jwks).keys[0] },
  ]) {
    await tried(() => Keystores.register('canary-refused', source));
  }
  await tried(() => Keystores.load(`[{"id":"${canaries.passphrase}","jwks":${JSON.stringify(jwks)}`));
  for (const name of ['canary-jwks', 'canary-path', clientSecret]) {
    await tried(() => Keystores.publicJwks(name));
    await tried(() => Keystores.jwksHandler(name));
  }
  keep(Keystores.list());

  keep(
    ClientAuthParams.from({ clientId: 'c', clientSecret, additionalParameters: { a: canaries.parameter } }),
  );
  await tried(() => ClientAuthParams.from({ clientId: 'c', [canaries.parameter]: clientSecret }));
  keep(new BasicNameValuePair('officekey', canaries.parameter));

  for (const supplied of [
    canaries.hookToken,
    { accessToken: canaries.hookToken, expiresIn: 60 },
    `${canaries.hookToken} and a space`,
    { accessToken: [canaries.hookToken] },
    { access_token: canaries.hookToken },
  ]) {
    await tried(async () => {
      const interceptor = create({ clientSecret, clientId: 'canary-hook' });
      interceptor.registerInterceptor({ CLIENT_AUTH_PRE_TOKEN_REQUEST: () => supplied });
      await interceptor.getAuthorizationHeader();
      keep(await interceptor.getAccessToken());
    });
  }

  const client = FhirClientFactory.newClient(`${plainOrigin}/fhir`);
  client.registerInterceptor(create({ clientSecret, fhirBaseUrl: `${plainOrigin}/fhir` }));
  keep(client);
  for (const call of [
    () => client.read('Patient/1'),
    () => client.read('Patient/echo-header'),
    () => client.read('Patient/echo-outcome'),
    () => client.read('Patient/echo-page'),
  ]) {
    await tried(async () => void (await call()));
  }
  const interceptor = create({ clientSecret, fhirBaseUrl: `${plainOrigin}/fhir` });
  await tried(async () => {
    const response = await interceptor.fetch(`${plainOrigin}/fhir/Patient/echo-header`);
    await response.text();
    keep({ status: response.status });
  });
  await tried(() => interceptor.fetch(`${otherOrigin}/fhir/Patient/1`));
  await tried(() => interceptor.fetch('http://127.0.0.1:1/fhir/Patient/1'));
}
