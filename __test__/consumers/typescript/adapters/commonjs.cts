import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import { authorizeAxios } from '@org/smart-m2m/axios';
import { startTelemetry } from '@org/smart-m2m/opentelemetry';
import { authorizationInterceptor } from '@org/smart-m2m/undici';

import axios = require('axios');
import undici = require('undici');

// The libraries that CommonJS can require, with the types that they have there.
const interceptor = ClientAuthInterceptorFactory.create({ clientId: 'a', scope: null });
const eject: () => void = authorizeAxios(axios.create(), interceptor);
const dispatcher: undici.Dispatcher = new undici.Agent().compose(authorizationInterceptor(interceptor));
startTelemetry().stop();

export { dispatcher, eject };
