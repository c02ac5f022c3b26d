import { createRequire } from 'node:module';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const { quickStart } = createRequire(import.meta.url)('./quick-start.cjs');

if (isMainThread) {
  await quickStart();
  const said = await new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url)).once('message', resolve).once('error', reject);
  });
  console.log(`${said} in a worker`);
} else {
  parentPort.postMessage(await quickStart());
}
