/** "This wasn't me", attacked for itself: an owner, and somebody who stole a fresh session of theirs. */
import { describe, expect, it } from 'vitest';
import { connect, newMember } from '../support/connections.ts';
import { linked } from '../support/integrations.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { insert, newOrganization, newPerson, newSession, newToken, type Person } from '../support/owner.ts';
import { signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { aWhileLater, mailsTo, mailTo, moveTo, preview, report } from '../support/reports.ts';
import { newBrowser } from '../support/social.ts';
import { call, owner, readMail } from '../support/worker.ts';
import {
  askForLink,
  beginLink,
  linkWith,
  newEmail,
  refusal,
  signInWith,
  userOf,
  verifyLink,
  whoIs,
} from './support.ts';

const ADDRESS_CHANGED = /^New address for/;
const tokenOf = { name: 'x', scopes: ['profile:read'] };

/** An owner who was here for a while, and a thief with a session of the account. */
async function newHijack(): Promise<{ victim: Person; thief: Person }> {
  const victim = await newPerson(owner, { user: { created_at: '2026-01-01T00:00:00Z' } });
  const session = { auth_method: 'magic_link' };
  return { victim, thief: { email: victim.email, ...(await newSession(owner, victim.userId, session)) } };
}

const emailOf = async ({ userId }: Person) =>
  (await owner.query<{ email: string }>('select email from users where id = $1', [userId]))[0]?.email;
const countOf = async (table: string, { userId }: Person, where = 'true') =>
  (await owner.query(`select 1 from ${table} where user_id = $1 and ${where}`, [userId])).length;
const isAlive = async (token: string) => (await call('account.getProfile', undefined, { token })).status === 200;

async function signInAgain(email: string) {
  const { status, code, data } = await verifyLink(await askForLink(email, { settings: aWhileLater() }));
  expect(status, code).toBe(200);
  return { userId: data.userId, sessionId: data.sessionId, token: data.sessionToken, email };
}

describe('finding 11: the hijacker reports as well', () => {
  it('after the owner: nothing happens, and the owner stays in', async () => {
    const { victim, thief } = await newHijack();
    const [a1, a2] = [newEmail(), newEmail()];
    expect((await moveTo(thief, a1)).status).toBe(200);
    expect((await moveTo(thief, a2)).status).toBe(200);
    const first = await mailTo(victim.email, ADDRESS_CHANGED);
    const second = await mailTo(a1, ADDRESS_CHANGED);
    expect((await report(first)).status).toBe(200);
    expect(await emailOf(victim)).toBe(victim.email);
    const back = await signInAgain(victim.email);
    const { data } = await call<{ token: string }>('auth.createToken', tokenOf, back);
    await report(second);
    expect(await emailOf(victim)).toBe(victim.email);
    expect((await whoIs(back.token)).status).toBe(200);
    expect(await isAlive(data.token)).toBe(true);
    // Nor do the mails of the new addresses' own requests help.
    for (const address of [a1, a2]) expect(await userOf(address)).toBeUndefined();
  });

  it('before the owner: whose own mail still undoes it all', async () => {
    const { victim, thief } = await newHijack();
    const [a1, a2] = [newEmail(), newEmail()];
    await moveTo(thief, a1);
    await moveTo(thief, a2);
    const answer = await report(await mailTo(a1, ADDRESS_CHANGED));
    // Back to the hijacker's first address, never past it: the owner's stood longer.
    expect(answer.data.undone).toMatchObject([{ kind: 'email' }]);
    expect(await emailOf(victim)).toBe(a1);
    const told = await mailTo(victim.email, /^Every session of an account/);
    expect(told.text).not.toContain('#token=');
    const thiefAgain = await signInAgain(a1);
    const made = await call<{ token: string }>('auth.createToken', tokenOf, thiefAgain);
    expect((await report(await mailTo(victim.email, ADDRESS_CHANGED))).data.undone).toMatchObject([
      { kind: 'email' },
      { kind: 'personal_token' },
    ]);
    expect(await emailOf(victim)).toBe(victim.email);
    expect([(await whoIs(thiefAgain.token)).status, await isAlive(made.data.token)]).toEqual([401, false]);
    // Every address involved was told, and none of those mails can be reported.
    for (const address of [victim.email, a1, a2]) {
      const [newest] = await mailsTo(address);
      expect(newest?.subject).toMatch(/^Every session of|no longer that of an account/);
      expect(newest?.text).not.toContain('#token=');
    }
  });

  it('by mails of a reserved address, which outrank nobody', async () => {
    const { victim, thief } = await newHijack();
    const [a1, a2] = [newEmail(), newEmail()];
    await moveTo(thief, a1);
    await moveTo(thief, a2);
    // The address between is one that the account had, too: its mailbox hears of the last change.
    await call('auth.requestMagicLink', { email: a1 }, { settings: aWhileLater() });
    const fresh = await mailTo(a1, /^This address was replaced/);
    await report(await mailTo(victim.email, ADDRESS_CHANGED));
    const back = await signInAgain(victim.email);
    expect((await report(fresh)).data).toMatchObject({ isRepeated: true, undone: [] });
    expect((await whoIs(back.token)).status).toBe(200);
    // Afterwards it is reserved for nobody, and nothing more is mailed about the account.
    expect((await verifyLink(await askForLink(newEmail()))).status).toBe(200);
    expect(await countOf('security_alerts', victim, 'used_at is null')).toBe(1);
  });
});

describe('finding 12: the owner signs in before reporting', () => {
  it('makes no new account, gets a mail that undoes it, and is in again', async () => {
    const { victim, thief } = await newHijack();
    const b1 = newEmail();
    await moveTo(thief, b1);
    const asked = await call('auth.requestMagicLink', { email: victim.email.toUpperCase() });
    const unknown = await call('auth.requestMagicLink', { email: newEmail() });
    expect([asked.status, Object.keys(asked.data)]).toEqual([unknown.status, Object.keys(unknown.data)]);
    const moved = await mailTo(victim.email, /^This address was replaced/);
    expect(moved.text).toContain('/not-me#token=');
    expect(moved.text).not.toContain('/sign-in#token=');
    expect(await userOf(victim.email)).toBeUndefined();
    const { data } = await report(moved);
    expect(data).toMatchObject({ isComplete: true, undone: [{ kind: 'email' }] });
    expect(await emailOf(victim)).toBe(victim.email);
    expect((await whoIs(thief.token)).code).toBe('session.revoked');
    const [newest] = await mailsTo(victim.email);
    expect(newest?.subject).toMatch(/^Every session of your /);
    // The hijacker signs in at their own address: to an account of its own.
    const other = await signInAgain(b1);
    expect(other.userId).not.toBe(victim.userId);
  });

  it('by a link that was mailed before the change, or by a provider: is told, and makes no account either', async () => {
    const { victim, thief } = await newHijack();
    const early = await askForLink(victim.email);
    await moveTo(thief, newEmail());
    expect((await verifyLink(early)).code).toBe('email.moved');
    expect((await mailTo(victim.email, /^This address was replaced/)).token).not.toBe('');
    const provider = await signInWith(newAccount({ email: victim.email }));
    expect(provider).toEqual({ location: refusal('email.moved'), session: '' });
    expect(await userOf(victim.email)).toBeUndefined();
    expect((await report(await mailTo(victim.email, /^This address was replaced/))).status).toBe(200);
    expect(await emailOf(victim)).toBe(victim.email);
  });

  it('no other account takes the address for seven days, but the account itself comes back to it', async () => {
    const { victim, thief } = await newHijack();
    await moveTo(thief, newEmail());
    const other = await newPerson(owner);
    const input = { email: victim.email, delivery: 'bearer' };
    await call('account.requestEmailChange', input, { token: other.token });
    expect((await readMail(victim.email))?.token).toBe('');
    expect((await moveTo(thief, victim.email)).data).toEqual({ email: victim.email });
    await moveTo(thief, newEmail());
    await owner.query("update email_changes set created_at = created_at - interval '8 days' where user_id = $1", [
      victim.userId,
    ]);
    expect((await moveTo(other, victim.email)).data).toEqual({ email: victim.email });
  });

  it('a report that finds the address taken says that it is not undone', async () => {
    const { victim, thief } = await newHijack();
    await moveTo(thief, newEmail());
    // By a backend, which is trusted with users.
    await insert(owner, 'users', { id: `legacy-${victim.userId}`, email: victim.email });
    const { data } = await report(await mailTo(victim.email, ADDRESS_CHANGED));
    expect(data).toMatchObject({ isComplete: false, notUndone: [{ reason: 'email_taken' }] });
    expect((await whoIs(thief.token)).code).toBe('session.revoked');
  });
});

describe('finding 13: what was begun before the report', () => {
  it('a link, a proof and a redirect on their way are worth nothing after it', async () => {
    const { victim, thief } = await newHijack();
    const link = await askForLink(victim.email);
    const email = newEmail();
    await call('account.requestEmailChange', { email, delivery: 'bearer' }, thief);
    await beginLink(thief.token);
    await call('auth.createToken', tokenOf, thief);
    await report(await mailTo(victim.email, /^API token created/));
    expect((await verifyLink(link)).code).toBe('magic_link.expired');
    expect(await countOf('magic_links', victim, 'used_at is null and expires_at > now()')).toBe(0);
    expect(await countOf('oauth_states', victim, 'used_at is null')).toBe(0);
  });
});

describe('finding 14: the newest mail is reported', () => {
  it('and what was added before it goes as well', async () => {
    const { victim, thief } = await newHijack();
    const passkey = await withPasskey(thief);
    const account = newAccount();
    await linkWith(account, thief.token);
    await call('auth.createToken', { ...tokenOf, name: 'noise' }, thief);
    const { data } = await report(await mailTo(victim.email, /^API token created/));
    expect(data.isComplete).toBe(true);
    expect(data.undone.map(({ kind }) => kind)).toEqual(['passkey', 'social_account', 'personal_token']);
    expect((await signInByPasskey(passkey)).code).toBe('passkey.unknown');
    const provider = await signInWith(account);
    expect((await whoIs(provider.session)).data?.userId).not.toBe(victim.userId);
  });

  it('connections, links and organisation tokens too; the hijacker’s account is handed out to nobody', async () => {
    const { victim, thief } = await newHijack();
    const organizationId = await newOrganization(owner);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: victim.userId, role: 'owner' });
    const browser = newBrowser({ token: thief.token });
    await connect(browser, newAccount());
    await connect(browser, newAccount(), { organizationId });
    await linked(thief, { serviceId: 'gmail', externalUserId: 'thief', accessToken: 'thiefs-token' });
    await linked(thief, { serviceId: 'telegram', externalUserId: '42' });
    const input = { organizationId, name: 'org', scopes: ['organization:read'] };
    const made = await call<{ token: string }>('auth.createOrganizationToken', input, thief);
    expect(await countOf('login_history', victim, "event_type = 'token_created'")).toBe(1);
    const { data } = await report(await mailTo(victim.email, /^Organisation token created/));
    const kinds = data.undone.map(({ kind }) => kind).toSorted();
    expect(kinds.filter((kind) => kind === 'connection')).toHaveLength(3);
    expect(kinds.filter((kind) => kind === 'integration')).toHaveLength(2);
    expect(kinds).toContain('organization_token');
    const list = `auth.listOrganizationTokens`;
    expect((await call(list, { organizationId }, { token: made.data.token })).code).toBe('token.revoked');
    const back = await signInAgain(victim.email);
    const asked = await call('oauth.connections.getToken', { userId: 'me', connector: 'demo' }, back);
    expect(asked.data).toEqual({ status: 'not_connected' });
    expect(await countOf('oauth_connections', victim)).toBe(0);
    expect(await countOf('user_integrations', victim)).toBe(0);
    expect(await owner.query('select id from oauth_connections where organization_id = $1', [organizationId])).toEqual(
      [],
    );
  });

  it('what a backend brought, others of the organisation made, and what is older stays', async () => {
    const { victim, thief } = await newHijack();
    const organizationId = await newOrganization(owner);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: victim.userId, role: 'owner' });
    const colleague = await newMember(organizationId, 'admin');
    const input = { organizationId, name: 'theirs', scopes: ['organization:read'] };
    const theirs = await call<{ token: string }>('auth.createOrganizationToken', input, colleague);
    await connect(newBrowser({ token: colleague.token }), newAccount(), { organizationId });
    await insert(owner, 'user_integrations', { user_id: victim.userId, service_id: 'signal', external_user_id: '+1' });
    const old = await newToken(owner, {
      kind: 'personal',
      user_id: victim.userId,
      scopes: '["profile:read"]',
      created_at: '2026-02-01T00:00:00Z',
    });
    await call('auth.createToken', tokenOf, thief);
    const { data } = await report(await mailTo(victim.email, /^API token created/));
    expect(data.undone.map(({ kind }) => kind)).toEqual(['personal_token']);
    expect(await isAlive(old.token)).toBe(true);
    expect(await countOf('user_integrations', victim)).toBe(1);
    const list = await call('auth.listOrganizationTokens', { organizationId }, { token: theirs.data.token });
    expect(list.status, list.code).toBe(200);
    expect(
      await owner.query('select 1 from oauth_connections where organization_id = $1', [organizationId]),
    ).toHaveLength(1);
  });

  it('is shown first, and what was the owner’s own is kept', async () => {
    const { victim, thief } = await newHijack();
    const passkey = await withPasskey(victim);
    const mine = await call<{ id: string; token: string }>('auth.createToken', { ...tokenOf, name: 'mine' }, victim);
    await call('auth.createToken', { ...tokenOf, name: 'https://evil.example' }, thief);
    await linked(victim, { serviceId: 'gmail', externalUserId: 'me', accessToken: 'my-token' });
    const mail = await mailTo(victim.email, /^API token created/);
    const shown = await preview(mail);
    expect((await preview(mail)).data).toEqual(shown.data);
    expect(shown.data.items.map(({ title }) => title)).toContain('API token https: //evil. example');
    expect(JSON.stringify(shown.data)).not.toContain(mine.data.token);
    expect((await whoIs(thief.token)).status).toBe(200);
    const keep = shown.data.items.filter(({ kind, title }) => kind !== 'personal_token' || title.endsWith('mine'));
    const kept = keep.filter(({ kind }) => kind !== 'connection').map(({ id }) => id);
    const { data } = await report(mail, kept);
    expect(data.undone.map(({ title }) => title)).toEqual(['API token https: //evil. example']);
    expect(data).toMatchObject({ isComplete: false });
    expect(await isAlive(mine.data.token)).toBe(true);
    expect((await signInByPasskey(passkey)).status).toBe(200);
    // The link was kept, and with it the grant behind it.
    expect(await countOf('oauth_connections', victim)).toBe(1);
    expect((await preview(mail)).data).toMatchObject({ isSpent: true, items: [] });
  });

  it('what a hijacker took away is named as not undone', async () => {
    const { victim, thief } = await newHijack();
    const mine = await withPasskey(victim);
    await owner.query("update passkeys set created_at = created_at - interval '9 days' where user_id = $1", [
      victim.userId,
    ]);
    await owner.query('delete from security_alerts where user_id = $1', [victim.userId]);
    const [passkey] = await owner.query<{ id: string }>('select id from passkeys where user_id = $1', [victim.userId]);
    expect((await call('auth.deletePasskey', { passkeyId: passkey?.id }, thief)).status).toBe(200);
    const { data } = await report(await mailTo(victim.email, /^Passkey removed/));
    expect(data).toMatchObject({ isComplete: false, notUndone: [{ reason: 'passkey_removed' }] });
    expect((await signInByPasskey(mine)).code).toBe('passkey.unknown');
  });
});

describe('finding 15: the old mailbox undoes a move that was the owner’s', () => {
  it('once: the new address is told and shown the way back, and the second change is final', async () => {
    const mover = await newPerson(owner, { user: { created_at: '2026-01-01T00:00:00Z' } });
    const passkey = await withPasskey(mover);
    await owner.query("update passkeys set created_at = created_at - interval '9 days' where user_id = $1", [
      mover.userId,
    ]);
    await owner.query('delete from security_alerts where user_id = $1', [mover.userId]);
    const email = newEmail();
    await moveTo(mover, email);
    await report(await mailTo(mover.email, ADDRESS_CHANGED));
    expect(await emailOf(mover)).toBe(mover.email);
    expect((await mailTo(email, /no longer that of an account/)).text).toContain('sign in with a passkey');
    const back = await signInByPasskey(passkey);
    expect(back.data.userId).toBe(mover.userId);
    expect((await moveTo({ token: back.data.sessionToken }, email)).data).toEqual({ email });
    const again = await mailTo(mover.email, ADDRESS_CHANGED);
    expect(again.text).toContain('cannot be changed back from here');
    const answer = await report(again);
    expect(answer.data).toMatchObject({ isComplete: false, notUndone: [{ reason: 'email_final' }] });
    expect(await emailOf(mover)).toBe(email);
    expect((await signInAgain(email)).userId).toBe(mover.userId);
    // The old address is free, and no way to the account.
    expect((await signInAgain(mover.email)).userId).not.toBe(mover.userId);
  });

  it('is no way for a thief: neither by a mailbox nor by a passkey that came with the theft', async () => {
    const { victim, thief } = await newHijack();
    const passkey = await withPasskey(thief);
    const email = newEmail();
    await moveTo(thief, email);
    await report(await mailTo(victim.email, ADDRESS_CHANGED));
    expect((await signInByPasskey(passkey)).code).toBe('passkey.unknown');
    // Another stolen session, of somebody who signed in by mail.
    const again = await newSession(owner, victim.userId);
    expect((await moveTo(again, email)).status).toBe(200);
    await report(await mailTo(victim.email, ADDRESS_CHANGED));
    expect(await emailOf(victim)).toBe(victim.email);
  });
});

describe('an address that becomes proven by a change', () => {
  it('strips what was added before by whoever had proven none, but the session that acts', async () => {
    const me = await newPerson(owner, { user: { email_verified_at: null } });
    const thief = await newSession(owner, me.userId);
    const passkey = await withPasskey(thief);
    const { token } = await newToken(owner, { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' });
    const email = newEmail();
    expect((await moveTo(me, email)).data).toEqual({ email });
    expect((await whoIs(me.token)).data).toMatchObject({ userId: me.userId, email });
    expect((await whoIs(thief.token)).code).toBe('session.revoked');
    expect(await isAlive(token)).toBe(false);
    expect((await signInByPasskey(passkey)).code).toBe('passkey.unknown');
  });

  it('strips nothing where an address was proven before', async () => {
    const me = await newPerson(owner);
    const passkey = await withPasskey(me);
    await moveTo(me, newEmail());
    expect((await signInByPasskey(passkey)).status).toBe(200);
  });
});
