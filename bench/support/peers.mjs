/** What the clients of `peers/` are called; the others have the names of their files. */
const NAMES = {
  badgateway: '@badgateway/oauth2-client',
  fhirstarter: '@fhirstarter/backend',
  medplum: '@medplum/core',
  'msal-node': '@azure/msal-node',
  'this-package': 'this package',
};

/** @type {(peer: string) => string} */
export function peerName(peer) {
  return NAMES[peer] ?? peer;
}
