import { parseArgs } from 'node:util';
import { prepareTools } from './prepare.mjs';
import { checkAddresses } from './sanitize/addresses.mjs';
import { checkModel } from './sanitize/miri.mjs';

// Memory under the compiler's sanitizer, and in Miri: docs/reliability.md, "Memory". Linux on x64 with gcc and a nightly
// toolchain. Goes on where it was interrupted, unless something has been changed meanwhile.
//
//   npm run sanitize                           the tests that start no other program, under AddressSanitizer
//   npm run sanitize -- __test__/tls.test.mjs  these files
//   npm run sanitize -- --all                  all tests of the addon
//   npm run sanitize -- --again                also what has passed already
//   npm run sanitize -- --miri                 the addon's allocator and what is pure Rust, in Miri

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    again: { type: 'boolean', default: false },
    miri: { type: 'boolean', default: false },
  },
});
if (process.platform !== 'linux' || process.arch !== 'x64') {
  console.error('The sanitizer and Miri are set up for Linux on x64 alone.');
  process.exit(1);
}
if (!(await prepareTools()) || !(await check())) process.exitCode = 1;

function check() {
  if (values.miri) return checkModel();
  return checkAddresses({ files: positionals, all: values.all, again: values.again });
}
