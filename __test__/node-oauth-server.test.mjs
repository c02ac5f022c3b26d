import { text } from 'node:stream/consumers';
import OAuth2Server from '@node-oauth/oauth2-server';
import { ClientAuthInterceptorFactory } from '@org/smart-m2m';
import test from 'ava';
import { openLoopbackServer } from '../examples/embedded/loopback-server.mjs';

// @node-oauth/oauth2-server takes what HTTP Basic holds as it is, without the decoding of RFC 6749 §2.3.1.

/** A secret that has another form when it is percent-encoded, as most that are made of Base64 do. */
const SECRET = 'a+b/c==%2F';
const PLAIN_SECRET = 'plain-secret_1.2~3';

let server;

test.before(async () => {
  server = await startNodeOAuthServer({
    encoded: SECRET,
    post: SECRET,
    plain: PLAIN_SECRET,
  });
});

test.after.always(() => server?.close());

test("@node-oauth/oauth2-server with HTTP Basic: basicEncoding 'raw' gets a token", async (t) => {
  const interceptor = create({ clientId: 'encoded', clientSecret: SECRET, basicEncoding: 'raw' });
  const token = await interceptor.getAccessToken();
  t.deepEqual([token.tokenType, token.grantedScopes], ['Bearer', ['system/*.read']]);
});

test('@node-oauth/oauth2-server refuses an encoded secret, and the error names the option', async (t) => {
  const interceptor = create({ clientId: 'encoded', clientSecret: SECRET });
  const error = await t.throwsAsync(interceptor.getAuthorizationHeader(), { code: 'ERR_TOKEN_REJECTED' });
  t.is(error.status, 401);
  t.deepEqual(error.oauth, {
    error: 'invalid_client',
    errorDescription: 'Invalid client: client is invalid',
  });
  t.regex(error.message, /basicEncoding: 'raw'/);
  t.true(error.message.includes(server.tokenEndpoint));
  t.false(error.message.includes(SECRET));
});

test('@node-oauth/oauth2-server takes a secret that encoding leaves alone with the default', async (t) => {
  const interceptor = create({ clientId: 'plain', clientSecret: PLAIN_SECRET });
  t.regex(await interceptor.getAuthorizationHeader(), /^Bearer \S+$/);
});

test('@node-oauth/oauth2-server takes any secret by client_secret_post', async (t) => {
  const options = { clientId: 'post', clientSecret: SECRET, clientAuthMethod: 'client_secret_post' };
  t.regex(await create(options).getAuthorizationHeader(), /^Bearer \S+$/);
});

function create(changes) {
  return ClientAuthInterceptorFactory.create({
    tokenEndpoint: server.tokenEndpoint,
    scope: 'system/*.read',
    http: { proxy: null },
    ...changes,
  });
}

/**
 * Over plain http on loopback.
 *
 * @param {Record<string, string>} secrets by client id
 */
async function startNodeOAuthServer(secrets) {
  const oauth = new OAuth2Server({ model: modelOf(secrets) });
  const { server, origin, close } = await openLoopbackServer({});
  server.on('request', async (request, response) => {
    const { method, headers } = request;
    const body = Object.fromEntries(new URLSearchParams(await text(request)));
    const answer = new OAuth2Server.Response();
    // What went wrong stands in the answer.
    await oauth.token(new OAuth2Server.Request({ method, headers, query: {}, body }), answer).catch(() => {});
    response.writeHead(answer.status, { ...answer.headers, 'content-type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  });
  return { tokenEndpoint: `${origin}/token`, close };
}

function modelOf(secrets) {
  return {
    getClient: (id, secret) => secrets[id] === secret && { id, grants: ['client_credentials'] },
    getUserFromClient: ({ id }) => ({ id }),
    validateScope: (_user, _client, scope) => scope,
    saveToken: (token, client, user) => ({ ...token, client, user }),
  };
}
