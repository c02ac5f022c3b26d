/**
 * A 64-bit ELF file with nothing but its headers, and the path of the loader that it asks for.
 *
 * @param {object} options
 * @param {number} [options.machine] 62 is x64, 183 arm64
 * @param {string | null} [options.interpreter]
 */
export function elfFile({ machine = 62, interpreter = null }) {
  const headers = Buffer.alloc(64 + 56);
  headers.write('\x7fELF\x02\x01\x01', 'latin1');
  headers.writeUInt16LE(3, 16); // a shared object
  headers.writeUInt16LE(machine, 18);
  headers.writeUInt32LE(1, 20);
  headers.writeBigUInt64LE(64n, 32); // where the program headers are
  headers.writeUInt16LE(64, 52);
  headers.writeUInt16LE(56, 54);
  headers.writeUInt16LE(1, 56);
  const path = Buffer.from(`${interpreter ?? ''}\0`);
  headers.writeUInt32LE(interpreter === null ? 1 : 3, 64); // PT_LOAD or PT_INTERP
  headers.writeBigUInt64LE(BigInt(headers.length), 64 + 8);
  headers.writeBigUInt64LE(BigInt(path.length), 64 + 32);
  return Buffer.concat([headers, path]);
}
