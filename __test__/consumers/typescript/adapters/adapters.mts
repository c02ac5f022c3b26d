import type { IncomingMessage, ServerResponse } from 'node:http';
import { MedplumClient } from '@medplum/core';
import { metrics, trace } from '@opentelemetry/api';
import { type ClientAuthInterceptor, ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { authorizeAxios } from '@org/smart-m2m/axios';
import * as fhirKitClient from '@org/smart-m2m/fhir-kit-client';
import { authorizeClient } from '@org/smart-m2m/fhirclient';
import { authorizationHooks } from '@org/smart-m2m/got';
import { authorizedFetch } from '@org/smart-m2m/medplum';
import { startTelemetry, type Telemetry } from '@org/smart-m2m/opentelemetry';
import { authorizationInterceptor } from '@org/smart-m2m/undici';
import axios, { Axios, type AxiosInstance } from 'axios';
import { Client } from 'fhir-kit-client';
import smart from 'fhirclient';
import got, { type Got } from 'got';
import got16 from 'got-16';
import { Agent, type Dispatcher, Pool } from 'undici';
import * as undici8 from 'undici-8';

const interceptor: ClientAuthInterceptor = ClientAuthInterceptorFactory.create({
  clientId: 'a',
  scope: null,
});
declare const request: IncomingMessage;
declare const response: ServerResponse;
const fhirBaseUrl = 'https://fhir.example.org/r4';

// ── undici ──

const dispatcher: Dispatcher = new Agent().compose(authorizationInterceptor(interceptor));
const pool: Dispatcher = new Pool(fhirBaseUrl).compose([
  authorizationInterceptor(interceptor, { origin: 'https://fhir.example.org', fhirBaseUrl }),
]);
const dispatcher8: undici8.Dispatcher = new undici8.Agent().compose(authorizationInterceptor(interceptor));
// @ts-expect-error an unknown option
authorizationInterceptor(interceptor, { origins: [] });

// ── axios ──

const instance: AxiosInstance = axios.create({ baseURL: fhirBaseUrl });
const eject: () => void = authorizeAxios(instance, interceptor, { fhirBaseUrl });
authorizeAxios(axios, interceptor);
authorizeAxios(new Axios(), interceptor);
// @ts-expect-error it has no interceptors
authorizeAxios({}, interceptor);

// ── got ──

const fhir: Got = got.extend({ prefixUrl: fhirBaseUrl }, authorizationHooks(interceptor, { fhirBaseUrl }));
got16.extend(authorizationHooks(interceptor));

// ── FHIR clients ──

const kit = new Client({
  baseUrl: fhirBaseUrl,
  requestSigner: fhirKitClient.requestSigner(interceptor, { fhirBaseUrl }),
});
const undo: () => void = fhirKitClient.authorizeClient(kit, interceptor, { fhirBaseUrl });
const undoToo: () => void = authorizeClient(smart(request, response).client(fhirBaseUrl), interceptor, {
  fhirBaseUrl,
});
// @ts-expect-error a client of another library
authorizeClient(kit, interceptor);

const medplum = new MedplumClient({ fetch: authorizedFetch(interceptor, { fhirBaseUrl }) });

// ── OpenTelemetry ──

const telemetry: Telemetry = startTelemetry({
  tracerProvider: trace.getTracerProvider(),
  meterProvider: metrics.getMeterProvider(),
  includeClientId: true,
});
telemetry.observe(interceptor, { 'app.server': 'one' });
telemetry.stop();

export { dispatcher, dispatcher8, eject, fhir, medplum, pool, undo, undoToo };
