import { demonstrate } from '../demonstration/demonstrate.mjs';
import { show, step } from '../start/narration.mjs';

const THREADS = 8;
const PATIENTS = Array.from({ length: 24 }, (_, at) => `patient-${at + 1}`);

await demonstrate(
  {
    about: 'Worker threads with one token',
    scope: 'system/Observation.rs',
    server: {
      resources: PATIENTS.flatMap((patient) => [62, 66, 70].map((value) => heartRate(patient, value))),
    },
  },
  async ({ server, start }) => {
    step(`${PATIENTS.length} patients, ${THREADS} threads`);
    const env = { THREADS: String(THREADS) };
    const pool = start(new URL('pool.mjs', import.meta.url), { name: 'pool', args: PATIENTS, env });
    await pool.end();
    server.assertNoRefusals();

    step('What the server has seen');
    show('searches', server.requestsTo('fhir').length);
    show('token requests', server.requestsTo('token').length);
  },
);

function heartRate(patient, value) {
  return {
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '8867-4' }] },
    subject: { reference: `Patient/${patient}` },
    valueQuantity: { value, unit: '/min' },
  };
}
