import test from 'ava';
import { json } from '../support/recording-server.mjs';
import { openVendor, plays } from '../support/vendor-server.mjs';

// Scopes that one server demands and the next one refuses (QK-10).

const CHECK = /check scope against what the client is registered for/;

/** These scopes, in these words. */
function wants(expected, reply) {
  return async (asked) => {
    if (asked.headers.authorization === undefined) await asked.assertion();
    asked.demand(asked.form.get('scope') === expected, reply);
  };
}

const invalidScope = (description) => json(400, { error: 'invalid_scope', error_description: description });

test('CMS DPC wants one scope in one form, and no other', plays, {
  judge: wants('system/*.*', json(400, { error: 'invalid_scope' })),
  accepts: [{ server: 'dpc', scope: 'system/*.*' }],
  refuses: [[{ server: 'dpc', scope: 'system/*.rs' }, CHECK]],
});

test('BCDA SSAS wants one scope in one form, and no other', plays, {
  judge: wants('system/*.*', json(400, { error: 'invalid_scope' })),
  accepts: [{ scope: 'system/*.*' }],
  refuses: [[{ scope: 'system/*.read' }, CHECK]],
});

test('Microsoft Entra wants {application}/.default and no SMART scopes', plays, {
  judge: wants(
    'api://application/.default',
    invalidScope('AADSTS1002012: The provided value for scope system/*.read is not valid.'),
  ),
  accepts: [{ scope: 'api://application/.default' }],
  refuses: [[{ scope: 'system/*.read' }, /AADSTS1002012.*check scope against/]],
});

test('athenahealth has scopes of its own form', plays, {
  judge: wants('athena/service/Athenanet.MDP.* system/Patient.read', invalidScope('unknown scope')),
  accepts: [{ scope: 'athena/service/Athenanet.MDP.* system/Patient.read' }],
});

test('eClinicalWorks wants system/Group.read for bulk data', plays, {
  judge: async (asked) => {
    await asked.assertion();
    const scopes = asked.form.get('scope').split(' ');
    asked.demand(scopes.includes('system/Group.read'), json(400, { error: 'invalid_grant' }));
  },
  accepts: [{ scope: 'system/Group.read system/Patient.read' }],
  refuses: [[{ scope: 'system/Patient.read' }, CHECK]],
});

test('eClinicalWorks refuses system/Group.read to an app for single patients', plays, {
  judge: async (asked) => {
    await asked.assertion();
    const scopes = asked.form.get('scope').split(' ');
    asked.demand(!scopes.includes('system/Group.read'), json(400, { error: 'invalid_grant' }));
  },
  accepts: [{ scope: 'system/Patient.read' }],
  refuses: [[{ scope: 'system/Group.read system/Patient.read' }, CHECK]],
});

test('Epic may grant other scopes than were asked for, in a form of its own', async (t) => {
  const vendor = await openVendor(t, { judge: () => ({ scope: 'Patient.read Patient.search' }) });
  const settings = { server: 'epic', scope: 'system/Patient.read' };
  const token = await vendor.client(settings).getAccessToken();
  t.deepEqual(token.grantedScopes, ['Patient.read', 'Patient.search']);
  t.deepEqual(token.missingScopes, ['system/Patient.read']);
  const strict = vendor.client({ ...settings, requireScopes: 'all' });
  await t.throwsAsync(strict.getAccessToken(), { code: 'ERR_SCOPE_NOT_GRANTED' });
});

test('Medplum grants openid where no scope is asked for', async (t) => {
  const vendor = await openVendor(t, {
    judge: ({ form }) => ({ scope: form.get('scope') ?? 'openid' }),
  });
  const token = await vendor.client({ scope: null }).getAccessToken();
  t.deepEqual([token.grantedScopes, token.missingScopes], [['openid'], []]);
});

test('a SMART server may grant an empty scope, which is told as missing and no failure', async (t) => {
  const vendor = await openVendor(t, { judge: () => ({ scope: '' }) });
  const token = await vendor.client({ scope: 'system/Patient.rs' }).getAccessToken();
  t.deepEqual([token.grantedScopes, token.missingScopes], [[], ['system/Patient.rs']]);
});

test('Oracle Health answers scopes that it cannot use with an urn that ends in empty-scopes', plays, {
  judge: wants(
    'system/Patient.read',
    json(400, {
      error: 'invalid_grant',
      error_uri:
        'https://authorization.cerner.example/errors/urn:cerner:error:authorization-server:oauth2:grant:empty-scopes/instances/1',
    }),
  ),
  accepts: [{ server: 'oracle-health', scope: 'system/Patient.read' }],
  refuses: [[{ server: 'oracle-health' }, /empty-scopes\/instances\/1; check scope against/]],
});

test('a server that wants no scope at all gets none with scope null', plays, {
  judge: (asked) => asked.demand(!asked.form.has('scope'), invalidScope('no scopes here')),
  accepts: [{ scope: null }],
  refuses: [[{}, CHECK]],
});

test('a fine-grained scope reaches a SMART server as it was written, encoded once', plays, {
  judge: wants('system/Observation.rs?category=http://terminology.hl7.org/x|laboratory'),
  accepts: [{ scope: 'system/Observation.rs?category=http://terminology.hl7.org/x|laboratory' }],
});
