'use strict';

/**
 * What a server holds unless it is told otherwise: made-up patients, an observation of each, and a group of two.
 *
 * @returns {import('./resource-store.js').Resource[]}
 */
function sampleResources() {
  return [
    patient('1', 'Ada', 'Lindqvist', 'female', '1957-12-10'),
    patient('2', 'Tomás', 'Okafor', 'male', '1984-03-02'),
    patient('3', 'Noor', 'Haddad', 'other', '2001-07-21'),
    heartRate('1', '1', '2026-01-05', 64),
    heartRate('2', '2', '2026-02-11', 71),
    heartRate('3', '3', '2026-03-29', 58),
    {
      resourceType: 'Group',
      id: '1',
      type: 'person',
      actual: true,
      member: ['1', '2'].map((id) => ({ entity: { reference: `Patient/${id}` } })),
    },
  ];
}

/**
 * @param {string} id
 * @param {string} given
 * @param {string} family
 * @param {string} gender
 * @param {string} birthDate
 */
function patient(id, given, family, gender, birthDate) {
  return {
    resourceType: 'Patient',
    id,
    active: true,
    identifier: [{ system: 'urn:example:mrn', value: `MRN-${id}` }],
    name: [{ use: 'official', family, given: [given] }],
    gender,
    birthDate,
  };
}

/**
 * @param {string} id
 * @param {string} patientId
 * @param {string} effectiveDateTime
 * @param {number} value
 */
function heartRate(id, patientId, effectiveDateTime, value) {
  const system = 'http://terminology.hl7.org/CodeSystem/observation-category';
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    category: [{ coding: [{ system, code: 'vital-signs' }] }],
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4', display: 'Heart rate' }] },
    subject: { reference: `Patient/${patientId}` },
    effectiveDateTime,
    valueQuantity: { value, unit: '/min', system: 'http://unitsofmeasure.org', code: '/min' },
  };
}

module.exports = { sampleResources };
