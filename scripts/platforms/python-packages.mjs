import { run } from '../run.mjs';

/**
 * Unpacks packages of PyPI into a folder, without what they depend on.
 *
 * @param {string} folder
 * @param {readonly string[]} packages
 * @param {readonly string[]} [options] further ones of `pip install`
 */
export async function unpackPython(folder, packages, options = []) {
  const pip = ['-m', 'pip', 'install', '--quiet', '--root-user-action=ignore', '--no-deps'];
  const { ok } = await run('python3', [...pip, ...options, '--target', folder, ...packages]);
  if (!ok)
    throw new Error(`${packages.join(' and ')} could not be fetched with pip, which python3 needs to have.`);
}
