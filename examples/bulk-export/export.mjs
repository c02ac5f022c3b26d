import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { deleteExport, downloadFile, startExport, waitForExport } from './bulk-data.mjs';

// Exports what a server has (FHIR Bulk Data Access) into files of NDJSON. Ctrl-C cancels the export on the server too.

const { FHIR_BASE_URL: fhirBaseUrl, CLIENT_ID: clientId } = process.env;
const { EXPORT = '$export', OUTPUT_DIR: folder = 'export' } = process.env; // or Group/{id}/$export?_type=Patient

const interceptor = ClientAuthInterceptorFactory.create({
  clientId,
  keystore: 'my-keystore', // my-keystore.jwks in the folder SMART_M2M_KEYSTORE_DIR
  scope: 'system/*.rs',
  fhirBaseUrl,
  // Where a manifest says `requiresAccessToken`, its files' origins: allowedOrigins: ['https://files.example.org'],
});

const interruption = new AbortController();
const { signal } = interruption;
for (const name of ['SIGINT', 'SIGTERM'])
  process.once(name, () => interruption.abort(new Error('interrupted')));

let statusUrl;
try {
  await mkdir(folder, { recursive: true });
  statusUrl = await startExport(interceptor.fetch, `${fhirBaseUrl}/${EXPORT}`);
  const onWait = (seconds, progress) =>
    console.log(`in progress (${progress}), asking again in ${seconds} s`);
  const manifest = await waitForExport(interceptor.fetch, statusUrl, { signal, onWait });
  // Files at another origin, behind signed links, have to be asked for without the token.
  const send = manifest.requiresAccessToken ? interceptor.fetch : fetch;
  for (const [at, file] of [...manifest.output, ...(manifest.error ?? [])].entries()) {
    const path = join(folder, `${at + 1}.${file.type}.ndjson`);
    const count = await downloadFile(send, file, { path, signal });
    console.log(`${file.type}: ${count} resources in ${path}`);
  }
} catch (error) {
  console.error(signal.aborted ? signal.reason.message : error.message);
  process.exitCode = signal.aborted ? 130 : 1;
}
if (statusUrl && process.exitCode === 1) {
  console.error(`the server may have the export still, at ${statusUrl}`);
} else if (statusUrl) {
  // It would be kept for whoever comes back for it, which nobody will.
  console.log(`export deleted: ${await deleteExport(interceptor.fetch, statusUrl)}`);
}
