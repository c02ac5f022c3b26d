import { randomUUID } from 'node:crypto';
import { text as readText } from 'node:stream/consumers';
import { makeCertificates } from '../../examples/embedded/certificates.mjs';
import { openLoopbackServer } from '../../examples/embedded/loopback-server.mjs';

/**
 * @typedef {object} Seen
 * @property {string} method
 * @property {string} url as it stood in the request line
 * @property {import('node:http').IncomingHttpHeaders} headers
 * @property {string} body
 * @property {number} status of the answer
 *
 * @typedef {(seen: Seen) => object | undefined} Script what to answer in place of the store; undefined: the store
 */

/**
 * A FHIR server over TLS that can be written to, with the token endpoint that its smart-configuration names:
 * create, read, update, delete, searches by any element's text with pages, transactions. It takes only the
 * tokens that it gave out.
 */
export async function startFhirStore() {
  const { caPem, ...tls } = await makeCertificates();
  const { server, origin, close } = await openLoopbackServer({ tls });
  const base = `${origin}/fhir`;
  const resources = new Map();
  const tokens = new Set();
  /** @type {Seen[]} */
  const requests = [];
  /** @type {Script | null} */
  let script = null;

  server.on('request', async (request, response) => {
    const { method, url, headers } = request;
    /** @type {Seen} */
    const seen = { method, url, headers, body: await readText(request), status: 0 };
    requests.push(seen);
    const answer = script?.(seen) ?? answerTo(seen);
    const { status = 200, headers: more = {}, body } = answer;
    seen.status = status;
    const isText = typeof body === 'string';
    const type = isText ? 'text/plain' : 'application/fhir+json; charset=utf-8';
    response.writeHead(status, { 'content-type': type, ...more });
    response.end(body === undefined ? '' : isText ? body : JSON.stringify(body));
  });

  /** @param {Seen} seen */
  function answerTo(seen) {
    const { pathname, searchParams } = new URL(seen.url, origin);
    if (pathname === '/fhir/.well-known/smart-configuration') {
      return {
        headers: { 'content-type': 'application/json' },
        body: { token_endpoint: `${origin}/token` },
      };
    }
    if (pathname === '/token') return grant();
    const token = /^Bearer (\S+)$/.exec(seen.headers.authorization ?? '')?.[1];
    if (!tokens.has(token)) {
      return outcome(401, 'login', 'the token is not valid', {
        'www-authenticate': 'Bearer error="invalid_token"',
      });
    }
    const path = pathname.replace(/^\/fhir\/?/, '');
    const body = seen.body === '' ? null : JSON.parse(seen.body);
    if (path === '') return transact(body);
    return interact(seen.method, path, searchParams, body, seen.headers);
  }

  function grant() {
    const token = randomUUID();
    tokens.add(token);
    return {
      headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
      body: { access_token: token, token_type: 'Bearer', expires_in: 300 },
    };
  }

  function interact(method, path, query, body, headers) {
    const [type, id, history, version] = path.split('/');
    if (path.includes('$'))
      return { body: { resourceType: 'Parameters', parameter: [{ name: method }], got: body } };
    if (id === undefined) return method === 'POST' ? create(type, body, headers) : search(type, query);
    const versions = resources.get(`${type}/${id}`) ?? [];
    const current = versions.at(-1);
    if (method === 'PUT') {
      const match = headers['if-match'];
      if (match !== undefined && match !== `W/"${versions.length}"`) {
        return outcome(412, 'conflict', `the current version is ${versions.length}`);
      }
      return stored(type, id, body, current === undefined ? 201 : 200);
    }
    if (current === undefined) return outcome(404, 'not-found', `there is no ${type}/${id}`);
    if (current === null) return outcome(410, 'deleted', `${type}/${id} was deleted`);
    if (method === 'DELETE') {
      versions.push(null);
      return { status: 204 };
    }
    if (method === 'PATCH') {
      const patched = structuredClone(current);
      for (const { path: at, value } of body) patched[at.slice(1)] = value;
      return stored(type, id, patched, 200);
    }
    const read = history === '_history' ? versions[Number(version) - 1] : current;
    return read ? { body: read } : outcome(404, 'not-found', 'there is no such version');
  }

  function create(type, body, headers) {
    const condition = headers['if-none-exist'];
    if (condition !== undefined) {
      const [found] = matching(type, new URLSearchParams(condition));
      if (found !== undefined) return { status: 200, body: found };
    }
    if (body.id !== undefined) return outcome(400, 'invalid', 'a resource to create has no id');
    return stored(type, randomUUID(), body, 201);
  }

  function stored(type, id, body, status) {
    const versions = resources.get(`${type}/${id}`) ?? [];
    const versionId = String(versions.length + 1);
    const resource = { ...body, id, meta: { ...body.meta, versionId, lastUpdated: '2026-01-01T00:00:00Z' } };
    versions.push(resource);
    resources.set(`${type}/${id}`, versions);
    const location = `${base}/${type}/${id}/_history/${versionId}`;
    return { status, headers: { location, etag: `W/"${versionId}"` }, body: resource };
  }

  function matching(type, query) {
    const wanted = [...query].filter(([name]) => !name.startsWith('_'));
    return [...resources.values()]
      .map((versions) => versions.at(-1))
      .filter((resource) => resource?.resourceType === type)
      .filter((resource) =>
        wanted.every(([, value]) => JSON.stringify(resource).includes(value.split('|').at(-1))),
      );
  }

  function search(type, query) {
    const found = matching(type, query);
    const count = Number(query.get('_count') ?? 20);
    const offset = Number(query.get('_offset') ?? 0);
    const link = [{ relation: 'self', url: `${base}/${type}?${query}` }];
    if (offset + count < found.length) {
      const next = new URLSearchParams(query);
      next.set('_offset', String(offset + count));
      link.push({ relation: 'next', url: `${base}/${type}?${next}` });
    }
    const entry = found.slice(offset, offset + count).map((resource) => ({
      fullUrl: `${base}/${type}/${resource.id}`,
      resource,
      search: { mode: 'match' },
    }));
    return { body: { resourceType: 'Bundle', type: 'searchset', total: found.length, link, entry } };
  }

  function transact({ entry, type }) {
    const answers = entry.map(({ resource, request }) => {
      const [path, condition] = request.url.split('?');
      const found = condition === undefined ? undefined : matching(path, new URLSearchParams(condition))[0];
      const at = condition === undefined ? path : `${path}/${found?.id ?? randomUUID()}`;
      const headers = { 'if-none-exist': request.ifNoneExist, 'if-match': request.ifMatch };
      const { status, headers: { location } = {} } = interact(request.method, at, null, resource, headers);
      return { response: { status: String(status), ...(location && { location }) } };
    });
    return { body: { resourceType: 'Bundle', type: `${type}-response`, entry: answers } };
  }

  return {
    base,
    origin,
    caPem,
    requests,
    close,
    /** @param {object} resource with an id */
    put: (resource) => stored(resource.resourceType, resource.id, resource, 201).body,
    /** @param {Script | null} next */
    answerBy(next) {
      script = next;
    },
    /** No token that was given out is good any more. */
    revokeTokens: () => tokens.clear(),
    tokenRequests: () => requests.filter(({ url }) => url === '/token'),
    /** @returns {Seen[]} those below the base, without discovery */
    fhirRequests: () =>
      requests.filter(({ url }) => url.startsWith('/fhir') && !url.startsWith('/fhir/.well-known/')),
    /** What an interceptor needs, with a token of its own. */
    options: () => ({
      clientId: `client-${randomUUID()}`,
      clientSecret: 'test-secret',
      scope: 'system/*.cruds',
      http: { ca: caPem, proxy: null },
    }),
  };
}

export function outcome(status, code, diagnostics, headers = {}) {
  return {
    status,
    headers,
    body: { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, diagnostics }] },
  };
}
