import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { root } from './prepare.mjs';
import { run } from './run.mjs';

// Fuzzes the readers of keystores, two at a time, from the test keystores on: `npm run fuzz -- --seconds 600`.
// Needs a nightly toolchain and cargo-fuzz, which nothing else here does.

const FIXTURES = ['keystores', 'keystores-core', 'smart-app-launch'].map((name) =>
  join(root, '__test__/fixtures', name),
);
const AT_ONCE = 2;
/** What a target is given to start from. */
const SEEDS = {
  jwk: (bytes) => bytes.includes('"kty"'),
  pem: (bytes) => bytes.includes('-----BEGIN'),
  pkcs12: (bytes) => bytes[0] === 0x30,
  jks: (bytes) => [0xfe, 0xce].includes(bytes[0]) && bytes.length > 32,
};

const { values } = parseArgs({
  options: { seconds: { type: 'string', default: '600' }, target: { type: 'string', multiple: true } },
});
const waiting = values.target ?? Object.keys(SEEDS);
let failed = false;
await Promise.all(Array.from({ length: AT_ONCE }, fuzzInTurn));
if (failed) process.exitCode = 1;

async function fuzzInTurn() {
  for (let target = waiting.shift(); target !== undefined; target = waiting.shift()) {
    const corpus = await seeded(target);
    const args = ['+nightly', 'fuzz', 'run', target, corpus, '--'];
    const limits = [
      `-max_total_time=${values.seconds}`,
      '-timeout=10',
      '-rss_limit_mb=2048',
      '-max_len=16384',
    ];
    const { ok } = await run('cargo', [...args, ...limits, '-print_final_stats=1'], { cwd: root });
    if (!ok) failed = true;
  }
}

/** @param {string} target */
async function seeded(target) {
  const corpus = join(root, 'fuzz/corpus', target);
  await mkdir(corpus, { recursive: true });
  for (const folder of FIXTURES) {
    for (const name of await readdir(folder)) {
      const path = join(folder, name);
      if (SEEDS[target](await readFile(path))) await copyFile(path, join(corpus, name));
    }
  }
  return corpus;
}
