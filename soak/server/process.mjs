import { once } from 'node:events';
import { openLoopbackServer } from '../../examples/embedded/loopback-server.mjs';
import { Random } from '../random.mjs';
import { TokenMint } from '../token-mint.mjs';
import { ClientProof } from './client-proof.mjs';
import { Connections } from './connections.mjs';
import { FhirEndpoint } from './fhir-endpoint.mjs';
import { TokenEndpoint } from './token-endpoint.mjs';

// Authorization server and FHIR server of a soak, in a process of their own.

const REPORT_MS = 100;
const PRUNE_MS = 10_000;
/** An idle connection to the token endpoint ends about this often. */
const END_IDLE_MS = 400;

// Also when the judge was killed.
process.once('disconnect', () => process.exit());

const [{ tls, seed, mintKey, publicKeys, registersAt }] = await once(process, 'message');

let events = [];
const log = (event) => events.push(event);
const report = () => {
  process.send({ events, until: Date.now() });
  events = [];
};

const authorizationServer = await openLoopbackServer({ tls });
const fhirServer = await openLoopbackServer({ tls });
const mint = new TokenMint(mintKey);
const proof = new ClientProof(mint, publicKeys);
const connections = new Connections(authorizationServer.server);
const { origin } = authorizationServer;
const token = new TokenEndpoint({
  ...{ mint, proof, connections, origin, registersAt, log },
  random: new Random(`${seed} token endpoint`),
});
const fhir = new FhirEndpoint({
  ...{ mint, log },
  authorizationServer: origin,
  random: new Random(`${seed} FHIR endpoint`),
});
serve(authorizationServer.server, token);
serve(fhirServer.server, fhir);

const idle = new Random(`${seed} idle connections`);
const timers = [
  setInterval(report, REPORT_MS),
  setInterval(() => [proof, fhir].forEach((part) => void part.prune()), PRUNE_MS),
  setInterval(() => connections.endIdle(idle) && log({ type: 'idle end' }), END_IDLE_MS),
];

process.send({ authorizationServer: origin, fhirServer: fhirServer.origin });

process.on('message', async () => {
  for (const timer of timers) clearInterval(timer);
  await authorizationServer.close();
  await fhirServer.close();
  report();
  process.disconnect();
});

function serve(server, endpoint) {
  server.on('request', (request, response) => {
    endpoint.handle(request, response).catch((error) => {
      // A client that is gone, as a terminated worker's is, leaves half a request behind.
      if (!request.destroyed) log({ type: 'violation', rule: 'soak', text: error.stack });
      response.destroy();
    });
  });
}
