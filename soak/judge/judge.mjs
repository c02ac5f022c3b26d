import { BASES } from '../plan.mjs';
import { RULES } from '../rules.mjs';
import { IdentityLog } from './identity-log.mjs';
import { memoryGrowth } from './memory.mjs';

/** By so much the server's word must be newer than a call that is judged: the server may have noticed things late. */
const HEARING_MS = 3000;
/** Between the clocks of two processes. */
const CLOCK_MS = 50;
/** Violations of one rule that are shown, of however many. */
const SHOWN = 5;

/** A soak in which one of these did not happen has shown nothing. */
const TRIED = ['headers', 'aborted by their own signal', 'closed by their own thread', 'workers terminated'];

/** Holds what the load reports against what the server did. */
export class Judge {
  /** @type {Map<string, IdentityLog>} */
  #identities = new Map();
  /** @type {Map<string, { number: number, identity: string }[]>} refusals by request of `fetch` */
  #refusals = new Map();
  /** @type {object[]} calls to be judged */
  #pending = [];
  /** @type {[owner: string, at: number][]} when workers were told to end, the latest first */
  #endings = [];
  #startedAt = Date.now();
  /** The server has told all that it knew then. */
  #heardUntil = 0;
  #fromLoad = 0;
  #show;
  /** @type {Record<string, number>} by rule */
  violations = {};
  /** @type {import('./memory.mjs').MemorySample[]} */
  memory = [];
  tally = {};
  counts = { 'token requests': 0, 'tokens issued': 0, 'FHIR requests': 0, '401 answers': 0 };
  faults = {};
  discoveries = {};

  /** @param {(text: string) => void} show for violations, at once */
  constructor(show) {
    this.#show = show;
  }

  get violationCount() {
    return Object.values(this.violations).reduce((sum, number) => sum + number, 0);
  }

  /** @param {{ events: object[], until: number }} news of the server, everything before that moment */
  hearServer({ events, until }) {
    for (const event of events) this.#hearEvent(event);
    this.#heardUntil = until;
  }

  #hearEvent(event) {
    const handlers = {
      attempt: () => this.#attempt(event),
      refusal: () => this.#refusal(event),
      revocation: () => count(this.faults, `revoked by ${event.kind}`),
      'idle end': () => count(this.faults, 'idle connection ended'),
      'fhir request': () => count(this.counts, 'FHIR requests'),
      discovery: () => count(this.discoveries, event.base),
      violation: () => this.violation(event.rule, event.text),
    };
    handlers[event.type]();
  }

  /** @param {object} record of the load */
  hearLoad(record) {
    const handlers = {
      failed: () => this.#pending.push(record),
      refused: () => this.#pending.push(record),
      waited: () => this.#pending.push(record),
      snapshot: () => {
        this.tally = record.tally;
      },
      ending: () => this.#endings.unshift([record.owner, record.at]),
      memory: () => this.memory.push(record),
      violation: () => {
        this.#fromLoad += 1;
        this.violation(record.rule, record.text);
      },
    };
    handlers[record.type]?.();
  }

  /** Those about which the server's word is there, however late this process hears it. */
  judgeCalls() {
    while (this.#pending.length > 0 && this.#pending[0].settledAt < this.#heardUntil - HEARING_MS) {
      this.#judge(this.#pending.shift());
    }
  }

  /** @param {object | null} summary of the load; null if it never came */
  finish(summary) {
    this.#heardUntil = Infinity;
    this.judgeCalls();
    const elapsed = Date.now() - this.#startedAt;
    for (const log of this.#identities.values()) {
      for (const [rule, text] of log.excesses(elapsed)) this.violation(rule, text);
    }
    for (const base of BASES) {
      // The document is good for an hour.
      const times = this.discoveries[base] ?? 0;
      if (times !== 1) this.violation('discovery', `${base} was discovered ${times} times`);
    }
    const growth = memoryGrowth(this.memory);
    if (growth.isExcessive) this.violation('rss', growth.text);
    if (summary !== null) this.#finishLoad(summary);
  }

  #finishLoad({ tally, openCalls, traces, files, resources }) {
    this.tally = tally;
    const lost = tally.violations - this.#fromLoad;
    if (lost > 0) this.violation('soak', `${lost} violations were lost with the workers that had found them`);
    if (openCalls > 0) this.violation('settled', `${openCalls} calls of the main thread have not`);
    if (traces.open > 0) this.violation('traces', `${traces.open} of ${traces.count} have not`);
    if (files.after > files.before) {
      const [before, after] = files.kinds.map((kinds) => JSON.stringify(kinds));
      this.violation('files', `${files.before} files became ${files.after}: ${before} became ${after}`);
    }
    for (const [type, number] of Object.entries(resources.after)) {
      const before = resources.before[type] ?? 0;
      if (number > before) this.violation('handles', `${before} × ${type} became ${number}`);
    }
    for (const name of TRIED) if (!(tally[name] > 0)) this.violation('soak', `${name}: none`);
    if (traces.count === 0) this.violation('soak', 'attempts traced: none');
  }

  /**
   * @param {keyof typeof RULES} rule
   * @param {string} text
   */
  violation(rule, text) {
    count(this.violations, rule);
    if (this.violations[rule] <= SHOWN) this.#show(`${RULES[rule]}: ${text}`);
  }

  #judge(record) {
    const { type, identity, call, code } = record;
    const log = this.#log(identity);
    if (type === 'premature') {
      if (!this.#isOrphan(record)) this.violation(record.rule, `${identity} ${record.text}`);
    } else if (type === 'waited') {
      const living = log.needlessWait(record);
      if (living !== null) this.violation('waiting', `${call}: ${living}`);
    } else {
      const why = type === 'failed' ? log.unexcused(record) : this.#unexcused401(record);
      if (why !== null) this.violation('success', `${call}: ${code ?? 401}, and ${why}`);
    }
  }

  /** A worker that ends takes its sources along, while the last of its calls may still be under way. */
  #isOrphan({ identity, settledAt }) {
    const ending = this.#endings.find(([owner]) => identity.startsWith(owner));
    return ending !== undefined && ending[1] < settledAt + CLOCK_MS;
  }

  #attempt(event) {
    const { outcome, identity } = event;
    count(this.counts, 'token requests');
    if (outcome === 'token') count(this.counts, 'tokens issued');
    else if (outcome !== 'rejected') count(this.faults, event.status ? `answer ${event.status}` : outcome);
    const broken = this.#log(identity).add(event);
    if (broken === null) return;
    const [rule, text] = broken;
    this.#pending.push({ type: 'premature', rule, text, identity, settledAt: event.arrivedAt });
  }

  #refusal(event) {
    count(this.counts, '401 answers');
    this.#log(event.identity).refuse(event);
    const earlier = this.#refusals.get(event.request) ?? [];
    this.#refusals.set(event.request, [...earlier, event]);
    if (this.#refusals.size > 10_000) this.#refusals.delete(this.#refusals.keys().next().value);
  }

  /** A second 401 stands; and so does one for a replacement that was refused too, which is kept for a while. */
  #unexcused401({ request, identity }) {
    const refusals = this.#refusals.get(request) ?? [];
    if (new Set(refusals.map(({ number }) => number)).size > 1) return null;
    const [first] = refusals;
    if (first !== undefined && this.#log(identity).wasReplacement(first.number)) return null;
    return `the server refused ${refusals.length} tokens of it`;
  }

  #log(identity) {
    let log = this.#identities.get(identity);
    if (log === undefined) {
      log = new IdentityLog(identity);
      this.#identities.set(identity, log);
    }
    return log;
  }
}

function count(counts, name) {
  counts[name] = (counts[name] ?? 0) + 1;
}
