'use strict';

const { fhirAnswer, outcome } = require('./operation-outcome.js');

/**
 * @typedef {import('./resource-store.js').StoredResource} StoredResource
 * @typedef {(resource: StoredResource, value: string) => boolean} Matcher
 * @typedef {{ family?: string, given?: string[], text?: string }} Name
 *
 * @typedef {object} SearchRequest
 * @property {string} type
 * @property {URLSearchParams} query
 * @property {string} baseUrl
 * @property {number} pageSize
 * @property {boolean} strict an unknown parameter is an error (`Prefer: handling=strict`)
 */

const LARGEST_PAGE = 1000;
/** Parameters of the answer, not of the resources. */
const CONTROLS = new Set([
  '_count',
  '_offset',
  '_format',
  '_summary',
  '_total',
  '_sort',
  '_include',
  '_revinclude',
]);

/** @type {Record<string, Matcher>} */
const EVERY_TYPE = {
  _id: (resource, value) => resource.id === value,
  _lastUpdated: dates(({ meta }) => [meta.lastUpdated]),
  identifier: tokens(({ identifier }) => identifier),
};
/** @type {Record<string, Record<string, Matcher>>} */
const BY_TYPE = {
  Patient: {
    name: strings(({ name }) =>
      (name ?? []).flatMap((/** @type {Name} */ { family, given, text }) => [family, ...(given ?? []), text]),
    ),
    family: strings(({ name }) => (name ?? []).map((/** @type {Name} */ { family }) => family)),
    given: strings(({ name }) => (name ?? []).flatMap((/** @type {Name} */ { given }) => given ?? [])),
    gender: tokens(({ gender }) => [{ code: gender }]),
    active: tokens(({ active }) => [{ code: String(active) }]),
    birthdate: dates(({ birthDate }) => [birthDate]),
  },
  Observation: {
    status: tokens(({ status }) => [{ code: status }]),
    code: tokens(({ code }) => code?.coding),
    category: tokens(({ category }) =>
      (category ?? []).flatMap((/** @type {any} */ { coding }) => coding ?? []),
    ),
    date: dates(({ effectiveDateTime }) => [effectiveDateTime]),
    subject: references(({ subject }) => [subject]),
    patient: references(({ subject }) => [subject]),
  },
  Group: {
    type: tokens(({ type }) => [{ code: type }]),
    member: references(({ member }) => (member ?? []).map((/** @type {any} */ { entity }) => entity)),
  },
};

/**
 * A page of the resources that match (FHIR R4, RESTful API, search).
 *
 * @param {readonly StoredResource[]} resources
 * @param {SearchRequest} request
 */
function search(resources, { type, query, baseUrl, pageSize, strict }) {
  const unknown = unknownParameter(type, query);
  if (strict && unknown !== undefined) {
    return outcome(400, 'not-supported', `The search parameter ${unknown} is not supported for ${type}.`);
  }
  const found = matches(resources, type, query);
  const count = Math.min(wholeNumber(query.get('_count')) ?? pageSize, LARGEST_PAGE);
  const offset = wholeNumber(query.get('_offset')) ?? 0;
  const page = found.slice(offset, offset + count);
  const link = [{ relation: 'self', url: pageUrl(baseUrl, type, query, offset) }];
  if (count > 0 && offset + count < found.length) {
    link.push({ relation: 'next', url: pageUrl(baseUrl, type, query, offset + count) });
  }
  return fhirAnswer(200, {
    resourceType: 'Bundle',
    type: 'searchset',
    total: found.length,
    link,
    entry: page.map((resource) => ({
      fullUrl: `${baseUrl}/${type}/${resource.id}`,
      resource,
      search: { mode: 'match' },
    })),
  });
}

/**
 * Repeated parameters all have to match, and one of the values that a comma separates.
 *
 * @param {readonly StoredResource[]} resources
 * @param {string} type
 * @param {URLSearchParams} query
 */
function matches(resources, type, query) {
  const criteria = [...query].flatMap(([name, values]) => {
    const matcher = matcherOf(type, name);
    return matcher === undefined ? [] : [{ matcher, values: values.split(',') }];
  });
  return resources.filter((resource) =>
    criteria.every(({ matcher, values }) => values.some((value) => matcher(resource, value))),
  );
}

/**
 * @param {string} type
 * @param {URLSearchParams} query
 */
function unknownParameter(type, query) {
  return [...query.keys()].find((name) => !CONTROLS.has(name) && matcherOf(type, name) === undefined);
}

/**
 * @param {string} type
 * @param {string} name
 * @returns {Matcher | undefined}
 */
function matcherOf(type, name) {
  for (const table of [BY_TYPE[type] ?? {}, EVERY_TYPE]) {
    if (Object.hasOwn(table, name)) return table[name];
  }
  return undefined;
}

/**
 * @param {string} baseUrl
 * @param {string} type
 * @param {URLSearchParams} query
 * @param {number} offset
 */
function pageUrl(baseUrl, type, query, offset) {
  const parameters = new URLSearchParams(query);
  if (offset > 0) parameters.set('_offset', String(offset));
  else parameters.delete('_offset');
  return `${baseUrl}/${type}${parameters.size > 0 ? `?${parameters}` : ''}`;
}

/** @param {string | null} text */
function wholeNumber(text) {
  return text !== null && /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/**
 * The beginning of one of the texts, in any case.
 *
 * @param {(resource: any) => (string | undefined)[]} textsOf
 * @returns {Matcher}
 */
function strings(textsOf) {
  return (resource, value) =>
    textsOf(resource).some((text) => text?.toLowerCase().startsWith(value.toLowerCase()) ?? false);
}

/**
 * `code`, `system|code`, `system|` or `|code`.
 *
 * @param {(resource: any) => { system?: string, code?: string, value?: string }[] | undefined} codingsOf
 * @returns {Matcher}
 */
function tokens(codingsOf) {
  return (resource, wanted) => {
    const [code, system] = wanted.split('|').reverse();
    return (codingsOf(resource) ?? []).some(
      (coding) =>
        (code === '' || (coding.code ?? coding.value) === code) &&
        (system === undefined || (coding.system ?? '') === system),
    );
  };
}

/**
 * A date of any precision, with a prefix.
 *
 * @param {(resource: any) => (string | undefined)[]} datesOf
 * @returns {Matcher}
 */
function dates(datesOf) {
  return (resource, wanted) => {
    const { prefix = 'eq', date = '' } = /^(?<prefix>[a-z]{2})?(?<date>.+)$/.exec(wanted)?.groups ?? {};
    return datesOf(resource).some((own) => {
      if (own === undefined) return false;
      const within = own.startsWith(date);
      if (prefix === 'eq') return within;
      if (prefix === 'ne') return !within;
      if (prefix === 'ge') return within || own > date;
      if (prefix === 'le') return within || own < date;
      if (prefix === 'gt') return !within && own > date;
      return prefix === 'lt' && !within && own < date;
    });
  };
}

/**
 * `Patient/1`, `1`, or an absolute URL.
 *
 * @param {(resource: any) => ({ reference?: string } | undefined)[]} referencesOf
 * @returns {Matcher}
 */
function references(referencesOf) {
  return (resource, wanted) =>
    referencesOf(resource).some((own) => {
      const reference = own?.reference ?? '';
      return reference === wanted || reference.endsWith(`/${wanted}`) || wanted.endsWith(`/${reference}`);
    });
}

module.exports = { matches, search };
