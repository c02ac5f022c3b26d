import { demonstrate } from '../demonstration/demonstrate.mjs';
import { show, step } from '../start/narration.mjs';

const INVOKER = new URL('invoke.mjs', import.meta.url);
const EVENTS = ['Lindqvist', 'Okafor', 'Haddad', 'Nobody', undefined].map((family) =>
  JSON.stringify({ version: '2.0', routeKey: 'GET /patients', queryStringParameters: { family } }),
);

await demonstrate(
  { about: 'A handler for AWS Lambda', scope: 'system/Patient.rs' },
  async ({ server, start }) => {
    const invoke = async () => {
      const environment = start(INVOKER, { name: 'lambda', input: `${EVENTS.join('\n')}\n` });
      await environment.end();
      const answers = environment.output.map((line) => JSON.parse(line).statusCode);
      show('answers', answers.join(', '));
      show('token requests', server.requestsTo('token').length);
    };

    step('A cold start, and the invocations that follow');
    await invoke();
    step('Another environment, which has a token of its own');
    await invoke();
    server.assertNoRefusals();
  },
);
