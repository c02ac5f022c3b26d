import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareAddon, prepareDependencies, prepareTools, root } from './prepare.mjs';
import { packTarballs } from './release/tarballs.mjs';
import { run } from './run.mjs';

// Writes the table of figures in the README from what is packed and measured now: `npm run figures`, with the release
// build in lib/ and a machine with little else to do.

const MARKERS = /(<!-- figures: [^\n]* -->\n)[\s\S]*?(<!-- end of figures -->)/;

/**
 * @param {string} markdown
 * @param {readonly [string, string][]} figures
 * @returns {string} the same, with these between the marks
 */
export function withFigures(markdown, figures) {
  if (!MARKERS.test(markdown)) throw new Error('There are no marks for the figures.');
  const lines = [['Figure', 'Measured'], ...figures];
  const [one, other] = [0, 1].map((column) => Math.max(...lines.map((line) => line[column].length)));
  const [head, ...rows] = lines.map(([name, value]) => `| ${name.padEnd(one)} | ${value.padEnd(other)} |`);
  const table = [head, `| ${'-'.repeat(one)} | ${'-'.repeat(other)} |`, ...rows].join('\n');
  return markdown.replace(MARKERS, (_, start, end) => `${start}\n${table}\n\n${end}`);
}

async function measure() {
  const tarballs = packTarballs();
  const main = tarballs.at(-1);
  const sizes = tarballs.map(({ name, size, unpackedSize }) => [
    `\`${name}\`, unpacked (as a tarball)`,
    `${mebibytes(unpackedSize)} (${mebibytes(size)})`,
  ]);
  const [largest] = tarballs.slice(0, -1).sort((a, b) => b.unpackedSize - a.unpackedSize);
  const { dependencies = {}, scripts = {} } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const hooks = ['preinstall', 'install', 'postinstall', 'prepare'].filter((name) => name in scripts);
  return [
    ...sizes.reverse(),
    ['both, installed', mebibytes(main.unpackedSize + largest.unpackedSize)],
    ['dependencies, install scripts', `${Object.keys(dependencies).length}, ${hooks.length}`],
    ...(await requireTimes()),
  ];
}

/** Of bench/require.mjs, in the order of its candidates: a line for each Node. */
async function requireTimes() {
  const folder = mkdtempSync(join(tmpdir(), 'smart-m2m-figures-'));
  try {
    process.env.SMART_M2M_BENCH_REPORT = join(folder, 'require.json');
    const { ok } = await run(process.execPath, [join(root, 'bench', 'require.mjs')], { cwd: root });
    if (!ok) throw new Error('bench/require.mjs failed.');
    const { tables } = JSON.parse(readFileSync(process.env.SMART_M2M_BENCH_REPORT, 'utf8'));
    return tables.map(({ title, lines }) => {
      const [ours, first, , ...others] = lines.map(([name, milliseconds]) => [
        name.split(',')[0],
        milliseconds.split(' ')[0],
      ]);
      const beside = others.map(([name, value]) => `${name} ${value}`).join(', ');
      return [
        `cold \`require()\`, CPU, ${title.split(', ').at(-1)}`,
        `${ours[1]} ms; as the first module of all ${first[1]} ms (${beside})`,
      ];
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function mebibytes(bytes) {
  return `${(bytes / 2 ** 20).toFixed(2)} MiB`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const ready =
    (await prepareTools()) &&
    (await prepareAddon()) &&
    (await prepareDependencies(join(root, 'bench'), 'peers of the benchmarks'));
  if (!ready) process.exit(1);
  const readme = join(root, 'README.md');
  writeFileSync(readme, withFigures(readFileSync(readme, 'utf8'), await measure()));
  console.log('Written to README.md.');
}
