import { inspect } from 'node:util';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { DataPointType, MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { startTelemetry } from '@org/smart-m2m/opentelemetry';
import test from 'ava';
import { runNode } from '../support/child.mjs';
import { eventually } from '../support/eventually.mjs';
import { startPlainServer } from '../support/plain-server.mjs';
import { json, text } from '../support/recording-server.mjs';

// What is published is the thread's, and so tests of this file would hear of each other: they are told apart by
// their server's port, and those of warnings run alone.

test.beforeEach(async (t) => {
  const server = await startPlainServer();
  t.context = { server, interceptor: ClientAuthInterceptorFactory.create(server.options) };
});

test.afterEach.always(({ context }) => context.server?.close());

test('an attempt that brought a token is a client span', async (t) => {
  const { server, interceptor } = t.context;
  const told = start(t);
  const before = Date.now();
  await interceptor.getAuthorizationHeader();
  const [span] = await eventually(() => told.spans.length === 1 && told.spans);
  t.is(span.name, 'POST token');
  t.is(span.kind, SpanKind.CLIENT);
  t.is(span.status.code, SpanStatusCode.UNSET);
  t.is(span.parentSpanContext, undefined);
  t.deepEqual(span.attributes, {
    'http.request.method': 'POST',
    'url.full': server.url('/token'),
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(server.origin).port),
    'smart_m2m.reason': 'initial',
  });
  const [began, ended] = [span.startTime, span.endTime].map(milliseconds);
  t.true(began >= before - 1 && began < ended && ended <= Date.now() + 1, `${before} ${began} ${ended}`);
});

test('every attempt has a span, and one that failed says why', async (t) => {
  const { server, interceptor } = t.context;
  const told = start(t);
  server.on('POST /token', [text(503, 'down'), server.issue()]);
  await interceptor.getAuthorizationHeader();
  const [first, second] = await eventually(() => told.spans.length === 2 && told.spans);
  t.is(first.status.code, SpanStatusCode.ERROR);
  t.is(first.attributes['error.type'], 'ERR_SERVER');
  t.is(first.attributes['http.response.status_code'], 503);
  t.is(first.attributes['http.request.resend_count'], undefined);
  t.is(second.status.code, SpanStatusCode.UNSET);
  t.is(second.attributes['http.request.resend_count'], 1);
});

test('token requests, their durations and their failures are counted', async (t) => {
  const { server, interceptor } = t.context;
  const told = start(t);
  server.on('POST /token', [server.issue(), json(400, { error: 'invalid_scope' })]);
  await interceptor.getAuthorizationHeader();
  interceptor.invalidate();
  await t.throwsAsync(interceptor.getAuthorizationHeader());
  await eventually(() => told.spans.length === 2);
  const metrics = await told.collect();
  const shared = {
    'server.address': '127.0.0.1',
    'server.port': Number(new URL(server.origin).port),
  };
  const initial = { ...shared, 'smart_m2m.reason': 'initial' };
  const rejected = { ...shared, 'smart_m2m.reason': 'rejected' };
  const refused = { ...rejected, 'error.type': 'ERR_TOKEN_REJECTED' };
  t.deepEqual(points(metrics, 'smart_m2m.token.requests', server), [
    [initial, 1],
    [rejected, 1],
  ]);
  t.deepEqual(points(metrics, 'smart_m2m.token.failures', server), [[refused, 1]]);
  const durations = points(metrics, 'smart_m2m.token.request.duration', server);
  t.deepEqual(
    durations.map(([attributes, { count }]) => [attributes, count]),
    [
      [initial, 1],
      [refused, 1],
    ],
  );
  for (const [, { sum }] of durations) t.true(sum > 0 && sum < 30, `${sum} s`);
  const histogram = metrics.find(({ descriptor }) => descriptor.name === 'smart_m2m.token.request.duration');
  t.is(histogram.descriptor.unit, 's');
  t.is(histogram.dataPointType, DataPointType.HISTOGRAM);
});

test('cache hits are those of the interceptors that are observed, added up by their attributes', async (t) => {
  const { server, interceptor } = t.context;
  const { telemetry, collect } = start(t);
  const create = () => ClientAuthInterceptorFactory.create(server.options);
  const [second, third, unobserved] = [create(), create(), create()];
  telemetry.observe(interceptor);
  telemetry.observe(interceptor);
  telemetry.observe(second);
  telemetry.observe(third, { server: 'third' });
  for (const each of [interceptor, second, third, unobserved]) await each.getAuthorizationHeader();
  const before = [interceptor, second, third].map((each) => each.stats().cacheHits);
  for (const each of [interceptor, interceptor, second, third, unobserved]) {
    await each.getAuthorizationHeader();
  }
  second.close();
  const expected = [
    [{}, before[0] + before[1] + 3],
    [{ server: 'third' }, before[2] + 1],
  ];
  const hits = async () => points(await collect(), 'smart_m2m.cache.hits');
  t.deepEqual(await hits(), expected);
  t.deepEqual(await hits(), expected, 'a sum, however often it is asked for');
});

test('an interceptor that is gone leaves its hits behind', async (t) => {
  const { server } = t.context;
  const { code, stdout, stderr } = await runNode(
    `import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    import { startTelemetry } from '@org/smart-m2m/opentelemetry';
    import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
    import { setImmediate } from 'node:timers/promises';
    class Reader extends MetricReader { async onShutdown() {} async onForceFlush() {} }
    const reader = new Reader();
    const meterProvider = new MeterProvider({ readers: [reader] });
    const telemetry = startTelemetry({ meterProvider });
    const hits = async () => (await reader.collect()).resourceMetrics.scopeMetrics[0].metrics
      .find(({ descriptor }) => descriptor.name === 'smart_m2m.cache.hits').dataPoints[0].value;
    let seen;
    await (async () => {
      const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));
      seen = new WeakRef(interceptor);
      telemetry.observe(interceptor);
      for (let call = 0; call < 6; call += 1) await interceptor.getAuthorizationHeader();
    })();
    const before = await hits();
    while (seen.deref() !== undefined) { await setImmediate(); gc(); }
    console.log(JSON.stringify([before, await hits()]));`,
    { evaluate: true, args: [JSON.stringify(server.options)], nodeArgs: ['--expose-gc'] },
  );
  t.is(code, 0, stderr);
  t.deepEqual(JSON.parse(stdout), [5, 5]);
});

test.serial('warnings are counted by their code', async (t) => {
  const { collect } = start(t);
  const { interceptor } = t.context;
  await interceptor.getAuthorizationHeaderFor('https://one.test/');
  await interceptor.getAuthorizationHeaderFor('https://two.test/');
  const counted = points(await collect(), 'smart_m2m.warnings');
  const withheld = counted.find(([attributes]) => attributes['smart_m2m.warning.code'] === 'TOKEN_WITHHELD');
  t.true(withheld[1] >= 2);
  for (const [attributes] of counted) t.deepEqual(Object.keys(attributes), ['smart_m2m.warning.code']);
});

test('nothing that is told is secret, and the client id only where it is asked for', async (t) => {
  const { server } = t.context;
  const discreet = start(t);
  const open = start(t, { includeClientId: true });
  const clientId = 'told-if-asked';
  const clientSecret = 'sS4-secret-Zz9';
  server.on('POST /token', [
    ({ body, headers }) => text(503, `${body} ${headers.authorization}`),
    server.issue({ access_token: 'tT7-token-Ww6' }),
  ]);
  const interceptor = ClientAuthInterceptorFactory.create({
    ...server.options,
    clientId,
    clientSecret,
    tokenEndpoint: server.url('/token?key=qQ6-query-Xx7'),
  });
  await interceptor.getAuthorizationHeader();
  await eventually(() => open.spans.length === 2 && discreet.spans.length === 2);
  const shown = async ({ spans, collect }) =>
    inspect(
      [
        spans.map(({ name, attributes, status, events }) => [name, attributes, status, events]),
        await collect(),
      ],
      {
        depth: 20,
        maxArrayLength: null,
      },
    );
  const [discreetly, openly] = [await shown(discreet), await shown(open)];
  for (const secret of [clientSecret, 'qQ6-query-Xx7', 'tT7-token-Ww6', 'Basic']) {
    t.false(discreetly.includes(secret), secret);
    t.false(openly.includes(secret), secret);
  }
  t.false(discreetly.includes(clientId));
  for (const { attributes } of open.spans) t.is(attributes['smart_m2m.client_id'], clientId);
});

test('after it was stopped nothing is told', async (t) => {
  const { interceptor } = t.context;
  const told = start(t);
  told.telemetry.observe(interceptor);
  told.telemetry.stop();
  await interceptor.getAuthorizationHeader();
  interceptor.invalidate();
  await interceptor.getAuthorizationHeader();
  t.is(told.spans.length, 0);
  t.deepEqual(points(await told.collect(), 'smart_m2m.cache.hits'), []);
});

test('by default the global providers are used', async (t) => {
  const { server } = t.context;
  const { code, stdout, stderr } = await runNode(
    `import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
    import { startTelemetry } from '@org/smart-m2m/opentelemetry';
    import { trace } from '@opentelemetry/api';
    import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
    const exporter = new InMemorySpanExporter();
    startTelemetry();
    // Tracers of the API wait for their provider.
    trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
    await ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1])).getAuthorizationHeader();
    console.log(exporter.getFinishedSpans().map(({ name }) => name).join());`,
    { evaluate: true, args: [JSON.stringify(server.options)] },
  );
  t.is(code, 0, stderr);
  t.is(stdout, 'POST token\n');
});

test('without @opentelemetry/api it does nothing', async (t) => {
  const { server } = t.context;
  const { code, stdout, stderr } = await runNode(
    `import Module from 'node:module';
    import { hasSubscribers } from 'node:diagnostics_channel';
    const { _resolveFilename: resolve } = Module;
    Module._resolveFilename = (request, ...rest) => {
      if (request !== '@opentelemetry/api') return resolve(request, ...rest);
      throw Object.assign(new Error('hidden by the test'), { code: 'MODULE_NOT_FOUND' });
    };
    const { ClientAuthInterceptorFactory } = await import('@org/smart-m2m');
    const { startTelemetry } = await import('@org/smart-m2m/opentelemetry');
    const telemetry = startTelemetry();
    const interceptor = ClientAuthInterceptorFactory.create(JSON.parse(process.argv[1]));
    telemetry.observe(interceptor);
    console.log(await interceptor.getAuthorizationHeader(), hasSubscribers('tracing:smart-m2m:token:end'));
    telemetry.stop();`,
    { evaluate: true, args: [JSON.stringify(server.options)] },
  );
  t.is(code, 0, stderr);
  t.is(stdout, 'Bearer token-1 false\n');
});

class CollectingReader extends MetricReader {
  async onShutdown() {}
  async onForceFlush() {}
}

/** Telemetry into memory, until the test is over; of spans those of the test's own server. */
function start(t, options = {}) {
  const exporter = new InMemorySpanExporter();
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  const reader = new CollectingReader();
  const meterProvider = new MeterProvider({ readers: [reader] });
  const telemetry = startTelemetry({ tracerProvider, meterProvider, ...options });
  t.teardown(() => {
    telemetry.stop();
    return Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()]);
  });
  const port = Number(new URL(t.context.server.origin).port);
  return {
    telemetry,
    get spans() {
      return exporter.getFinishedSpans().filter(({ attributes }) => attributes['server.port'] === port);
    },
    async collect() {
      const { resourceMetrics } = await reader.collect();
      return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    },
  };
}

/** `[attributes, value]` of a metric's data points; of one server where it is named. */
function points(metrics, name, server) {
  const port = server === undefined ? undefined : Number(new URL(server.origin).port);
  const metric = metrics.find(({ descriptor }) => descriptor.name === name);
  return (metric?.dataPoints ?? [])
    .filter(({ attributes }) => port === undefined || attributes['server.port'] === port)
    .map(({ attributes, value }) => [attributes, value]);
}

function milliseconds([seconds, nanoseconds]) {
  return seconds * 1000 + nanoseconds / 1e6;
}
