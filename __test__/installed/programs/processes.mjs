import { fork } from 'node:child_process';
import cluster from 'node:cluster';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const { quickStart } = createRequire(import.meta.url)('./quick-start.cjs');

if (cluster.isWorker || process.argv[2] === 'child') {
  process.send(await quickStart(), () => process.disconnect());
} else {
  await quickStart();
  const child = fork(fileURLToPath(import.meta.url), ['child']);
  console.log(`${await answerOf(child)} in a child process`);
  console.log(`${await answerOf(cluster.fork())} in a worker of a cluster`);
}

function answerOf(process) {
  return new Promise((resolve, reject) => {
    process.once('message', resolve).once('error', reject);
  });
}
