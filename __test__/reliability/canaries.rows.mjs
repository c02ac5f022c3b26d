// Where credentials are looked for, in clear and in a dozen spellings, after every credential was used well and badly.

export const TITLE = 'Places where a credential could show';
export const KIND = 'input';

const NONE = 'no secret, key, passphrase, assertion or token in it';

/**
 * `evidence`: the files that hold what was found at that place. `isShown`: what the user asked to see.
 *
 * @type {{ name: string, outcome: string, evidence: string[], needs?: 'glibc' }[]}
 */
export const ROWS = [
  {
    name: 'messages, stacks, members and causes of errors',
    outcome: NONE,
    evidence: ['errors.txt'],
  },
  {
    name: 'util.inspect of everything, with showHidden, getters and to any depth',
    outcome: NONE,
    evidence: ['inspected.txt'],
  },
  {
    name: 'JSON.stringify of everything',
    outcome: NONE,
    evidence: ['serialised.txt'],
  },
  {
    name: 'structuredClone and v8.serialize of everything',
    outcome: NONE,
    evidence: ['cloned.txt'],
  },
  {
    name: 'the diagnostics channels',
    outcome: NONE,
    evidence: ['published.txt'],
  },
  {
    name: 'OpenTelemetry spans',
    outcome: NONE,
    evidence: ['spans.txt'],
  },
  {
    name: 'warnings of the process, under --trace-warnings',
    outcome: NONE,
    evidence: ['warnings.txt'],
  },
  {
    name: 'a diagnostic report of the process',
    outcome: NONE,
    evidence: ['report.txt'],
  },
  {
    name: 'performance entries and trace events',
    outcome: NONE,
    evidence: ['performance.txt', 'trace.log'],
  },
  {
    name: 'the output of a process under NODE_DEBUG=*, RUST_LOG=trace and RUST_BACKTRACE=1',
    outcome: NONE,
    evidence: ['told.out'],
  },
  {
    name: 'the output of smart-m2m doctor, that works and that does not',
    outcome: NONE,
    evidence: ['doctor.out'],
  },
  {
    name: 'the output of smart-m2m token without --show, that works and that does not',
    outcome: NONE,
    evidence: ['token.out'],
  },
  {
    name: 'the output of smart-m2m run, whose script logs its clients and errors',
    outcome: NONE,
    evidence: ['run.out'],
  },
  {
    name: 'a heap snapshot after close() and a collection',
    outcome: NONE,
    evidence: ['after.heapsnapshot'],
  },
  {
    name: 'native memory after close(), unregister() and a collection',
    outcome: NONE,
    evidence: ['released'],
    needs: 'glibc',
  },
];
