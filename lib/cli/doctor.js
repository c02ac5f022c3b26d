'use strict';

const { ClientAuthError } = require('../client-auth-error.js');
const { ClientAuthInterceptorFactory } = require('../client-auth-interceptor-factory.js');
const { CLIENT_OPTIONS, CLIENT_USAGE, readClientOptions, variable } = require('./client-options.js');
const { causeOf } = require('./doctor/causes.js');
const { asCode } = require('./doctor/code.js');
const { experimentsFor, runExperiments } = require('./doctor/experiments.js');
const { authorisedRequest, registeredKeys, tlsOf } = require('./doctor/network.js');
const { proxyFor } = require('./doctor/proxies.js');
const { Report } = require('./doctor/report.js');
const steps = require('./doctor/steps.js');
const { jsonDocument } = require('./terminal.js');
const { UsageError } = require('./usage-error.js');

/**
 * @typedef {import('./main.js').Io} Io
 * @typedef {import('./doctor/steps.js').Step} Step
 * @typedef {import('../../index.js').Diagnosis} Diagnosis
 * @typedef {import('../../index.js').ClientAuthOptions} ClientAuthOptions
 */

const summary = 'find out why there is no token, step by step';

const usage = `Usage: smart-m2m doctor [<fhir-base>] [options]

The FHIR base URL can come from SMART_M2M_FHIR_BASE_URL; with --issuer or --token-endpoint instead there is no
request to a FHIR server.

Walks the whole way to an authorised request: settings, discovery, TLS, clock, algorithm, audience, key id, the
registered public keys, the token request, the granted scopes and a request to the FHIR server. Each step is marked
✓ (in order), ! (look at it), ✗ (failed, with the likely cause and what to change) or - (not needed, not reached).
No credential is printed. Exit code 1: a step failed, also where an experiment has brought a token.

  --json                       everything as JSON
  --probe <query>              the authorised request, below the FHIR base; default: a search that the granted
                               scopes allow
  --experiment                 after a refusal, try other settings one at a time without asking; on a terminal they
                               are offered

${CLIENT_USAGE}
Example
  smart-m2m doctor https://fhir.example.org/r4 --client-id my-client-id --key my-keystore.jwks --scope 'system/*.read'
`;

const options = /** @type {const} */ ({
  ...CLIENT_OPTIONS,
  json: { type: 'boolean' },
  probe: { type: 'string' },
  experiment: { type: 'boolean' },
});

/**
 * @param {{ values: any, positionals: string[], io: Io }} invocation
 * @returns {Promise<number>}
 */
async function run({ values, positionals, io }) {
  const [fhirBaseUrl = variable(io, 'FHIR_BASE_URL'), ...rest] = positionals;
  if (rest.length > 0) throw new UsageError('one FHIR base URL at a time');
  if (values.probe !== undefined && !URL.canParse(values.probe, 'https://host.invalid/')) {
    throw new UsageError('--probe: expected a query below the FHIR base, such as Patient?_count=1');
  }
  const report = values.json ? null : new Report(io);
  const examination = new Examination(values, io, report);
  const isWell = await examination.run(fhirBaseUrl);
  if (values.json) io.stdout.write(jsonDocument(examination.result));
  return isWell ? 0 : 1;
}

/** One walk through all the steps. */
class Examination {
  /**
   * `code`: the settings of the experiment that has brought a token.
   *
   * @type {{ steps: Step[], experiments: import('./doctor/experiments.js').Outcome[], token: boolean, code: string | null }}
   */
  result = { steps: [], experiments: [], token: false, code: null };
  /** @type {ClientAuthOptions} */
  #settings = { clientId: '', scope: null };
  #values;
  #io;
  #report;

  /**
   * @param {any} values
   * @param {Io} io
   * @param {InstanceType<typeof Report> | null} report
   */
  constructor(values, io, report) {
    this.#values = values;
    this.#io = io;
    this.#report = report;
  }

  /**
   * @param {string | undefined} fhirBaseUrl
   * @returns {Promise<boolean>} whether nothing failed
   */
  async run(fhirBaseUrl) {
    const interceptor = await this.#create(fhirBaseUrl);
    if (interceptor === null) return this.#isWell();
    this.#report?.waitingFor('discovery and the token request');
    const diagnosis = await interceptor.diagnose({ signal: this.#io.signal });
    const cause = await this.#show(diagnosis, interceptor);
    interceptor.close();
    if (cause?.isOpen) await this.#experiment(diagnosis);
    return this.#isWell();
  }

  /** @param {string | undefined} fhirBaseUrl */
  async #create(fhirBaseUrl) {
    try {
      this.#settings = await readClientOptions(this.#values, this.#io, fhirBaseUrl);
      // Whoever looks on wants the first answer, not to wait for as long as a server asks before the next attempt.
      const interceptor = ClientAuthInterceptorFactory.create({ retry: { attempts: 1 }, ...this.#settings });
      this.#add(settingsStep(this.#settings, interceptor));
      return interceptor;
    } catch (error) {
      if (!(error instanceof ClientAuthError)) throw error;
      this.#add(steps.failure('Settings', error.message, null));
      return null;
    }
  }

  /**
   * @param {Diagnosis} diagnosis
   * @param {import('../../index.js').ClientAuthInterceptor} interceptor
   * @returns {Promise<import('./doctor/causes.js').Cause | null>}
   */
  async #show(diagnosis, interceptor) {
    const { http = {} } = this.#settings;
    const { ca, clientCertificate } = http;
    const { env, signal } = this.#io;
    const network = {
      ca,
      clientCertificate,
      signal,
      proxyFor: (/** @type {URL} */ url) => proxyFor(url, http, env),
    };
    const keys =
      diagnosis.request?.method === 'private_key_jwt' ? await registeredKeys(diagnosis, network) : null;
    const cause = causeOf(diagnosis, keys?.problem ?? null);
    const isOfDiscovery = steps.endedInDiscovery(diagnosis);
    this.#add(steps.discoveryStep(diagnosis, isOfDiscovery ? cause : null));
    this.#report?.waitingFor('a TLS handshake');
    for (const { host, finding } of await tlsOf(this.#settings, diagnosis, network)) {
      this.#add(steps.tlsStep(host, finding, diagnosis.token !== null));
    }
    this.#add(steps.clockStep(diagnosis));
    for (const step of steps.assertionSteps(diagnosis)) this.#add(step);
    this.#add(keys?.step ?? null);
    this.#add(steps.tokenStep(diagnosis, isOfDiscovery ? null : cause));
    this.#add(steps.scopesStep(diagnosis));
    if (diagnosis.token === null) return cause;
    this.result.token = true;
    this.#report?.waitingFor('the FHIR server');
    this.#add(await authorisedRequest(interceptor, this.#settings, diagnosis, this.#values.probe, network));
    return null;
  }

  /** @param {Diagnosis} diagnosis */
  async #experiment(diagnosis) {
    const experiments = experimentsFor(this.#settings, diagnosis);
    if (experiments.length === 0) return;
    const withoutAsking = this.#values.experiment === true;
    if (!withoutAsking && (this.#values.json || !this.#io.isTerminal)) {
      const labels = experiments.map(({ label }) => `  ${label}`).join('\n');
      this.#report?.text(`\nWith --experiment these settings are tried, one at a time:\n${labels}`);
      return;
    }
    this.#report?.text('\nOther settings that this server may want, one at a time:');
    const { settings, outcomes } = await runExperiments(experiments, {
      settings: this.#settings,
      io: this.#io,
      withoutAsking,
      onStart: (label) => this.#report?.waitingFor(label),
      onOutcome: (outcome) => this.#report?.step(stepOf(outcome)),
    });
    this.result.experiments = outcomes;
    if (settings === null) {
      this.#report?.text(
        'None of them brings a token: what is registered with the server is left to look at.',
      );
      return;
    }
    this.result.token = true;
    this.#report?.text('\nA token is granted with:');
    this.result.code = asCode(settings, this.#values, this.#io.env);
    this.#report?.code(this.result.code);
  }

  /** @param {Step | null} step */
  #add(step) {
    if (step === null) return;
    this.result.steps.push(step);
    this.#report?.step(step);
  }

  #isWell() {
    return this.result.steps.every(({ status }) => status !== 'failed');
  }
}

/**
 * @param {ClientAuthOptions} settings
 * @param {import('../../index.js').ClientAuthInterceptor} interceptor
 * @returns {Step}
 */
function settingsStep({ clientId, keystore, clientAuthMethod, scope }, interceptor) {
  const proof =
    keystore === undefined ? (clientAuthMethod ?? 'a secret or a certificate') : keyOf(interceptor);
  return { name: 'Settings', status: 'ok', summary: `${clientId}, ${proof}, scope ${scope ?? '(none)'}` };
}

/** @param {import('../../index.js').ClientAuthInterceptor} interceptor */
function keyOf(interceptor) {
  const [key] = /** @type {Record<string, string>[]} */ (interceptor.publicJwks().keys);
  return `key ${key.kid} (${[key.kty, key.crv].filter(Boolean).join(' ')})`;
}

/**
 * @param {import('./doctor/experiments.js').Outcome} outcome
 * @returns {Step}
 */
function stepOf({ label, result, message }) {
  const status = /** @type {const} */ ({ token: 'ok', refused: 'failed', 'not tried': 'skipped' })[result];
  const what = { token: 'a token is granted', refused: message ?? 'refused', 'not tried': 'not tried' }[
    result
  ];
  return { name: 'Experiment', status, summary: `${label}: ${what}` };
}

module.exports = { allowPositionals: true, options, run, summary, usage };
