import { channel, subscribe } from 'node:diagnostics_channel';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { serialize } from 'node:v8';
import { trace } from '@opentelemetry/api';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { startTelemetry } from '@org/smart-m2m/opentelemetry';
import { useEverything } from './canary-uses.mjs';

// Uses every credential, and writes down all that can be seen of it, a file for each place. What is planted goes
// everywhere on purpose: it has to be found.

const [folder] = process.argv.slice(2);
const planted = readFileSync(join(folder, 'planted.txt'), 'utf8');

const published = [];
for (const name of [
  'smart-m2m:warning',
  ...['start', 'end', 'asyncStart', 'asyncEnd', 'error'].map((part) => `tracing:smart-m2m:token:${part}`),
]) {
  subscribe(name, (message) => published.push(message));
}
const exporter = new InMemorySpanExporter();
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
trace.setGlobalTracerProvider(tracerProvider);
const telemetry = startTelemetry({ tracerProvider });
const warnings = [];
process.on('warning', (warning) => warnings.push(warning));

const values = [];
await useEverything(folder, (value) => {
  values.push(value);
  return value;
});
// Warnings and events come behind what they are about.
await sleep(100);

values.push(new Error('with a cause', { cause: new Error(planted) }), { planted });
channel('smart-m2m:warning').publish({ planted });
trace.getTracer('planted').startSpan(planted).end();
process.emitWarning(planted);
performance.mark(planted);
console.time(planted);
console.log(Buffer.from(planted).toString('hex'));
console.error(Buffer.from(`x${planted}`).toString('base64'));
await sleep(10);

const objects = values.filter((value) => typeof value === 'object' && value !== null);
write('errors', values.filter((value) => value instanceof Error).flatMap(linesOf));
write('inspected', [
  ...values.map((value) => inspect(value, { showHidden: true, depth: Infinity, getters: false })),
  ...values.map((value) => inspect(value, { showHidden: true, depth: Infinity, customInspect: false })),
  ...objects.map((value) =>
    inspect(value, { showHidden: true, depth: Infinity, getters: true, showProxy: true }),
  ),
  ...values.map(String),
]);
write('serialised', [
  ...values.map((value) => JSON.stringify(value) ?? ''),
  ...objects.map((value) => JSON.stringify(Object.fromEntries(Object.entries(value)))),
]);
write('cloned', values.map(cloneOf));
write('published', [inspect(published, { depth: Infinity, showHidden: true }), JSON.stringify(published)]);
write(
  'spans',
  exporter.getFinishedSpans().map((span) => inspect(span, { depth: 6 })),
);
write('warnings', warnings.flatMap(linesOf));
// The environment is part of it, and has what is planted.
write('report', [JSON.stringify(process.report.getReport())]);
write('performance', [inspect(performance.getEntries(), { depth: Infinity })]);
write('counts', [`${values.length} ${published.length} ${exporter.getFinishedSpans().length}`]);
telemetry.stop();

function write(place, texts) {
  writeFileSync(join(folder, `${place}.txt`), texts.join('\n'));
}

/** With what is not enumerable, and down to the first cause. */
function linesOf(error) {
  if (typeof error !== 'object' || error === null) return [String(error)];
  const own = Reflect.ownKeys(error).map(
    (key) => `${String(key)}: ${inspect(error[key], { depth: Infinity })}`,
  );
  const causes = error.cause === undefined ? [] : linesOf(error.cause);
  return [String(error), error.message ?? '', error.stack ?? '', ...own, ...causes];
}

function cloneOf(value) {
  try {
    return `${inspect(structuredClone(value), { depth: Infinity })} ${serialize(value).toString('latin1')}`;
  } catch (error) {
    // Private members and functions cannot be cloned.
    return `${error}`;
  }
}
