import { createPrivateKey } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { makeCanary, makeTokenCanary, needlesOf, searchFor, spellingsOf } from '../support/canaries.mjs';
import { runCommands, runHeld, runTold } from '../support/canary-runs.mjs';
import { startCanaryServers } from '../support/canary-servers.mjs';
import { ecJwks, pkcs8Pem, privateKeyOf, rsaJwks } from '../support/keys.mjs';
import { searchNativeMemory } from '../support/process-memory.mjs';
import { ROWS } from './canaries.rows.mjs';

const require = createRequire(import.meta.url);
const { libcOf } = require('../../lib/addon.js');

/** Only there does malloc keep its blocks where they are looked for. */
const isGlibc = process.platform === 'linux' && libcOf() === 'glibc';

const PLANTED = makeTokenCanary('planted');
const CANARIES = {
  clientSecret: makeCanary('secret'),
  parameter: makeCanary('parameter'),
  passphrase: makeCanary('passphrase'),
  proxyPassword: makeCanary('proxy'),
  accessToken: makeTokenCanary('access'),
  refreshToken: makeTokenCanary('refresh'),
  hookToken: makeTokenCanary('hook'),
};
const RSA = rsaJwks();
const EC = ecJwks();

/** What was found in a process's memory, by moment. */
const memory = {};
let folder;
/** @type {ReturnType<typeof searchFor>} */
let search;

test.before(async (t) => {
  t.timeout(280_000);
  folder = await mkdtemp(join(tmpdir(), 'smart-m2m-canaries-'));
  const servers = await startCanaryServers(CANARIES);
  const { clientSecret, passphrase, parameter } = CANARIES;
  try {
    const pem = privateKeyOf(EC).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase });
    const files = {
      'canaries.json': JSON.stringify(CANARIES),
      'places.json': JSON.stringify(servers.places),
      'planted.txt': PLANTED,
      'secret.txt': clientSecret,
      'passphrase.txt': passphrase,
      'options.json': JSON.stringify({ additionalParameters: { officekey: parameter } }),
      'ca.pem': servers.places.caPem,
      'key.jwks': JSON.stringify(RSA),
      'key.pem': pem,
    };
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
    const long = needlesOf({ ...CANARIES, ...keyCanaries(), 'a line of the PEM file': longLine(pem) });
    await runHeld(folder, (pid, moment) => {
      if (!isGlibc) return;
      const sent = needlesOf(sentCanaries(servers));
      memory[moment] = searchNativeMemory(pid, searchFor([...long, ...sent]));
    });
    await runTold(folder, PLANTED);
    await runCommands(folder, servers.places, PLANTED);
    search = searchFor([...long, ...needlesOf(sentCanaries(servers))]);
  } finally {
    await servers.close();
  }
});

test.after.always(async () => {
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

for (const { name, outcome, evidence, needs } of ROWS) {
  if (needs === 'glibc') {
    if (!isGlibc) continue;
    test(`${name}: ${outcome}`, (t) => {
      t.log(`${memory.released.mebibytes.toFixed(0)} MiB searched`);
      t.deepEqual(memory.released.found, []);
    });
  } else {
    test(`${name}: ${outcome}`, async (t) => {
      for (const file of evidence) t.deepEqual(search(await readFile(join(folder, file))), [], file);
    });
  }
  if (needs === undefined) {
    test(`what is planted is found in ${name}`, async (t) => {
      const files = evidence.map((file) => (file === 'after.heapsnapshot' ? 'planted.heapsnapshot' : file));
      const texts = await Promise.all(files.map((file) => readFile(join(folder, file))));
      const planted = searchFor(needlesOf({ planted: PLANTED }));
      for (const [index, text] of texts.entries()) t.not(planted(text).length, 0, files[index]);
    });
  }
}

if (isGlibc) {
  test('while they are in use, credentials are found in native memory', (t) => {
    for (const what of ['clientSecret', 'parameter', 'passphrase', 'accessToken', 'proxyPassword']) {
      t.true(
        memory.held.found.some((place) => place.startsWith(what)),
        `${what}: ${memory.held.found}`,
      );
    }
    t.true(memory.held.found.some((place) => place.startsWith('RSA')));
    t.true(memory.held.found.some((place) => place.startsWith('EC')));
  });
}

for (const spelling of Object.keys(spellingsOf('any'))) {
  test(`a canary is found in this spelling, whole and in part: ${spelling}`, (t) => {
    const canary = makeCanary('spelt');
    const searched = searchFor(needlesOf({ canary }));
    for (const form of spellingsOf(canary)[spelling]) {
      const bytes = Buffer.from(form);
      const half = bytes.subarray(0, Math.floor(bytes.length / 2));
      for (const part of [bytes, half]) {
        const text = Buffer.concat([Buffer.from('before it '), part, Buffer.from(' and behind')]);
        t.true(searched(text).length > 0, `${part}`);
      }
    }
    t.deepEqual(searched(Buffer.from('nothing of it')), []);
  });
}

/** Private numbers, as text and as octets. */
function keyCanaries() {
  const members = Object.entries({ RSA: ['d', 'p', 'q', 'dp', 'dq', 'qi'], EC: ['d'] }).flatMap(
    ([type, names]) =>
      names.flatMap((name) => {
        const text = (type === 'RSA' ? RSA : EC).keys[0][name];
        return [
          [`${type} ${name} as text`, text],
          [`${type} ${name}`, Buffer.from(text, 'base64url')],
        ];
      }),
  );
  return { ...Object.fromEntries(members), 'a line of PKCS#8': longLine(pkcs8Pem(EC)) };
}

/** A line with private numbers in it. @param {string} pem */
function longLine(pem) {
  createPrivateKey({ key: pem, passphrase: CANARIES.passphrase });
  return pem.split('\n')[2];
}

/** The signatures of assertions, and what HTTP Basic was. */
function sentCanaries(servers) {
  const { assertions, basics } = servers.sent();
  // Of the last ones: they are alike, and many.
  const signatures = assertions
    .slice(-6)
    .map((assertion, index) => [`assertion ${index}`, assertion.split('.')[2]]);
  return Object.fromEntries([
    ...signatures,
    ...basics.slice(-6).map((basic, index) => [`Basic ${index}`, basic]),
  ]);
}
