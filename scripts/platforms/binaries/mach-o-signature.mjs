import { createHash } from 'node:crypto';

// The signature that macOS looks at before it loads code on Apple silicon: hashes of the file's pages, themselves
// signed by nobody ("ad hoc"). Formats as in XNU's bsd/sys/codesign.h and osfmk/kern/cs_blobs.h.

const MAGIC_64 = 0xfeedfacf;
const LC_CODE_SIGNATURE = 0x1d;
const EMBEDDED_SIGNATURE = 0xfade0cc0;
const CODE_DIRECTORY = 0xfade0c02;
const ADHOC = 0x2;
const SHA256 = 2;

/**
 * @param {Buffer} file
 * @returns {string | null} what is wrong with its signature
 */
export function signatureProblem(file) {
  const place = placeOf(file);
  if (place === undefined) return 'it is not signed';
  const signature = file.subarray(place.offset, place.offset + place.size);
  if (signature.length < 12 || signature.readUInt32BE(0) !== EMBEDDED_SIGNATURE)
    return 'it has no embedded signature';
  const directory = codeDirectory(signature);
  if (directory === undefined) return 'its signature has no code directory';
  const flags = directory.readUInt32BE(12);
  if ((flags & ADHOC) === 0) return 'its signature is not an ad-hoc one';
  const [hashesAt, , , slots, limit] = [16, 20, 24, 28, 32].map((at) => directory.readUInt32BE(at));
  const [hashSize, hashType] = [directory[36], directory[37]];
  if (hashType !== SHA256 || hashSize !== 32)
    return `its pages are hashed by method ${hashType}, not by SHA-256`;
  if (limit !== place.offset) return `${limit} bytes are signed of the ${place.offset} before the signature`;
  const pageSize = 2 ** directory[39];
  if (slots !== Math.ceil(limit / pageSize))
    return `${slots} pages are signed of ${Math.ceil(limit / pageSize)}`;
  for (let slot = 0; slot < slots; slot++) {
    const page = file.subarray(slot * pageSize, Math.min((slot + 1) * pageSize, limit));
    const signed = directory.subarray(hashesAt + slot * hashSize, hashesAt + (slot + 1) * hashSize);
    if (!createHash('sha256').update(page).digest().equals(signed))
      return `page ${slot} is not what was signed`;
  }
  return null;
}

/** Where the signature is. */
function placeOf(file) {
  if (file.length < 32 || file.readUInt32LE(0) !== MAGIC_64) return undefined;
  const commands = file.readUInt32LE(16);
  for (let index = 0, at = 32; index < commands && at + 16 <= file.length; index++) {
    if (file.readUInt32LE(at) === LC_CODE_SIGNATURE) {
      return { offset: file.readUInt32LE(at + 8), size: file.readUInt32LE(at + 12) };
    }
    at += file.readUInt32LE(at + 4);
  }
  return undefined;
}

function codeDirectory(signature) {
  const blobs = signature.readUInt32BE(8);
  for (let index = 0; index < blobs && 20 + index * 8 <= signature.length; index++) {
    const blob = signature.subarray(signature.readUInt32BE(12 + index * 8 + 4));
    if (blob.length >= 44 && blob.readUInt32BE(0) === CODE_DIRECTORY) return blob;
  }
  return undefined;
}
