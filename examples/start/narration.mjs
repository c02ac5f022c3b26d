import { createHash } from 'node:crypto';

// no-color.org: any value but the empty one means no.
const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const paint = (code) => (text) => (coloured ? `\u001b[${code}m${text}\u001b[0m` : text);

const bold = paint(1);
const dim = paint(2);
const green = paint(32);
const red = paint(31);

const LABEL_WIDTH = 16;
let steps = 0;

/** @param {string} text */
export function title(text) {
  console.log(bold(text));
}

/** @param {string} text */
export function step(text) {
  steps += 1;
  console.log(`\n${bold(`${steps}. ${text}`)}`);
}

/** @param {string} text */
export function remark(text) {
  console.log(`   ${dim(text)}`);
}

/**
 * @param {string} label
 * @param {unknown} value
 */
export function show(label, value) {
  const lines = typeof value === 'object' ? JSON.stringify(value, null, 2) : String(value);
  const indented = lines.replaceAll('\n', `\n   ${' '.repeat(LABEL_WIDTH)}`);
  console.log(`   ${dim(label.padEnd(LABEL_WIDTH))}${indented}`);
}

/** @param {string} text */
export function done(text) {
  console.log(`\n${green(text)}`);
}

/** @param {Error & { code?: string }} error */
export function failed(error) {
  const code = error.code ? `${error.code}: ` : '';
  console.error(`\n${red(`Failed: ${code}${error.message}`)}`);
}

/**
 * Tells two tokens apart without showing either.
 *
 * @param {string} header
 */
export function mark(header) {
  return createHash('sha256').update(header).digest('hex').slice(0, 8);
}

/**
 * Names of the patients in a searchset.
 *
 * @param {{ entry?: { resource?: any }[] }} bundle
 */
export function patientNames({ entry = [] }) {
  return entry
    .map(({ resource }) => resource)
    .filter((resource) => resource?.resourceType === 'Patient')
    .map(({ id, name: [name = {}] = [] }) =>
      [...(name.given ?? []), name.family ?? name.text ?? `Patient/${id}`].join(' '),
    );
}
