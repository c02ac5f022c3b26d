import { readdirSync, readFileSync } from 'node:fs';
import test from 'ava';

const folder = new URL('../../.github/workflows/', import.meta.url);
const { napi } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
const workflows = Object.fromEntries(
  readdirSync(folder).map((name) => [name, readFileSync(new URL(name, folder), 'utf8')]),
);
const release = workflows['release.yml'];

for (const [name, text] of Object.entries(workflows)) {
  test(`${name} names every action by its commit, with the version beside it`, (t) => {
    for (const [line, used] of text.matchAll(/^.*\buses: (.+)$/gm))
      t.regex(used, /^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, line);
  });

  test(`${name} gives no permission but to jobs that name it`, (t) => {
    t.regex(text, /^permissions: \{\}$/m);
    for (const job of jobsOf(text)) t.regex(job, /^ {4}permissions:$/m);
  });
}

test('each job of the release may read, one may publish and one may write the release', (t) => {
  const permissions = jobsOf(release).map((job) => [
    /^ {2}([\w-]+):/.exec(job)[1],
    [...job.matchAll(/^ {6}([\w-]+): (read|write)$/gm)].map(([, scope, right]) => `${scope}: ${right}`),
  ]);
  const others = permissions.filter(([, rights]) => rights.some((right) => right.endsWith('write')));
  t.deepEqual(others, [
    ['publish', ['contents: read', 'id-token: write']],
    ['github-release', ['contents: write']],
  ]);
});

test('what publishes waits for the tests, and runs for a tag alone', (t) => {
  const [publish, github] = jobsOf(release).slice(-2);
  t.regex(publish, /^ {4}needs: \[test, pack, install\]$/m);
  t.regex(github, /^ {4}needs: publish$/m);
  for (const job of [publish, github]) t.regex(job, /^ {4}if: github\.event_name == 'push'$/m);
  t.regex(release, /^ {2}push:\n {4}tags: \["v\*"\]$/m);
});

test('the release has no long-lived secret', (t) => {
  t.notRegex(release, /\bsecrets\./);
  t.notRegex(release, /NODE_AUTH_TOKEN|NPM_TOKEN/);
});

test('every platform is built and tested', (t) => {
  const platforms = readdirSync(new URL('../../npm/', import.meta.url)).sort();
  t.is(platforms.length, napi.targets.length);
  for (const job of jobsOf(release).filter((text) => /^ {2}(?:build|test):/.test(text))) {
    const built = [...job.matchAll(/^ {10}- \{ platform: ([\w-]+), os: .+ \}$/gm)].map(
      ([, platform]) => platform,
    );
    t.deepEqual(built.sort(), platforms);
  }
});

test('CI runs under every Node that is supported', (t) => {
  const contributing = readFileSync(new URL('../../CONTRIBUTING.md', import.meta.url), 'utf8');
  const supported = /^\| Node\.js +\| ([\d, ]+):/m.exec(contributing)[1];
  t.true(workflows['ci.yml'].includes(`node: [${supported}]`));
  t.true(release.includes(`node: [${supported}]`));
});

/** As text: they are written by hand, and a parser would be one more dependency. */
function jobsOf(text) {
  return text.slice(text.indexOf('\njobs:\n') + 7).split(/\n(?= {2}[\w-]+:\n)/);
}
