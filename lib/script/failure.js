'use strict';

const { join, sep } = require('node:path');
const { inspect } = require('node:util');

const PACKAGE_LIB = join(__dirname, '..') + sep;
const MOST_CAUSES = 4;

/** Names of Smile's environment that have no counterpart, and what to do without them. */
/** @type {Readonly<Record<string, string>>} */
const MISSING = {
  Fhir: "Fhir is a Smile server's own storage; here FhirClientFactory.newClient(base) reaches a FHIR server",
  ResourceBuilder:
    "there is no ResourceBuilder here; a resource is an object: { resourceType: 'Patient', … }",
  Java: 'there are no Java classes here',
};

/**
 * What a script died of, with its own stack frames and nobody else's.
 *
 * @param {unknown} thrown
 * @returns {string} without a line end
 */
function describeFailure(thrown) {
  try {
    return descriptionOf(thrown);
  } catch {
    // Its own getters are in the way.
    return 'the script threw an error that cannot be shown';
  }
}

/** @param {unknown} thrown */
function descriptionOf(thrown) {
  if (!(thrown instanceof Error)) return `the script threw ${inspect(thrown, { depth: 2 })}`;
  const lines = [headOf(thrown), ...framesOf(thrown)];
  let { cause } = thrown;
  for (let count = 0; cause instanceof Error && count < MOST_CAUSES; count += 1) {
    lines.push(`  caused by ${nameOf(cause)}: ${cause.message}`);
    cause = cause.cause;
  }
  const hint = hintFor(thrown);
  if (hint !== null) lines.push(hint);
  return lines.join('\n');
}

/** @param {Error} error */
function headOf(error) {
  // V8 puts the place and the line before the message of what could not be read at all.
  const place =
    error instanceof SyntaxError ? /^[\s\S]*?\n\n(?=SyntaxError)/.exec(error.stack ?? '')?.[0] : undefined;
  return `${place ?? ''}${nameOf(error)}: ${error.message}`;
}

/** @param {Error & { code?: unknown }} error */
function nameOf({ name, code }) {
  return typeof code === 'string' ? `${name} ${code}` : name;
}

/** @param {Error} error */
function framesOf({ stack }) {
  const lines = typeof stack === 'string' ? stack.split('\n') : [];
  return lines.filter((line) => /^ {4}at /.test(line) && !isOfOthers(line));
}

/** @param {string} frame */
function isOfOthers(frame) {
  return frame.includes('node:') || frame.includes(PACKAGE_LIB) || frame.includes('(<anonymous>)');
}

/** @param {Error} error */
function hintFor({ name, message }) {
  if (name !== 'ReferenceError') return null;
  const missing = /^(\w+) is not defined$/.exec(message)?.[1];
  return missing !== undefined && Object.hasOwn(MISSING, missing) ? MISSING[missing] : null;
}

module.exports = { describeFailure };
