import { demonstrate } from '../demonstration/demonstrate.mjs';
import { show, step } from '../start/narration.mjs';

const SERVICE = new URL('service.mjs', import.meta.url);
const CALLERS = 50;

await demonstrate(
  { about: 'An Express service in front of a FHIR server', scope: 'system/Patient.rs' },
  async ({ server, start }) => {
    step('The service starts');
    const service = start(SERVICE, { name: 'service', env: { PORT: '0' } });
    const [, origin] = await service.line(/^listening on (\S+)/);
    const call = () => fetch(`${origin}/patients?family=Okafor`);

    step(`${CALLERS} callers at once`);
    const answers = await Promise.all(Array.from({ length: CALLERS }, call));
    show('answers', answers.filter(({ ok }) => ok).length);
    show('found', (await answers[0].json()).map(({ name: [{ family }] }) => family).join(', '));
    show('token requests', server.requestsTo('token').length);
    const nobody = await fetch(`${origin}/patients`);
    show('without a name', `HTTP ${nobody.status} ${await nobody.text()}`);
    server.assertNoRefusals();

    step('The server revokes the token, and the callers come again');
    server.revokeTokens();
    const later = await Promise.all(Array.from({ length: CALLERS }, call));
    show('answers', later.filter(({ ok }) => ok).length);
    show('token requests', server.requestsTo('token').length);

    step('A service whose client the server does not know');
    const stranger = start(SERVICE, { name: 'service', env: { PORT: '0', CLIENT_ID: 'somebody-else' } });
    const [, strangerOrigin] = await stranger.line(/^listening on (\S+)/);
    const refused = await fetch(`${strangerOrigin}/patients?family=Okafor`);
    show('answer', `HTTP ${refused.status} ${await refused.text()}`);
    show('token requests', server.requestsTo('token').length);

    step('Both services stop');
    for (const each of [service, stranger]) {
      each.stop();
      await each.end();
    }
  },
);
