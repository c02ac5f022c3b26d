#!/usr/bin/env node
import { makeCertificates } from './embedded/certificates.mjs';
import { readOptions, USAGE, UsageError } from './start/options.mjs';
import { runTrusting } from './start/trust.mjs';

// What `npm start` runs: the main job, from discovery to an authorised request, told for a person.
// Without options against servers of its own, with them against a server of yours.

const OWN_SERVER = new URL('start/own-server.mjs', import.meta.url);
const EMBEDDED = new URL('start/embedded.mjs', import.meta.url);

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(USAGE);
  } else if (options.fhirBaseUrl) {
    process.exitCode = await runTrusting(OWN_SERVER, { caPem: options.caPem, task: options });
  } else {
    const { caPem, ...tls } = await makeCertificates();
    process.exitCode = await runTrusting(EMBEDDED, { caPem, task: { tls } });
  }
} catch (error) {
  console.error(error.message);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
