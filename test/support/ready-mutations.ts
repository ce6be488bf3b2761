/** For every procedure that changes something: a world in which it succeeds, new each time. */
import { newId } from '../../src/lib/ids.ts';
import { connect, newDue } from './connections.ts';
import { newAccount } from './oidc-provider.ts';
import { insert, newOrganization, newPerson, newSession, newToken, type Person } from './owner.ts';
import { answerToSignIn, withPasskey } from './passkeys.ts';
import { createAuthenticator } from './authenticator.ts';
import { linked } from './integrations.ts';
import { newBrowser } from './social.ts';
import { call, owner, readMail } from './worker.ts';

export interface Ready {
  readonly input: Record<string, unknown> | undefined;
  /** Absent where anyone may call. */
  readonly token: string | undefined;
  /** Whom it is about. */
  readonly world: World;
}

export interface World extends Person {
  readonly organizationId: string;
  /** Every address that may get a mail. */
  readonly emails: readonly string[];
}

type Make = (world: World) => Promise<{ input?: Record<string, unknown>; isPublic?: boolean; token?: string }>;

const tokenInput = { name: 'a token', scopes: ['connections:read'], expiresInDays: 30, overlapHours: 1 };
const create = { name: tokenInput.name, scopes: tokenInput.scopes, expiresInDays: tokenInput.expiresInDays };

/** A token of the world, to be rotated or ended. */
const withToken =
  (kind: 'personal' | 'organization' | 'service', more: object = {}): Make =>
  async ({ userId, organizationId }) => {
    const { id } = await newToken(owner, {
      kind,
      created_by: userId,
      user_id: kind === 'personal' ? userId : null,
      organization_id: kind === 'organization' ? organizationId : null,
      scopes: JSON.stringify(['connections:read']),
    });
    return { input: { tokenId: id, ...(kind === 'organization' && { organizationId }), ...more } };
  };

/** A connection of the person, or of the organisation, whose token the provider takes. */
const withConnection =
  (whose: 'user' | 'organization'): Make =>
  async ({ userId, organizationId, token }) => {
    const browser = newBrowser({ token });
    const account = newAccount();
    await connect(browser, account, whose === 'organization' ? { organizationId } : {});
    const [row] = await owner.query<{ id: string }>('select id from oauth_connections where account_id = $1', [
      account.subject,
    ]);
    return { input: { connectionId: row?.id, ...(whose === 'user' ? { userId } : { organizationId }) } };
  };

const withLink: (more: object) => Make = (more) => async (world) => {
  const { id } = await linked(world, { serviceId: 'telegram', externalUserId: newId() });
  return { input: { userId: world.userId, integrationId: id, ...more } };
};

const askedFor = async (path: string, input: object, options: { token?: string; to: string }) => {
  const asked = await call<{ requestSecret: string }>(path, { ...input, delivery: 'bearer' }, options);
  const mail = await readMail(options.to);
  return { token: mail?.token, code: mail?.code, requestSecret: asked.data.requestSecret };
};

const makers: Record<string, Make> = {
  'account.updateProfile': async () => ({ input: { displayName: 'Ada', bio: 'Counts.' } }),
  'account.requestEmailChange': async ({ emails }) => ({ input: { email: emails[1], delivery: 'bearer' } }),
  'account.confirmEmailChange': async ({ token, emails: [, to = ''] }) => {
    const proof = await askedFor('account.requestEmailChange', { email: to }, { token, to });
    return { input: { token: proof.token, requestSecret: proof.requestSecret, delivery: 'bearer' } };
  },
  'auth.requestMagicLink': async ({ email }) => ({
    isPublic: true,
    input: { email, redirectUrl: '/account', delivery: 'bearer' },
  }),
  'auth.verifyMagicLink': async ({ email }) => {
    const { token, requestSecret } = await askedFor('auth.requestMagicLink', { email }, { to: email });
    return { isPublic: true, input: { token, requestSecret, delivery: 'bearer' } };
  },
  'auth.verifyMagicCode': async ({ email }) => {
    const { code, requestSecret } = await askedFor('auth.requestMagicLink', { email }, { to: email });
    return { isPublic: true, input: { code, requestSecret, delivery: 'bearer' } };
  },
  'auth.startPasskeySignIn': async () => ({ isPublic: true }),
  'auth.finishPasskeySignIn': async (world) => ({
    isPublic: true,
    input: { response: await answerToSignIn(await withPasskey(world)), delivery: 'bearer' },
  }),
  'auth.startPasskeyRegistration': async () => ({}),
  'auth.finishPasskeyRegistration': async ({ token }) => {
    const start = await call<{ options: Record<string, unknown> }>('auth.startPasskeyRegistration', undefined, {
      token,
    });
    const response = await (await createAuthenticator()).register(start.data.options);
    return { input: { response, name: 'a passkey' } };
  },
  'auth.renamePasskey': async (world) => {
    await withPasskey(world);
    const [row] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [world.userId]);
    return { input: { passkeyId: row?.id, name: 'renamed' } };
  },
  'auth.deletePasskey': async (world) => {
    await withPasskey(world);
    const [row] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [world.userId]);
    return { input: { passkeyId: row?.id } };
  },
  'auth.startSocialSignIn': async () => ({ isPublic: true, input: { provider: 'demo', redirectUrl: '/account' } }),
  'auth.startSocialLink': async () => ({ input: { provider: 'demo', redirectUrl: '/account' } }),
  'auth.unlinkSocialAccount': async ({ userId }) => {
    const id = newId();
    await insert(owner, 'oauth_accounts', {
      id,
      user_id: userId,
      provider: 'demo',
      issuer: `https://${id}.example`,
      provider_user_id: id,
    });
    return { input: { accountId: id } };
  },
  'auth.revokeSession': async ({ userId }) => ({ input: { sessionId: (await newSession(owner, userId)).sessionId } }),
  'auth.revokeOtherSessions': async ({ userId }) => {
    await newSession(owner, userId);
    return {};
  },
  'auth.signOut': async () => ({}),
  'auth.startStepUp': async () => ({}),
  'auth.requestStepUpMail': async () => ({ input: { delivery: 'bearer' } }),
  'auth.stepUp': async ({ token, email }) => {
    const proof = await askedFor('auth.requestStepUpMail', {}, { token, to: email });
    return { input: { token: proof.token, requestSecret: proof.requestSecret, delivery: 'bearer' } };
  },
  'auth.previewNotMe': async ({ token, email }) => {
    await call('auth.createToken', create, { token });
    return { isPublic: true, input: { token: (await readMail(email))?.token } };
  },
  'auth.reportNotMe': async ({ token, email }) => {
    await call('auth.createToken', create, { token });
    return { isPublic: true, input: { token: (await readMail(email))?.token } };
  },
  'auth.createToken': async () => ({ input: create }),
  'auth.rotateToken': withToken('personal', { overlapHours: 1 }),
  'auth.revokeToken': withToken('personal'),
  'auth.createOrganizationToken': async ({ organizationId }) => ({ input: { ...create, organizationId } }),
  'auth.rotateOrganizationToken': withToken('organization', { overlapHours: 1 }),
  'auth.revokeOrganizationToken': withToken('organization'),
  'auth.createServiceToken': async () => ({ input: create }),
  'auth.rotateServiceToken': withToken('service', { overlapHours: 1 }),
  'auth.revokeServiceToken': withToken('service'),
  'integrations.link': async ({ userId }) => ({
    input: { userId, serviceId: 'telegram', externalUserId: newId(), displayLabel: 'mine' },
  }),
  'integrations.update': withLink({ displayLabel: 'other' }),
  'integrations.unlink': withLink({}),
  'integrations.bulkLink': async ({ userId }) => ({
    input: { userId, services: [{ serviceId: 'telegram', externalUserId: newId() }] },
  }),
  'integrations.bulkUnlink': async (world) => {
    await linked(world, { serviceId: 'telegram', externalUserId: newId() });
    return { input: { userId: world.userId, services: [{ serviceId: 'telegram' }] } };
  },
  'integrations.cleanup': async () => ({ input: { dryRun: true, maxRows: 10 } }),
  'oauth.connections.connect': async () => ({ input: { connector: 'demo', redirectUrl: '/account' } }),
  'oauth.connections.makePrimary': withConnection('user'),
  'oauth.connections.disconnect': withConnection('user'),
  'oauth.connections.refresh': async () => {
    const { id, person } = await newDue();
    return { token: person.token, input: { userId: person.userId, connectionId: id } };
  },
  'oauth.apps.connect': async ({ organizationId }) => ({
    input: { organizationId, connector: 'demo', redirectUrl: '/account' },
  }),
  'oauth.apps.makePrimary': withConnection('organization'),
  'oauth.apps.disconnect': withConnection('organization'),
  'oauth.apps.refresh': withConnection('organization'),
};

/** A new world in which the procedure succeeds. @throws Error naming a procedure that this file does not know */
export async function readyFor(path: string): Promise<Ready> {
  const make = makers[path];
  if (!make) throw new Error(`No world for ${path}: add one to test/support/ready-mutations.ts.`);
  // An administrator and owner, so that nothing is refused for a role.
  const person = await newPerson(owner, { user: { platform_role: 'admin' } });
  const organizationId = await newOrganization(owner);
  await insert(owner, 'memberships', { organization_id: organizationId, user_id: person.userId, role: 'owner' });
  const world = { ...person, organizationId, emails: [person.email, `${newId()}@example.com`] };
  const made = await make(world);
  return { world, input: made.input, token: made.isPublic ? undefined : (made.token ?? person.token) };
}
