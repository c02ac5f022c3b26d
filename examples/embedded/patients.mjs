/** Made-up patients. */
export const PATIENTS = [
  patient('example-1', 'Ada', 'Lindqvist', 'female', '1957-12-10'),
  patient('example-2', 'Tomás', 'Okafor', 'male', '1984-03-02'),
  patient('example-3', 'Noor', 'Haddad', 'other', '2001-07-21'),
];

function patient(id, given, family, gender, birthDate) {
  return {
    resourceType: 'Patient',
    id,
    active: true,
    name: [{ use: 'official', family, given: [given] }],
    gender,
    birthDate,
  };
}
