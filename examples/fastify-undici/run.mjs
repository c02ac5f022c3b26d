import { demonstrate } from '../demonstration/demonstrate.mjs';
import { show, step } from '../start/narration.mjs';

const CALLERS = 50;

await demonstrate(
  { about: 'A Fastify service that asks a FHIR server through undici', scope: 'system/Patient.rs' },
  async ({ server, start }) => {
    step('The service starts');
    const service = start(new URL('service.mjs', import.meta.url), { name: 'service', env: { PORT: '0' } });
    const [, origin] = await service.line(/^listening on (\S+)/);
    const statusOf = async (id) => {
      const response = await fetch(`${origin}/patients/${id}`);
      await response.text();
      return response.status;
    };
    const statusOfAll = async () => {
      const ids = Array.from({ length: CALLERS }, (_, at) => String((at % 3) + 1));
      return new Set(await Promise.all(ids.map(statusOf)));
    };

    step(`${CALLERS} callers at once`);
    show('answers', [...(await statusOfAll())].join(', '));
    show('token requests', server.requestsTo('token').length);
    server.assertNoRefusals();

    step('A patient that there is not, an id that is none, a server in trouble');
    const answers = [await statusOf('999'), await statusOf('%2e%2e%2fmetadata')];
    server.fail('fhir', { status: 500 });
    answers.push(await statusOf('1'));
    show('answers', answers.join(', '));

    step('The server revokes the token, and the callers come again');
    server.revokeTokens();
    show('answers', [...(await statusOfAll())].join(', '));
    show('token requests', server.requestsTo('token').length);

    step('The service stops');
    service.stop();
    await service.end();
  },
);
