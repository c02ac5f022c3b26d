import { startRecordingServer, text } from './recording-server.mjs';

/**
 * A server for one test, in clear text: what is tested is the runner.
 *
 * @param {import('ava').ExecutionContext} t
 * @param {Parameters<typeof startRecordingServer>[0]['handler']} [handler]
 */
export async function openServer(t, handler = text(404, '')) {
  const server = await startRecordingServer({ handler });
  t.teardown(server.close);
  return server;
}

export const neverAnswers = (_request, _response, _body) => new Promise(() => {});
