import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

// The requests of FHIR Bulk Data Access. `send` is a fetch.

const FHIR_JSON = 'application/fhir+json';
const LONGEST_WAIT_SECONDS = 300;
/** Of a status: in progress, too many requests, out of service for now. */
const ASK_AGAIN = [202, 429, 503];
const NEWLINE = 0x0a;

/** @returns {Promise<string>} where the export's status is */
export async function startExport(send, url) {
  // Not to be interrupted: who does not know where the status is cannot cancel the export.
  const signal = AbortSignal.timeout(60_000);
  const headers = { accept: FHIR_JSON, prefer: 'respond-async' };
  const response = await send(url, { headers, signal });
  const statusUrl = response.headers.get('content-location');
  if (response.status !== 202 || statusUrl === null) throw await refusal(response, 'the kick-off');
  await response.body?.cancel();
  return new URL(statusUrl, url).href;
}

/** @returns {Promise<object>} the manifest, once the export is complete */
export async function waitForExport(send, statusUrl, { signal, onWait }) {
  for (let asked = 1; ; asked += 1) {
    const response = await send(statusUrl, { headers: { accept: 'application/json' }, signal });
    if (response.status === 200) return response.json();
    if (!ASK_AGAIN.includes(response.status)) throw await refusal(response, 'the status request');
    await response.body?.cancel();
    // Without Retry-After: 1 s, 2 s, 4 s …
    const seconds = retryAfter(response) ?? 2 ** (asked - 1);
    const bounded = Math.min(Math.max(1, seconds), LONGEST_WAIT_SECONDS);
    onWait(bounded, response.headers.get('x-progress') ?? `HTTP ${response.status}`);
    await wait(bounded * 1000, undefined, { signal });
  }
}

/** @returns {Promise<number>} of resources; the file has its name only when it is whole */
export async function downloadFile(send, { url, type, count }, { path, signal }) {
  if (!/^[A-Za-z]+$/.test(type)) throw new Error('the manifest has a file of no resource type');
  const response = await send(url, { headers: { accept: 'application/fhir+ndjson' }, signal });
  if (!response.ok) throw await refusal(response, `the download of ${type}`);
  let lines = 0;
  let last = NEWLINE;
  const countLines = async function* (chunks) {
    for await (const chunk of chunks) {
      for (const byte of chunk) if (byte === NEWLINE) lines += 1;
      last = chunk.at(-1) ?? last;
      yield chunk;
    }
    if (last !== NEWLINE) lines += 1;
  };
  try {
    await pipeline(response.body, countLines, createWriteStream(`${path}.part`), { signal });
  } catch (cause) {
    throw new Error(`the download of ${type} has broken off: ${cause.message}`, { cause });
  }
  if (count !== undefined && count !== lines) {
    throw new Error(`the download of ${type} has ${lines} resources, and the manifest says ${count}`);
  }
  await rename(`${path}.part`, path);
  return lines;
}

/** Cancels an export that is in progress, and gives up the files of one that is complete. */
export async function deleteExport(send, statusUrl) {
  // Not the signal of the rest: this is for when that is aborted.
  const signal = AbortSignal.timeout(10_000);
  const response = await send(statusUrl, { method: 'DELETE', signal }).catch((error) => error);
  return response.status === undefined ? response.message : `HTTP ${response.status}`;
}

/** In seconds, or as a date (RFC 9110 §10.2.3). */
function retryAfter({ headers }) {
  const value = headers.get('retry-after') ?? '';
  if (/^\d+$/.test(value)) return Number(value);
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - Date.now()) / 1000));
}

async function refusal(response, what) {
  const outcome = await response.json().catch(() => null);
  const [{ details, diagnostics } = {}] = outcome?.issue ?? [];
  const said = details?.text ?? diagnostics;
  return new Error(`${what} was answered with HTTP ${response.status}${said ? `: ${said}` : ''}`);
}
