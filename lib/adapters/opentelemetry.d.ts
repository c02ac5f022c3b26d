import type { Attributes, MeterProvider, TracerProvider } from '@opentelemetry/api';
import type { ClientAuthInterceptor } from '../../index.js';

export interface TelemetryOptions {
  /** Default: the global one of `@opentelemetry/api`. */
  tracerProvider?: TracerProvider | undefined;
  /** Default: the global one of `@opentelemetry/api`, as it is registered by then. */
  meterProvider?: MeterProvider | undefined;
  /** Adds `smart_m2m.client_id` to spans and metrics. Default false. */
  includeClientId?: boolean | undefined;
}

export interface Telemetry {
  /**
   * Counts the cache hits of this interceptor in `smart_m2m.cache.hits`, under these attributes (default none); those
   * with the same attributes are added up. Does not keep the interceptor alive.
   */
  observe(interceptor: ClientAuthInterceptor, attributes?: Attributes): void;
  /** Ends it. What was told stays told. */
  stop(): void;
}

/**
 * Tells OpenTelemetry of this thread's token requests, through `@opentelemetry/api` 1.9. Without that package
 * installed it does nothing. Nothing that it tells is secret; client ids only where they are asked for. A token
 * request that threads share is told of in each thread that has an interceptor of its client.
 *
 * A span `POST token` for each HTTP attempt, of kind CLIENT and without a parent, because any number of callers wait
 * for one token: `http.request.method`, `url.full` (without query), `server.address`, `server.port`,
 * `http.request.resend_count` of retries, `smart_m2m.reason` (`initial`, `expiring`, `rejected`) and, where it
 * failed, `error.type` (the error's code) and `http.response.status_code`.
 *
 * Metrics: the counters `smart_m2m.token.requests` and `smart_m2m.token.failures` and the histogram
 * `smart_m2m.token.request.duration` (seconds), each with `server.address`, `server.port`, `smart_m2m.reason` and, the
 * latter two, `error.type`; the counter `smart_m2m.warnings` by `smart_m2m.warning.code`; the observable counter
 * `smart_m2m.cache.hits` of interceptors that are given to `observe`.
 *
 * @example
 * import { startTelemetry } from '@org/smart-m2m/opentelemetry';
 *
 * const telemetry = startTelemetry();
 * telemetry.observe(interceptor);
 */
export declare function startTelemetry(options?: TelemetryOptions): Telemetry;
