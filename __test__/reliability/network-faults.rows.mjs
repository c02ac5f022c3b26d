import { inMounts, withoutNetwork } from '../support/fault-places.mjs';

export const TITLE = 'Network and names';
export const KIND = 'fault';

const ONCE = { retry: { attempts: 1 } };
const SOON = { http: { proxy: null, connectTimeoutMs: 2500, timeoutMs: 2500 } };
const NAMES = `import { setFaults } from './__test__/support/faulty-system.mjs';
  const named = (changes) => create({ fhirBaseUrl: options.fhirBaseUrl.replace('127.0.0.1', 'localhost'), ...changes });`;
/** Connections to a port of its own go on to the server's. */
const FORWARDER = `
  import { connect, createServer } from 'node:net';
  const target = new URL(options.fhirBaseUrl);
  const forwarder = createServer((socket) => {
    const onwards = connect(target.port, '127.0.0.1');
    for (const end of [socket, onwards]) end.on('error', () => { socket.destroy(); onwards.destroy(); });
    socket.pipe(onwards).pipe(socket);
  });
  forwarder.unref();
  const listen = (port, host) => new Promise((resolve) => forwarder.listen(port, host, () => resolve(forwarder.address().port)));
  const stop = () => new Promise((resolve) => forwarder.close(resolve));`;

const reach = [
  {
    name: 'no network at all',
    outcome: 'ERR_NETWORK, transient, after all attempts',
    needs: 'network',
    wrap: withoutNetwork,
    script: 'await tell(create().getAuthorizationHeader());',
    told: ['ERR_NETWORK, transient'],
    says: /Network is unreachable.*after 3 attempts/,
  },
  {
    name: 'an address that no route leads to',
    outcome: 'ERR_NETWORK, transient',
    needs: 'network',
    wrap: withoutNetwork,
    options: ONCE,
    script: `await tell(create({ fhirBaseUrl: undefined, tokenEndpoint: 'https://203.0.113.1/token' }).getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient'],
    says: /203\.0\.113\.1.*unreachable/,
  },
  {
    name: 'a port where nobody listens',
    outcome: 'ERR_NETWORK, transient',
    options: ONCE,
    script: `await tell(create({ fhirBaseUrl: 'http://127.0.0.1:1/fhir' }).getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient'],
  },
  {
    name: 'a port where nobody listens yet',
    outcome: 'a token, by a later attempt of the same call',
    options: { retry: { attempts: 10 } },
    script: `${FORWARDER}
      const port = await listen(0, '127.0.0.1');
      await stop();
      const waiting = create({ fhirBaseUrl: 'http://127.0.0.1:' + port + '/fhir' }).getAuthorizationHeader();
      await sleep(100);
      await listen(port, '127.0.0.1');
      await tell(waiting);`,
    told: ['token 1'],
  },
  {
    name: 'a server at an IPv6 address alone',
    outcome: 'a token',
    needs: 'ipv6',
    script: `${FORWARDER}
      const port = await listen(0, '::1');
      await tell(create({ fhirBaseUrl: 'http://[::1]:' + port + '/fhir' }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
  {
    name: 'a name with an IPv6 and an IPv4 address, and a server at the second alone',
    outcome: 'a token',
    script: `await tell(create({ fhirBaseUrl: options.fhirBaseUrl.replace('127.0.0.1', 'localhost') }).getAuthorizationHeader());`,
    told: ['token 1'],
  },
  {
    name: 'the network away while a token lives',
    outcome: 'its header, as ever',
    script: `${FORWARDER}
      const port = await listen(0, '127.0.0.1');
      const interceptor = create({ fhirBaseUrl: 'http://127.0.0.1:' + port + '/fhir' });
      await tell(interceptor.getAuthorizationHeader());
      forwarder.close();
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
];

const bodies = [
  {
    name: 'the network gone in the middle of a token',
    outcome: 'another attempt, and its token',
    serve: (server) =>
      server.on('POST /token', [
        (_request, response, _body) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' });
          response.write('{"access_token":"secret-token-0","token_type":"bea');
          setTimeout(() => response.destroy(), 50);
        },
        server.issue(),
      ]),
    script: 'await tell(create().getAuthorizationHeader());',
    told: ['token 1'],
    tokenRequests: 2,
  },
  {
    name: 'the network silent in the middle of a token',
    outcome: 'another attempt when http.timeoutMs is over, and its token',
    options: SOON,
    serve: (server) =>
      server.on('POST /token', [
        (_request, response, _body) => {
          response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' });
          response.write('{"access_token":"secret-token-0","token_type":"bea');
        },
        server.issue(),
      ]),
    script: 'await tell(create().getAuthorizationHeader());',
    told: ['token 1'],
    tokenRequests: 2,
  },
  {
    name: 'the network gone in the middle of a token, at the only attempt',
    outcome: 'ERR_NETWORK, transient, and nothing of the token is shown',
    options: ONCE,
    serve: (server) =>
      server.on('POST /token', (_request, response, _body) => {
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': '400' });
        response.write('{"access_token":"secret-token-0","token_type":"bea');
        setTimeout(() => response.destroy(), 50);
      }),
    script: 'await tell(create().getAuthorizationHeader());',
    told: ['ERR_NETWORK, transient'],
  },
];

/** @param {'missing' | 'refused'} names as they are for a moment */
const comesBack = (names) => ({
  options: { retry: { attempts: 10 } },
  script: `setFaults({ names: '${names}' });
    const waiting = named().getAuthorizationHeader();
    await sleep(200);
    setFaults({ names: 'works' });
    await tell(waiting);`,
  told: ['token 1'],
});

const names = [
  {
    name: 'a name server that never answers',
    outcome:
      'ERR_TIMEOUT, transient, at http.connectTimeoutMs; other names work meanwhile, and this one later',
    options: { ...ONCE, ...SOON },
    script: `setFaults({ names: 'slow' });
      const interceptor = named();
      await tell(interceptor.getAuthorizationHeader());
      setFaults({ names: 'works' });
      await tell(named({ clientId: 'another' }).getAuthorizationHeader());
      await sleep(1100);
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_TIMEOUT, transient', 'token 1', 'token 2'],
    says: /within 2500 ms/,
  },
  {
    name: 'a name server that never answers, and a process that is done',
    outcome: 'the process ends by itself, without waiting for the name',
    options: SOON,
    script: `setFaults({ names: 'slow' });
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error('enough')), 300);
      report(await named().getAuthorizationHeader({ signal: controller.signal }).catch(({ message }) => message));`,
    told: ['enough'],
  },
  {
    name: 'a hundred lookups that hang',
    outcome: 'ERR_TIMEOUT, transient, for each; then names work again',
    options: { ...ONCE, ...SOON },
    script: `setFaults({ names: 'slow' });
      const calls = Array.from({ length: 100 }, (_, n) =>
        create({ fhirBaseUrl: 'https://h' + n + '.example.invalid/fhir' }).getAuthorizationHeader());
      const codes = await Promise.all(calls.map((call) => call.then(() => 'a token', outcomeOf)));
      report([...new Set(codes)].join());
      setFaults({ names: 'works' });
      await tell(named().getAuthorizationHeader());`,
    told: ['ERR_TIMEOUT, transient', 'token 1'],
  },
  {
    name: 'a name that does not exist, and then does (NXDOMAIN)',
    outcome: 'a token, by a later attempt of the same call',
    ...comesBack('missing'),
  },
  {
    name: 'a name that does not exist',
    outcome: 'ERR_NETWORK, transient, with DNS to check',
    options: ONCE,
    script: `setFaults({ names: 'missing' }); await tell(named().getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient'],
    says: /failed to lookup address information.*check the address, DNS/,
  },
  {
    name: 'a name server that is away for a moment (EAI_AGAIN)',
    outcome: 'a token, by a later attempt of the same call',
    ...comesBack('refused'),
  },
  {
    name: 'no name server while a token lives',
    outcome: 'its header, as ever',
    script: `const interceptor = named();
      await tell(interceptor.getAuthorizationHeader());
      setFaults({ names: 'slow' });
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['token 1', 'token 1'],
    tokenRequests: 1,
  },
].map((row) => ({ ...row, needs: 'preload', script: `${NAMES}\n${row.script}` }));

const ALONE =
  "mount -t tmpfs none /mnt; echo 'hosts: files dns' > /mnt/nsswitch; mount --bind /mnt/nsswitch /etc/nsswitch.conf";
const files = [
  {
    name: 'no /etc/resolv.conf and no /etc/hosts, and a server with an address for its name',
    outcome: 'a token',
    wrap: (command) =>
      inMounts('for file in resolv.conf hosts; do mount --bind /dev/null /etc/$file; done', command),
    script: 'await tell(create().getAuthorizationHeader());',
    told: ['token 1'],
  },
  {
    name: 'no localhost in /etc/hosts',
    outcome: 'ERR_NETWORK, transient; a token when it is there',
    options: ONCE,
    wrap: (command) =>
      inMounts(
        `${ALONE}; : > /mnt/hosts; for file in resolv.conf hosts; do mount --bind /mnt/hosts /etc/$file; done`,
        command,
      ),
    script: `import { writeFileSync } from 'node:fs';
      const interceptor = create({ fhirBaseUrl: options.fhirBaseUrl.replace('127.0.0.1', 'localhost') });
      await tell(interceptor.getAuthorizationHeader());
      writeFileSync('/mnt/hosts', '127.0.0.1 localhost\\n');
      await sleep(1100);
      await tell(interceptor.getAuthorizationHeader());`,
    told: ['ERR_NETWORK, transient', 'token 1'],
    says: /failed to lookup address information/,
  },
].map((row) => ({ ...row, needs: 'mounts' }));

export const ROWS = [...reach, ...bodies, ...names, ...files];
