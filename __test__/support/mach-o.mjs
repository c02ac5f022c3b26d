import { createHash } from 'node:crypto';

const PAGE = 4096;

/**
 * A 64-bit Mach-O file with nothing but a body and an ad-hoc signature of it, as a linker makes one.
 *
 * @param {{ length?: number, signed?: boolean, flags?: number }} [options] `length` of what is signed
 */
export function machOFile({ length = PAGE + 904, signed = true, flags = 0x2 } = {}) {
  const body = Buffer.alloc(length, 'code');
  body.writeUInt32LE(0xfeedfacf, 0);
  body.writeUInt32LE(signed ? 1 : 0, 16);
  const slots = Math.ceil(length / PAGE);
  const signature = Buffer.alloc(20 + 44 + slots * 32);
  body.writeUInt32LE(0x1d, 32);
  body.writeUInt32LE(16, 36);
  body.writeUInt32LE(length, 40);
  body.writeUInt32LE(signature.length, 44);
  // A blob of one blob: the code directory, which is at 20.
  [0xfade0cc0, signature.length, 1, 0, 20].forEach((value, index) => {
    signature.writeUInt32BE(value, index * 4);
  });
  const directory = signature.subarray(20);
  [0xfade0c02, directory.length, 0x20400, flags, 44, 44, 0, slots, length].forEach((value, index) => {
    directory.writeUInt32BE(value, index * 4);
  });
  directory.set([32, 2, 0, Math.log2(PAGE)], 36);
  for (let slot = 0; slot < slots; slot++) {
    const page = body.subarray(slot * PAGE, (slot + 1) * PAGE);
    directory.set(createHash('sha256').update(page).digest(), 44 + slot * 32);
  }
  return Buffer.concat([body, signature]);
}
