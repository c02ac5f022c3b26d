import { readFileSync } from 'node:fs';
import { done, failed, patientNames, remark, show, step, title } from './narration.mjs';
import { receiveTask } from './trust.mjs';

// Discovery, one token, one search, against the server that the command line names.

/** @type {import('./options.mjs').StartOptions} */
const options = await receiveTask();
let interceptor;
try {
  const { ClientAuthInterceptorFactory, ClientAuthParams, Keystores } = await import('@org/smart-m2m');

  const params = new ClientAuthParams(options.clientId)
    .withScope(options.scope)
    .withFhirBaseUrl(options.fhirBaseUrl);
  if (options.keystorePath) {
    Keystores.register('start', { path: options.keystorePath });
    params.withKeystore('start');
  } else {
    // An editor ends the file with a newline that is no part of the secret.
    params.withClientSecret(readFileSync(options.clientSecretPath, 'utf8').replace(/\r?\n$/, ''));
  }
  if (options.issuer) params.withIssuer(options.issuer);
  if (options.tokenEndpoint) params.withTokenEndpoint(options.tokenEndpoint);
  interceptor = ClientAuthInterceptorFactory.create(params);

  title('From discovery to an authorised FHIR request');
  show('FHIR server', options.fhirBaseUrl);
  show('client', options.clientId);

  step('Discovery');
  await showDiscovery();

  step('The token');
  const requested = new Date();
  const token = await interceptor.getAccessToken();
  show('type', token.tokenType);
  show('scope', token.grantedScopes.join(' ') || '(none named)');
  if (token.missingScopes.length > 0) show('not granted', token.missingScopes.join(' '));
  show('requested', requested.toISOString());
  show('expires', token.expiresAt.toISOString());
  show('left', `${((token.expiresAt.getTime() - Date.now()) / 1000).toFixed(1)} s`);

  step('An authorised search');
  const response = await interceptor.fetch(`${options.fhirBaseUrl.replace(/\/+$/, '')}/${options.search}`, {
    headers: { accept: 'application/fhir+json' },
  });
  show('GET', `${response.url} → HTTP ${response.status}`);
  const body = await response.json().catch(() => null);
  if (!response.ok) throw new Error(refusal(response, body));
  const entries = body?.entry?.length ?? 0;
  show('found', `${body?.resourceType ?? 'no JSON'}, ${entries} ${entries === 1 ? 'entry' : 'entries'}`);
  const names = body ? patientNames(body) : [];
  if (names.length > 0) show('patients', names.join(', '));

  done('Done: one token, one authorised search.');
} catch (error) {
  failed(error);
  if (error.code === 'ERR_TLS' && !options.caPem) remark('For a CA of your own: --ca <file>.');
  process.exitCode = 1;
} finally {
  interceptor?.close();
}

/** What the interceptor is about to find by itself, shown beforehand. */
async function showDiscovery() {
  if (options.tokenEndpoint) {
    show('skipped', `token endpoint given: ${options.tokenEndpoint}`);
    return;
  }
  if (options.issuer) {
    show('issuer', options.issuer);
    remark(
      'Its metadata is asked for by RFC 8414, then by OpenID Connect Discovery, and has to name this issuer.',
    );
    return;
  }
  const url = `${options.fhirBaseUrl.replace(/\/+$/, '')}/.well-known/smart-configuration`;
  show('asked', `GET ${url}`);
  const response = await fetch(url, { headers: { accept: 'application/json' } }).catch(() => null);
  const found = response?.ok ? await response.json().catch(() => null) : null;
  // When there is nothing to show, the interceptor's own error says it better than this could.
  if (found?.token_endpoint) show('found', `token endpoint ${found.token_endpoint}`);
}

function refusal(response, outcome) {
  const said = outcome?.issue?.[0]?.details?.text ?? outcome?.issue?.[0]?.diagnostics;
  return `the search was answered with HTTP ${response.status}${said ? `: ${said}` : ''}`;
}
