/** "This wasn't me" over what was there before: linked or granted once more by the hijacker, or taken away by them. */
import { describe, expect, it } from 'vitest';
import type { ReportPreview } from '../../src/domain/auth/report-views.ts';
import { newMember } from '../support/connections.ts';
import { byBackend, link, linked, linkRows } from '../support/integrations.ts';
import { insert, newOrganization, newPerson, newSession, newToken, type Person } from '../support/owner.ts';
import { aWhileLater, mailTo, preview, report } from '../support/reports.ts';
import { newId } from '../../src/lib/ids.ts';
import { call, owner } from '../support/worker.ts';
import { askForLink, verifyLink } from './support.ts';

const TOKEN_CREATED = /^API token created/;
const tokenOf = { name: 'x', scopes: ['profile:read'] };
const gmail = { serviceId: 'gmail', externalUserId: 'me' };
const trailTables = ['user_integrations', 'oauth_connections', 'connection_events'] as const;

/** An owner who was here for a while, and a thief with another session of the account. */
async function newHijack(): Promise<{ victim: Person; thief: Person }> {
  const victim = await newPerson(owner, { user: { created_at: '2026-01-01T00:00:00Z' } });
  return { victim, thief: { email: victim.email, ...(await newSession(owner, victim.userId)) } };
}

/** As if everything that was linked and connected so far had been so long ago. */
async function later({ userId }: Pick<Person, 'userId'>, interval: string) {
  for (const table of trailTables) {
    await owner.query(`update ${table} set created_at = created_at - $2::interval where user_id = $1`, [
      userId,
      interval,
    ]);
  }
  await owner.query('update oauth_connections set granted_at = granted_at - $2::interval where user_id = $1', [
    userId,
    interval,
  ]);
}

async function signInAgain(email: string) {
  const { status, code, data } = await verifyLink(await askForLink(email, { settings: aWhileLater() }));
  expect(status, code).toBe(200);
  return { userId: data.userId, token: data.sessionToken };
}

/** The first mail about the account, which the thief's token raises; what was linked before is so much older. */
async function firstMail({ victim, thief }: { victim: Person; thief: Person }, interval = '2 days') {
  await later(victim, interval);
  const made = await call('auth.createToken', tokenOf, thief);
  expect(made.status, made.code).toBe(200);
  return mailTo(victim.email, TOKEN_CREATED);
}

async function newOwnedOrganization(...owners: Person[]) {
  const organizationId = await newOrganization(owner);
  for (const { userId } of owners) {
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: userId, role: 'owner' });
  }
  return organizationId;
}

const reasonsOf = ({ notUndone }: Pick<ReportPreview, 'notUndone'>) => notUndone.map(({ reason }) => reason);
const kindsOf = (items: readonly { kind: string }[]) => items.map(({ kind }) => kind).toSorted();

describe('what the owner had linked, and the hijacker links once more', () => {
  it('goes with the report, the link and the grant: nobody gets the hijacker’s token', async () => {
    const hijack = await newHijack();
    await linked(hijack.victim, { ...gmail, accessToken: 'my-token', credentials: { a: 'mine' } });
    const mail = await firstMail(hijack);
    await linked(hijack.thief, { ...gmail, accessToken: 'thiefs-token', credentials: { a: 'thiefs' } });
    const shown = await preview(mail);
    expect(kindsOf(shown.data.items)).toEqual(['connection', 'integration', 'personal_token']);
    const { data } = await report(mail);
    expect(kindsOf(data.undone)).toEqual(['connection', 'integration', 'personal_token']);
    const back = await signInAgain(hijack.victim.email);
    const got = await call('integrations.getToken', { userId: 'me', service: 'gmail' }, back);
    expect(JSON.stringify(got)).not.toContain('thiefs-token');
    expect(await linkRows(hijack.victim.userId)).toEqual([]);
  });

  it('goes where it was the very session of the owner, within the hour in which that linked it anew', async () => {
    const { victim } = await newHijack();
    const hijack = { victim, thief: victim };
    await linked(victim, { ...gmail, accessToken: 'first' });
    await later(victim, '30 minutes');
    await linked(victim, { ...gmail, accessToken: 'second', credentials: { a: 'mine' } });
    const mail = await firstMail(hijack, '30 minutes');
    await linked(victim, { ...gmail, accessToken: 'thiefs-token', credentials: { a: 'thiefs' } });
    const { data } = await report(mail);
    expect(kindsOf(data.undone)).toEqual(['connection', 'integration', 'personal_token']);
  });

  it('goes where there is no grant, and credentials alone were replaced', async () => {
    const hijack = await newHijack();
    const telegram = { serviceId: 'telegram', externalUserId: '7' };
    await linked(hijack.victim, { ...telegram, credentials: { a: 'mine' } });
    const mail = await firstMail(hijack);
    await linked(hijack.thief, { ...telegram, credentials: { a: 'thiefs' } });
    expect(kindsOf((await report(mail)).data.undone)).toEqual(['integration', 'personal_token']);
    expect(await linkRows(hijack.victim.userId)).toEqual([]);
  });

  it('goes where a backend had linked it', async () => {
    const hijack = await newHijack();
    await linked(await byBackend(hijack.victim), { ...gmail, accessToken: 'backends-token' });
    const mail = await firstMail(hijack);
    await linked(hijack.thief, { ...gmail, accessToken: 'thiefs-token', clientId: 'c', clientSecret: 's' });
    expect(kindsOf((await report(mail)).data.undone)).toEqual(['connection', 'integration', 'personal_token']);
  });

  it('goes where it was unlinked, and the hijacker switched it on', async () => {
    const hijack = await newHijack();
    const { id } = await linked(hijack.victim, { serviceId: 'telegram', externalUserId: '7' });
    const input = { userId: 'me', integrationId: id };
    expect((await call('integrations.unlink', input, hijack.victim)).status).toBe(200);
    const mail = await firstMail(hijack);
    expect((await call('integrations.update', { ...input, isActive: true }, hijack.thief)).status).toBe(200);
    const { data } = await report(mail);
    expect(kindsOf(data.undone)).toEqual(['integration', 'personal_token']);
    expect(reasonsOf(data)).toEqual([]);
  });

  it('stays where the person keeps it, with its grant', async () => {
    const hijack = await newHijack();
    const { id } = await linked(hijack.victim, { ...gmail, accessToken: 'mine' });
    const mail = await firstMail(hijack);
    await linked(hijack.thief, { ...gmail, accessToken: 'mine too' });
    const { data } = await report(mail, [id]);
    expect(kindsOf(data.undone)).toEqual(['personal_token']);
    expect(await linkRows(hijack.victim.userId)).toMatchObject([{ id, connection_id: expect.any(String) as string }]);
  });

  it('stays where the owner alone linked it, or a backend linked it again', async () => {
    const hijack = await newHijack();
    await linked(hijack.victim, { ...gmail, accessToken: 'my-token' });
    const signal = { serviceId: 'signal', externalUserId: '+1', credentials: { a: 'x' } };
    await linked(await byBackend(hijack.victim), signal);
    const mail = await firstMail(hijack);
    await linked(await byBackend(hijack.victim), signal);
    const { data } = await report(mail);
    expect(data).toMatchObject({ isComplete: true, undone: [{ kind: 'personal_token' }] });
    expect(await linkRows(hijack.victim.userId)).toHaveLength(2);
  });

  it('is one event an hour of each credential in the trail, whoever links it in turn', async () => {
    const { victim, thief } = await newHijack();
    await linked(victim, { ...gmail, accessToken: 'a' });
    for (let i = 0; i < 3; i += 1) {
      await linked(victim, { ...gmail, accessToken: `mine ${i}` });
      await linked(thief, { ...gmail, accessToken: `thiefs ${i}` });
    }
    const trail = await owner.query<{ event: string; actor_id: string }>(
      'select event, actor_id from connection_events where user_id = $1 order by created_at, event',
      [victim.userId],
    );
    const of = (event: string) => trail.filter((row) => row.event === event).map((row) => row.actor_id);
    expect(of('connected')).toEqual([victim.sessionId]);
    expect(of('reconnected')).toEqual([thief.sessionId]);
    expect(of('integration.linked')).toEqual([victim.sessionId, thief.sessionId]);
  });
});

describe('what a hijacker took away', () => {
  it('by unlinking a service is named', async () => {
    const hijack = await newHijack();
    const { id } = await linked(hijack.victim, { serviceId: 'telegram', externalUserId: '7' });
    const mail = await firstMail(hijack);
    const theirs = await linked(hijack.thief, { serviceId: 'telegram', externalUserId: '8' });
    for (const integrationId of [id, theirs.id]) {
      const { status, code } = await call('integrations.unlink', { userId: 'me', integrationId }, hijack.thief);
      expect(status, code).toBe(200);
    }
    const { data } = await report(mail);
    expect(data).toMatchObject({ isComplete: false, notUndone: [{ reason: 'integration_unlinked' }] });
    expect(data.notUndone[0]?.title).toMatch(/^1 linked service was unlinked/);
  });

  it('but not what is linked again since, nor what a backend unlinked', async () => {
    const hijack = await newHijack();
    const telegram = { serviceId: 'telegram', externalUserId: '7' };
    const { id } = await linked(hijack.victim, telegram);
    const signal = await linked(hijack.victim, { serviceId: 'signal', externalUserId: '+1' });
    const mail = await firstMail(hijack);
    await call('integrations.unlink', { userId: 'me', integrationId: id }, hijack.thief);
    await linked(hijack.victim, telegram);
    const { userId, token } = await byBackend(hijack.victim);
    const left = await call('integrations.unlink', { userId, integrationId: signal.id }, { token });
    expect(left.status, left.code).toBe(200);
    const { data } = await report(mail, [id]);
    expect(reasonsOf(data)).toEqual(['kept']);
  });

  it('of an organisation’s is named: a token that was ended, an account that was disconnected', async () => {
    const hijack = await newHijack();
    const organizationId = await newOwnedOrganization(hijack.victim);
    const { id: tokenId } = await newToken(owner, {
      kind: 'organization',
      organization_id: organizationId,
      created_by: hijack.victim.userId,
      scopes: '["organization:read"]',
      created_at: '2026-02-01T00:00:00Z',
    });
    const [app] = await owner.query<{ id: string }>(
      `insert into oauth_connections (organization_id, connector_id, account_id, access_token, scopes, status, created_at)
       values ($1, 'demo', $2, '', '', 'active', now() - interval '20 days') returning id`,
      [organizationId, newId()],
    );
    const mail = await firstMail(hijack);
    const ended = await call('auth.revokeOrganizationToken', { organizationId, tokenId }, hijack.thief);
    expect(ended.status, ended.code).toBe(200);
    await call('auth.revokeOrganizationToken', { organizationId, tokenId }, hijack.thief);
    const gone = await call('oauth.apps.disconnect', { organizationId, connectionId: app?.id }, hijack.thief);
    expect(gone.status, gone.code).toBe(200);
    const { data } = await report(mail);
    expect(data.isComplete).toBe(false);
    expect(reasonsOf(data)).toEqual(['connection_disconnected', 'token_revoked']);
    expect(data.notUndone.map(({ title }) => title.slice(0, 2))).toEqual(['1 ', '1 ']);
  });

  it('but not what a colleague took away from the organisation', async () => {
    const hijack = await newHijack();
    const organizationId = await newOwnedOrganization(hijack.victim);
    const colleague = await newMember(organizationId, 'admin');
    const { id: tokenId } = await newToken(owner, {
      kind: 'organization',
      organization_id: organizationId,
      created_by: hijack.victim.userId,
      scopes: '["organization:read"]',
    });
    await owner.query("update api_tokens set created_at = now() - interval '1 day' where id = $1", [tokenId]);
    const mail = await firstMail(hijack);
    const ended = await call('auth.revokeOrganizationToken', { organizationId, tokenId }, colleague);
    expect(ended.status, ended.code).toBe(200);
    expect((await report(mail)).data).toMatchObject({ isComplete: true });
  });
});

describe('what a hijacker’s token of the deployment did', () => {
  async function newServiceToken(thief: Person) {
    await owner.query("update users set platform_role = 'admin' where id = $1", [thief.userId]);
    const input = { name: 's', scopes: ['integrations:write', 'admin:read'] };
    const { status, code, data } = await call<{ token: string }>('auth.createServiceToken', input, thief);
    expect(status, code).toBe(200);
    return data.token;
  }

  it('is not called undone: that it was used is named', async () => {
    const { victim, thief } = await newHijack();
    const token = await newServiceToken(thief);
    const other = await newPerson(owner);
    const made = await link({ ...other, token }, { serviceId: 'telegram', externalUserId: newId() });
    expect(made.status, made.code).toBe(200);
    const mail = await mailTo(victim.email, /token created/);
    expect(reasonsOf((await preview(mail)).data)).toEqual(['service_token_used']);
    const { data } = await report(mail);
    expect(data).toMatchObject({ isComplete: false, undone: [{ kind: 'service_token' }] });
    expect(data.notUndone[0]?.title).toMatch(/^1 API token .* was used, and what was done with it is not undone\./);
  });

  it('is undone where it granted an account of the user’s own', async () => {
    const { victim, thief } = await newHijack();
    const token = await newServiceToken(thief);
    await linked({ ...victim, token }, { ...gmail, accessToken: 'thiefs-token' });
    const { data } = await report(await mailTo(victim.email, /token created/));
    expect(kindsOf(data.undone)).toEqual(['connection', 'service_token']);
    const back = await signInAgain(victim.email);
    const got = await call('integrations.getToken', { userId: 'me', service: 'gmail' }, back);
    expect(JSON.stringify(got)).not.toContain('thiefs-token');
  });

  it('was nothing where it was never used', async () => {
    const { victim, thief } = await newHijack();
    await newServiceToken(thief);
    expect((await report(await mailTo(victim.email, /token created/))).data).toMatchObject({ isComplete: true });
  });
});

describe('what the hijacker linked before anything that is mailed', () => {
  it('goes with the report of the first mail, which came hours later; what is older stays', async () => {
    const hijack = await newHijack();
    await linked(hijack.victim, { serviceId: 'signal', externalUserId: '+1', credentials: { a: 'mine' } });
    await later(hijack.victim, '2 days');
    await linked(hijack.thief, { serviceId: 'telegram', externalUserId: '666' });
    await linked(hijack.thief, { ...gmail, accessToken: 'thiefs-token' });
    const { data } = await report(await firstMail(hijack, '5 hours'));
    expect(kindsOf(data.undone)).toEqual(['connection', 'integration', 'integration', 'personal_token']);
    expect(await linkRows(hijack.victim.userId)).toMatchObject([{ service_id: 'signal' }]);
  });
});
