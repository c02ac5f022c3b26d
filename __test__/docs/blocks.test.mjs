import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ClientAuthParams } from '../../index.mjs';
import { packageBin } from '../../scripts/package-bin.mjs';
import { PACKAGE_ROOT, runNode } from '../support/child.mjs';
import { collectBlocks, titleOf } from '../support/docs/blocks.mjs';
import { startDocumentedWorld } from '../support/docs/documented-world.mjs';
import { collectExamples } from '../support/docs/examples.mjs';
import {
  CLIENT_SECRET,
  makeReaderProject,
  makeReadersKeys,
  packageJson,
} from '../support/docs/reader-project.mjs';
import { endInBackground, runShell, startInBackground } from '../support/docs/shell.mjs';
import { canRun, commandsOf, problemOf } from '../support/docs/shell-blocks.mjs';
import { SITES } from '../support/docs/vendor-sites.mjs';

// Every block of the README and of docs/, and every example of a declaration, as a reader would run it: in a project that has the package installed, with
// the servers that the text names. The blocks of a page run in its order, in one project.

const FINISHED = 'the example has run to its end';

const examples = await collectExamples();
const { blocks: ofPages, elsewhere } = await collectBlocks();
const blocks = [...ofPages, ...examples];
const { scripts } = await packageJson();
const pages = [...new Set(blocks.filter(({ language }) => language !== 'ts').map(({ source }) => source))];

let world;
let keys;

test.before(async () => {
  keys = await makeReadersKeys();
  world = await startDocumentedWorld({ keys, clientSecret: CLIENT_SECRET });
});

test.after.always(() => world?.close());

for (const source of pages) {
  test.serial(`the blocks of ${source} run as they stand`, async (t) => {
    const project = await makeReaderProject(keys);
    t.teardown(project.remove);
    const env = { ...project.env, ...(await world.environment(project.folder)) };
    const page = { t, project, env, background: [], printed: '' };
    t.teardown(() => Promise.all(page.background.map(endInBackground)));
    for (const block of blocks.filter((candidate) => candidate.source === source)) {
      if (block.isOutput) printedAs(block, page);
      else await RUNNERS[block.language]?.(block, page);
    }
  });
}

const RUNNERS = {
  json(block, { t }) {
    const value = JSON.parse(block.code);
    if (value.clientId !== undefined) t.notThrows(() => ClientAuthParams.from(value), titleOf(block));
  },

  async js(block, { t, project, env }) {
    const code = project.located(block.code);
    if (block.file !== null) {
      await writeFile(join(project.folder, block.file), code);
      // Run by what the page has later; else here.
      if (blocks.some((other) => isUsedBy(block, other))) return;
    }
    const { path, text } = scriptOf(code);
    const script = join(project.folder, path);
    await writeFile(script, text);
    const result = await runNode(script, { cwd: project.folder, env });
    const said = `${titleOf(block)}\n${result.stdout}${result.stderr}`;
    t.is(result.code, 0, said);
    t.true(result.stdout.includes(FINISHED), said);
    // An example that shows a status shows a success.
    if (/console\.log\([^)\n]*response\.status/.test(code)) t.regex(result.stdout, /\b20[0-2]\b/, said);
  },

  async sh(block, page) {
    const { t, project, env, background } = page;
    const commands = commandsOf(block.code);
    for (const command of commands) {
      t.is(
        problemOf(command, { scripts, isInstalled: (name) => isInstalled(project, name) }),
        null,
        titleOf(block),
      );
      t.true(canRun(command), `${titleOf(block)}: ${command[0]} is not run here`);
    }
    // npm's own work is not done again, and this shell is that of POSIX systems.
    if (commands.every(([name]) => name === 'npm') || process.platform === 'win32') return;
    if (block.isInBackground) {
      background.push(await startInBackground(project.located(block.code), { cwd: project.folder, env }));
      return;
    }
    const result = await runShell(project.located(block.code), { cwd: project.folder, env });
    t.is(result.code, 0, `${titleOf(block)}\n${result.stdout}${result.stderr}`);
    page.printed = project.general(result.stdout);
  },
};

function printedAs(block, { t, printed }) {
  if (process.platform === 'win32') return; // where no shell has printed anything
  const oneLine = (text) => text.replaceAll(/\s+/g, ' ').trim();
  const parts = oneLine(block.code).split(/ ?… ?/);
  const pattern = parts.map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('[\\s\\S]*?');
  t.regex(oneLine(printed), new RegExp(`^${pattern}$`), titleOf(block));
}

test('the TypeScript blocks are sound', async (t) => {
  const project = await makeReaderProject(keys);
  t.teardown(project.remove);
  const folder = join(project.folder, 'ts');
  await mkdir(folder);
  const typescript = blocks.filter(({ language }) => language === 'ts');
  t.true(typescript.length > 0);
  await Promise.all(
    typescript.map(({ code }, index) =>
      writeFile(join(folder, `block-${index}.mts`), `${code}\nexport {};\n`),
    ),
  );
  const compilerOptions = {
    target: 'es2023',
    module: 'nodenext',
    strict: true,
    noEmit: true,
    types: ['node'],
    typeRoots: [join(PACKAGE_ROOT, 'node_modules', '@types')],
  };
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.mts'] }));
  const { code, stdout } = await runNode(packageBin(PACKAGE_ROOT, 'typescript', 'tsc'), {
    args: ['--project', folder],
    cwd: project.folder,
  });
  t.is(code, 0, stdout);
});

test('no page, and no declaration, is left out', (t) => {
  for (const source of elsewhere) t.log(`${source}: run by a test of its own`);
  t.log(`${ofPages.length} blocks and ${examples.length} examples run`);
  t.true(ofPages.length > 80 && examples.length > 12);
});

test.serial('the first example of the README asks for a token once, with its parameters', async (t) => {
  const { tokenRequests } = world.authorizationServer;
  const found = tokenRequests.filter(({ form }) => form.get('resource') === 'https://example.org/fhir');
  t.is(found.length, 1);
  const [{ form, status }] = found;
  t.is(status, 200);
  t.is(form.get('grant_type'), 'client_credentials');
  t.is(form.get('scope'), 'system/*.read');
  t.truthy(form.get('client_assertion'));
});

test.serial("each recipe's settings get a token by its vendor's rules", (t) => {
  for (const site of Object.keys(SITES)) {
    const outcomes = world.outcomes.get(site);
    t.true(outcomes.includes('token'), `${site}: ${outcomes.join(', ') || 'was not asked'}`);
  }
});

/** With `require` a block may await as if it stood in an async function, as examples do. */
function scriptOf(code) {
  const isModule = /^import\s/m.test(code) || !/\brequire\(/.test(code);
  // A server that an example starts goes on until it is ended.
  const listens = /\.listen\(/.test(code);
  const ended = `console.log(${JSON.stringify(FINISHED)});${listens ? '\nprocess.exit();' : ''}`;
  const text = code.replaceAll(/\.listen\(\d+\)/g, '.listen(0)');
  return isModule
    ? { path: 'example.mjs', text: `${text}\n${ended}\n` }
    : { path: 'example.cjs', text: `(async () => {\n${text}\n})().then(() => {\n${ended}\n});\n` };
}

/** By a command, or by another file, as a worker is. */
function isUsedBy({ source, file }, other) {
  return source === other.source && file !== other.file && other.code.includes(file);
}

function isInstalled({ folder }, name) {
  return existsSync(join(folder, 'node_modules', name));
}
