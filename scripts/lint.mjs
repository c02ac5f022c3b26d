import { lint } from './lint-steps.mjs';
import { prepareAddon, prepareTools } from './prepare.mjs';

const ready = (await prepareTools()) && (await prepareAddon());
const results = ready ? await lint() : [];
for (const { name, failed } of results) console.log(`${failed > 0 ? 'failed' : 'passed'}  ${name}`);
if (!ready || results.some(({ failed }) => failed > 0)) process.exitCode = 1;
