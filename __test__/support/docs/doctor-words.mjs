import { createRequire } from 'node:module';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';

const { main } = createRequire(import.meta.url)('../../../lib/cli/main.js');

/**
 * What the doctor says about what is wrong: the steps that failed, without what was sent and received.
 *
 * @param {string[]} args
 * @returns {Promise<string>}
 */
export async function doctorsWords(args) {
  const streams = { stdout: new PassThrough(), stderr: new PassThrough() };
  const printed = Promise.all([text(streams.stdout), text(streams.stderr)]);
  const { signal } = new AbortController();
  await main(['doctor', ...args], { ...streams, stdin: process.stdin, env: {}, isTerminal: false, signal });
  streams.stdout.end();
  streams.stderr.end();
  const [report, complaint] = await printed;
  return report === '' ? complaint.trimEnd() : failuresOf(report);
}

function failuresOf(report) {
  const kept = [];
  let isFailure = false;
  let isDetail = false;
  for (const line of report.split('\n')) {
    if (/^\S/.test(line)) {
      isFailure = line.startsWith('✗');
      isDetail = false;
    }
    const label = /^ {18}(\S+) {2,}/.exec(line)?.[1];
    if (label !== undefined) isDetail = label !== 'cause' && label !== 'change';
    if (isFailure && !isDetail && line.trim() !== '') kept.push(line);
  }
  return kept.join('\n');
}
