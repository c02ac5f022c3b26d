import { randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

// Plays one execution environment of Lambda: loads the handler once, then invokes it with each event that stdin has, a
// JSON text on a line, one after the other. What it returns is a line of stdout.

const TIMEOUT_MS = 30_000;

const { handler } = await import('./handler.mjs');
for await (const line of createInterface(process.stdin)) {
  const ends = Date.now() + TIMEOUT_MS;
  const context = { awsRequestId: randomUUID(), getRemainingTimeInMillis: () => ends - Date.now() };
  console.log(JSON.stringify(await handler(JSON.parse(line), context)));
}
