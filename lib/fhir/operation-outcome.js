'use strict';

const { onOneLine } = require('./server-text.js');

/** Further issues say the same of other elements, as a rule. */
const MOST_ISSUES = 5;
const SEVERITIES = ['fatal', 'error', 'warning', 'information'];

/**
 * @param {unknown} resource
 * @returns {resource is import('./index.js').AnyResource}
 */
function isOperationOutcome(resource) {
  return (
    typeof resource === 'object' &&
    resource !== null &&
    /** @type {{ resourceType?: unknown }} */ (resource).resourceType === 'OperationOutcome'
  );
}

/**
 * What an OperationOutcome says, the gravest issue first.
 *
 * @param {import('./index.js').AnyResource} outcome
 * @returns {string} empty: nothing
 */
function describeOutcome({ issue }) {
  const issues = (Array.isArray(issue) ? issue : []).filter((one) => typeof one === 'object' && one !== null);
  issues.sort((one, other) => gravity(one) - gravity(other));
  const texts = issues.slice(0, MOST_ISSUES).map(describeIssue);
  if (issues.length > MOST_ISSUES) texts.push(`and ${issues.length - MOST_ISSUES} more`);
  return onOneLine(texts.filter((text) => text !== '').join('; '));
}

/** @param {{ severity?: unknown }} issue */
function gravity({ severity }) {
  const index = SEVERITIES.indexOf(/** @type {string} */ (severity));
  return index === -1 ? SEVERITIES.length : index;
}

/** @param {Record<string, any>} issue */
function describeIssue({ code, details, diagnostics, expression, location }) {
  const [coding] = Array.isArray(details?.coding) ? details.coding : [];
  const said = [diagnostics, details?.text, coding?.display, code].find(isText) ?? '';
  const places = [expression, location].find((paths) => Array.isArray(paths) && paths.every(isText)) ?? [];
  return places.length === 0 ? said : `${places.join(', ')}: ${said}`;
}

/** @param {unknown} value */
function isText(value) {
  return typeof value === 'string' && value.trim() !== '';
}

module.exports = { describeOutcome, isOperationOutcome };
