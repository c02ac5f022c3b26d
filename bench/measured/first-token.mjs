import { secretClient } from '../support/clients.mjs';
import { cpuSince, results, settings } from '../support/process.mjs';
import { readToken } from '../support/token.mjs';

const { tokenEndpoint, peer } = settings();
const client = secretClient(tokenEndpoint);

const before = process.cpuUsage();
const start = performance.now();
const { firstToken } = await import(`../peers/${peer}.mjs`);
const token = await firstToken(client);
const cpu = cpuSince(before);
const wall = (performance.now() - start) * 1_000;

results({ cpu, wall, number: readToken(token).number });
