import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

// `npm audit`, for machines whose registry may not offer it: fails on findings, says so where it could not look.

const root = fileURLToPath(new URL('..', import.meta.url));
const isWindows = process.platform === 'win32';
const { stdout } = spawnSync('npm', ['audit', '--json'], { cwd: root, encoding: 'utf8', shell: isWindows });
const report = parse(stdout);
const found = report?.metadata?.vulnerabilities;

if (found === undefined) {
  const reason = report?.message ?? report?.error?.summary ?? 'no answer';
  console.log(`npm audit: not checked, the registry does not offer it here (${reason.split(/ - |\n/)[0]}).`);
} else if (found.total === 0) {
  console.log('npm audit: no known vulnerabilities.');
} else {
  for (const { name, severity, range } of Object.values(report.vulnerabilities)) {
    console.error(`npm audit: ${name} ${range}: ${severity}`);
  }
  process.exitCode = 1;
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
