import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { demonstrate } from '../demonstration/demonstrate.mjs';
import { remark, show, step } from '../start/narration.mjs';

const PROGRAM = new URL('export.mjs', import.meta.url);

await demonstrate(
  { about: 'A bulk export', scope: 'system/*.rs', server: { exportPolls: 2 } },
  async ({ server, folder, start }) => {
    const OUTPUT_DIR = join(folder, 'export');
    const env = { EXPORT: 'Group/1/$export?_type=Patient,Observation', OUTPUT_DIR };

    step('An export of a group, with a status that asks for patience and a server that is busy');
    server.fail('bulk', { status: 429, headers: { 'retry-after': '1' }, after: 1 });
    await start(PROGRAM, { name: 'export', env }).end();
    show('files', (await readdir(OUTPUT_DIR)).join(', '));
    const downloads = server.requestsTo('download');
    const authorized = downloads.filter(({ headers }) => headers.authorization !== undefined);
    show(
      'downloads',
      `${downloads.length} from ${server.downloadOrigin}, ${authorized.length} with the token`,
    );
    show('token requests', server.requestsTo('token').length);

    step('A download that breaks off');
    server.fail('download', { truncateAfter: 20 });
    server.configure({ exportPolls: 0 });
    await start(PROGRAM, { name: 'export', env }).end(1);

    if (process.platform === 'win32') {
      remark('One process cannot send another Ctrl-C here, so that no export is cancelled.');
      return;
    }
    step('An export that is cancelled by Ctrl-C');
    server.configure({ exportPolls: 1000, exportRetryAfterSeconds: 60 });
    const cancelled = start(PROGRAM, { name: 'export', env });
    await cancelled.line(/^in progress/);
    cancelled.stop('SIGINT');
    await cancelled.end(130);
    const { method, status } = server.requestsTo('bulk').at(-1);
    show('last request', `${method} of the export's status → HTTP ${status}`);
    show('token requests', `${server.requestsTo('token').length}, one for each process`);
  },
);
