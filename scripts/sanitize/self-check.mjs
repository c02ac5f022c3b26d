import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { folder, TARGET } from './toolchain.mjs';

// Addons that do what must not be done, as they are loaded: what does not report them would report nothing.

const ADDONS = {
  'rust.node': {
    source: 'bad.rs',
    text: `#![crate_type = "cdylib"]
use std::ffi::c_void;
#[unsafe(no_mangle)]
pub extern "C" fn napi_register_module_v1(_env: *mut c_void, exports: *mut c_void) -> *mut c_void {
    let freed = { let bytes = vec![1_u8; 32]; bytes.as_ptr() };
    if unsafe { freed.add(7).read_volatile() } == 7 { std::ptr::null_mut() } else { exports }
}
`,
    command: ['rustc', '+nightly', '-Zsanitizer=address', '--target', TARGET, '-O'],
    report: 'heap-use-after-free',
  },
  'c.node': {
    source: 'bad.c',
    text: `#include <stdlib.h>
void *napi_register_module_v1(void *env, void *exports) {
  volatile char *bytes = malloc(32);
  return bytes[32] == 7 ? env : exports;
}
`,
    command: ['gcc', '-shared', '-fPIC', '-fsanitize=address'],
    report: 'heap-buffer-overflow',
  },
};

/**
 * @param {(reports: string) => Record<string, string>} environment of a process that writes its reports there
 * @returns {boolean} whether each bad access was reported
 */
export function checkSelf(environment) {
  const place = join(folder, 'self-check');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  return Object.entries(ADDONS).every(([name, { source, text, command, report }]) => {
    writeFileSync(join(place, source), text);
    const [program, ...args] = command;
    const addon = join(place, name);
    const built = spawnSync(program, [...args, join(place, source), '-o', addon], { encoding: 'utf8' });
    if (built.status !== 0) {
      console.error(`${source} could not be built: ${built.stderr}`);
      return false;
    }
    const reports = join(place, `${name}.report`);
    const { status } = spawnSync(process.execPath, ['-e', `require(${JSON.stringify(addon)})`], {
      env: { ...process.env, ...environment(reports) },
    });
    const written = reportsAt(reports).join('\n');
    const isReported = status !== 0 && written.includes(report);
    console.log(`${isReported ? 'reported' : 'NOT REPORTED'}: ${report}, on purpose, by ${source}`);
    return isReported;
  });
}

/**
 * What processes have written below this name, each with its id.
 *
 * @param {string} path
 */
export function reportsAt(path) {
  const place = join(path, '..');
  const prefix = `${path.slice(place.length + 1)}.`;
  return readdirSync(place)
    .filter((name) => name.startsWith(prefix))
    .map((name) => readFileSync(join(place, name), 'utf8'));
}
