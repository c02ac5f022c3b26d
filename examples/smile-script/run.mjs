import { fileURLToPath } from 'node:url';
import { demonstrate } from '../demonstration/demonstrate.mjs';
import { show, step } from '../start/narration.mjs';

const COMMAND = new URL('../../lib/cli/bin.js', import.meta.url);
const IDENTIFIERS = JSON.stringify(['MRN-1', 'MRN-2', 'MRN-3', 'MRN-4']);

await demonstrate(
  {
    about: 'Scripts in the manner of Smile CDR, run by `smart-m2m run`',
    scope: 'system/Patient.rs',
    clientSecret: 'only-for-this-example',
  },
  async ({ server, start }) => {
    for (const [script, about] of [
      ['by-hand.js', 'The client credentials grant by hand'],
      ['with-interceptor.js', 'The same with an interceptor'],
    ]) {
      step(about);
      const before = server.requestsTo('token').length;
      const path = fileURLToPath(new URL(script, import.meta.url));
      await start(COMMAND, { name: 'script', args: ['run', path, '--argument', IDENTIFIERS] }).end();
      show('token requests', server.requestsTo('token').length - before);
    }
    server.assertNoRefusals();
  },
);
