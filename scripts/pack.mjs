import { resolve } from 'node:path';
import { MAX_INSTALLED_BYTES, packPackages } from './packages.mjs';
import { prepareAddon, prepareTools, root } from './prepare.mjs';

// Makes the tarballs that `npm publish` takes, by default in target/packages/: the main package, and one for each
// platform whose addon is in npm/<platform>/ or lib/. Fails where one installs more than it may.

const folder = resolve(process.env.INIT_CWD ?? '.', process.argv[2] ?? `${root}/target/packages`);

if (!(await prepareTools()) || !(await prepareAddon())) process.exit(1);

const { main, platforms } = packPackages(root, folder);
for (const { file, size, unpackedSize } of [main, ...platforms]) {
  console.log(`${file}: ${number(size)} bytes, unpacked ${number(unpackedSize)}`);
}
for (const { name, unpackedSize } of platforms) {
  const installed = main.unpackedSize + unpackedSize;
  const fits = installed <= MAX_INSTALLED_BYTES;
  console.log(
    `${main.name} and ${name} install ${number(installed)} bytes ` +
      `(${(installed / 2 ** 20).toFixed(2)} MiB), ${fits ? 'at most' : 'MORE THAN'} ${MAX_INSTALLED_BYTES / 2 ** 20} MiB`,
  );
  if (!fits) process.exitCode = 1;
}

function number(bytes) {
  return bytes.toLocaleString('en');
}
