import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

// Packages of Debian, fetched and unpacked into a folder: nothing is installed, and root is not needed.

/**
 * apt with lists and archives of its own under `folder`. It asks the system's sources and leaves out the hooks that
 * act on the system.
 *
 * @param {string} folder
 * @param {object} [options]
 * @param {string[]} [options.architectures] the first is the main one; else the system's
 * @param {string} [options.suite] a release of Debian in place of the system's own
 * @param {boolean} [options.knowsSystem] whether what the system has installed counts as there
 */
export function privateApt(folder, { architectures = [], suite, knowsSystem = true } = {}) {
  const archives = join(folder, 'cache', 'archives');
  const settings = join(folder, 'apt.conf');
  for (const part of [archives, join(folder, 'lists')]) mkdirSync(join(part, 'partial'), { recursive: true });
  const lines = [aptSettings(folder)];
  if (architectures.length > 0) {
    lines.push(`APT::Architecture "${architectures[0]}";`);
    lines.push(`APT::Architectures { ${architectures.map((name) => `"${name}";`).join(' ')} };`);
  }
  if (!knowsSystem) {
    writeFileSync(join(folder, 'status'), '');
    lines.push(`Dir::State::Status "${join(folder, 'status')}";`);
  }
  if (suite !== undefined) {
    writeFileSync(join(folder, 'sources.list'), sourceOf(suite));
    lines.push(
      'Dir::Etc::SourceParts "/dev/null";',
      `Dir::Etc::SourceList "${join(folder, 'sources.list')}";`,
    );
  }
  writeFileSync(settings, lines.join('\n'));
  return { folder, archives, settings };
}

/** @typedef {ReturnType<typeof privateApt>} Apt */

/**
 * @param {Apt} apt
 * @param {string[]} args of `apt-get`
 * @returns {Promise<boolean>}
 */
export async function aptGet({ settings, archives }, args) {
  const command = ['--kill-after=10s', '600s', 'apt-get', '-qq', `--config-file=${settings}`, ...args];
  // `apt-get download` leaves what it fetched in the folder where it runs.
  return (await run('timeout', command, { cwd: archives })).ok;
}

/**
 * What apt knows, without asking anybody.
 *
 * @param {Apt} apt
 * @param {string[]} args of `apt-cache`
 * @returns {string[]} lines
 */
export function aptCache({ settings }, args) {
  const { stdout } = spawnSync('apt-cache', [`--config-file=${settings}`, ...args], { encoding: 'utf8' });
  return (stdout ?? '').split('\n').filter((line) => line !== '');
}

/**
 * Unpacks every archive that was fetched into `root`, and forgets archives and lists.
 *
 * @param {Apt} apt
 * @param {string} root
 * @returns {Promise<boolean>}
 */
export async function unpackArchives({ folder, archives }, root) {
  for (const file of readdirSync(archives).filter((name) => name.endsWith('.deb'))) {
    if (!(await run('dpkg', ['--extract', join(archives, file), root])).ok) return false;
  }
  for (const name of ['cache', 'lists']) rmSync(join(folder, name), { recursive: true, force: true });
  return true;
}

/** From where the system has its own release: which mirror that is, is the machine's affair. */
function sourceOf(suite) {
  const own = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  const command = ['indextargets', '--format', '$(SITE)', 'Identifier: Packages', `Release: ${own}`];
  const { stdout } = spawnSync('apt-get', command, { encoding: 'utf8' });
  const [site] = (stdout ?? '').split('\n');
  return `deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${site} ${suite} main\n`;
}

function aptSettings(folder) {
  return `
    Dir::State::Lists "${join(folder, 'lists')}/";
    Dir::Cache "${join(folder, 'cache')}/";
    Dir::Log "${folder}";
    APT::Sandbox::User "";
    Acquire::Languages "none";
    Acquire::Retries "2";
    Acquire::http::Timeout "20";
    Acquire::https::Timeout "20";
    Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
    Debug::NoLocking "true";
    #clear APT::Update::Pre-Invoke;
    #clear APT::Update::Post-Invoke;
    #clear APT::Update::Post-Invoke-Success;
    #clear DPkg::Pre-Install-Pkgs;
    #clear DPkg::Post-Invoke;
  `;
}
