import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { connect, type Connection } from '../../src/db/client.ts';
import { type Gate, memberGate, type Requirement, systemGate } from '../../src/db/gate.ts';
import { firstValue } from '../../src/db/statement.ts';
import { AppError } from '../../src/errors.ts';
import { parseCredential } from '../../src/lib/credentials.ts';
import { newId } from '../../src/lib/ids.ts';
import {
  connectOwner,
  inHours,
  insert,
  newOrganization,
  newOrganizationToken,
  newPerson,
  newSession,
  newToken,
  type Owner,
} from '../support/owner.ts';

let owner: Owner;
let app: Connection;
let service: Connection;

beforeAll(() => {
  const settings = inject('worker');
  owner = connectOwner(settings as never);
  app = connect(settings.DATABASE_URL ?? '', settings.NEON_SQL_ENDPOINT);
  service = connect(settings.SERVICE_DATABASE_URL ?? '', settings.NEON_SQL_ENDPOINT);
});

function gateOf(secret: string, requirement: Requirement, connection = app): Gate {
  const credential = parseCredential(secret);
  if (!credential) throw new Error('The test made a malformed credential.');
  return memberGate(connection, credential, requirement);
}

/** Who the gate says is acting, on whom, under which role. */
async function enter(secret: string, requirement: Requirement, connection = app) {
  const [rows] = await gateOf(
    secret,
    requirement,
    connection,
  )((db) => [
    db.execute(sql`select jsonb_build_object('role', current_user, 'user', gatehouse.uid(), 'organization',
      gatehouse.organization_id(), 'actorKind', gatehouse.actor_kind(), 'actorUser', gatehouse.actor_user_id()) as who`),
  ]);
  return firstValue<Record<string, string | null>>(rows, 'who');
}

const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'passed',
    (error: unknown) => (error instanceof AppError ? error.code : error),
  );
const self: Requirement = { subject: 'self' };

describe('a session', () => {
  it('acts as its user, as a member', async () => {
    const { token, userId } = await newPerson(owner);
    expect(await enter(token, self)).toEqual({
      role: 'gatehouse_member',
      user: userId,
      organization: null,
      actorKind: 'session',
      actorUser: userId,
    });
  });

  it.each([
    ['unknown', {}, 'credential.invalid'],
    ['revoked', { revoked_at: inHours(-1) }, 'session.revoked'],
    ['past its end', { expires_at: inHours(-1) }, 'session.expired'],
    ['unused for too long', { last_active_at: inHours(-24 * 7 - 1) }, 'session.expired'],
  ])('%s is refused', async (name, columns, code) => {
    const { userId } = await newPerson(owner);
    const { token } = await newSession(owner, userId, columns);
    const presented = name === 'unknown' ? `gts_${'x'.repeat(43)}` : token;
    expect(await refusal(enter(presented, self))).toBe(code);
  });

  it('of a suspended user is refused', async () => {
    const { token, userId } = await newPerson(owner);
    await owner.query('update users set suspended_at = now() where id = $1', [userId]);
    expect(await refusal(enter(token, self))).toBe('user.suspended');
  });

  it('must be fresh where the call asks for it', async () => {
    const { userId } = await newPerson(owner);
    const { token } = await newSession(owner, userId, { authenticated_at: inHours(-1) });
    expect(await refusal(enter(token, { ...self, freshWithin: 7200 }))).toBe('passed');
    expect(await refusal(enter(token, { ...self, freshWithin: 600 }))).toBe('step_up.required');
  });

  it('may name its own user, and nobody else', async () => {
    const { token, userId } = await newPerson(owner);
    const other = await newPerson(owner);
    expect((await enter(token, { subject: 'user', userId })).user).toBe(userId);
    expect(await refusal(enter(token, { subject: 'user', userId: other.userId }))).toBe('subject.forbidden');
  });

  it('of a platform administrator may name any user, and span all of them as admin', async () => {
    const { token } = await newPerson(owner, { user: { platform_role: 'admin' } });
    const other = await newPerson(owner);
    expect(await enter(token, { subject: 'user', userId: other.userId })).toMatchObject({
      role: 'gatehouse_member',
      user: other.userId,
    });
    expect(await enter(token, { subject: 'platform' }, service)).toMatchObject({ role: 'gatehouse_admin', user: null });
    expect(await refusal(enter(other.token, { subject: 'platform' }, service))).toBe('role.missing');
  });

  it('is noted as used at most once an hour', async () => {
    const { userId } = await newPerson(owner);
    const lastActive = async (id: string) =>
      (
        await owner.query<{ ago: number }>(
          'select extract(epoch from now() - last_active_at)::int as ago from user_sessions where id = $1',
          [id],
        )
      )[0]?.ago;
    const recent = await newSession(owner, userId, { last_active_at: inHours(-0.5) });
    const old = await newSession(owner, userId, { last_active_at: inHours(-2) });
    await enter(recent.token, self);
    await enter(old.token, self);
    expect(await lastActive(recent.sessionId)).toBeGreaterThan(1700);
    expect(await lastActive(old.sessionId)).toBeLessThan(60);
  });

  it('that was refused is not noted as used', async () => {
    const { userId } = await newPerson(owner);
    const { token, sessionId } = await newSession(owner, userId, { last_active_at: inHours(-2) });
    await refusal(enter(token, { subject: 'platform' }, service));
    const [row] = await owner.query(
      "select last_active_at < now() - interval '1 hour' as old from user_sessions where id = $1",
      [sessionId],
    );
    expect(row).toEqual({ old: true });
  });
});

describe('an organisation', () => {
  it('is acted on by its members, by role, and unseen by everyone else', async () => {
    const organizationId = await newOrganization(owner);
    const [stranger, member, chief] = await Promise.all([newPerson(owner), newPerson(owner), newPerson(owner)]);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: member.userId, role: 'member' });
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: chief.userId, role: 'owner' });
    const ask = (token: string, role: 'member' | 'admin') =>
      enter(token, { subject: 'organization', organizationId, role });
    expect(await ask(member.token, 'member')).toMatchObject({
      user: null,
      organization: organizationId,
      actorUser: member.userId,
    });
    expect(await refusal(ask(member.token, 'admin'))).toBe('organization.role_missing');
    expect(await refusal(ask(chief.token, 'admin'))).toBe('passed');
    expect(await refusal(ask(stranger.token, 'member'))).toBe('organization.not_found');
    expect(
      await refusal(enter(chief.token, { subject: 'organization', organizationId: newId(), role: 'member' })),
    ).toBe('organization.not_found');
  });
});

describe('an API token', () => {
  it('acts within its scopes, and where a call names none it is refused', async () => {
    const { userId } = await newPerson(owner);
    const { token } = await newToken(owner, {
      kind: 'personal',
      user_id: userId,
      scopes: JSON.stringify(['profile:read']),
    });
    expect(await enter(token, { ...self, scope: 'profile:read' })).toMatchObject({
      user: userId,
      actorKind: 'personal',
    });
    expect(await refusal(enter(token, { ...self, scope: 'profile:write' }))).toBe('scope.missing');
    expect(await refusal(enter(token, self))).toBe('scope.missing');
    expect(await refusal(enter(token, { ...self, scope: 'profile:read', freshWithin: 600 }))).toBe('step_up.required');
  });

  it.each([
    ['revoked', { revoked_at: inHours(-1) }, 'token.revoked'],
    ['expired', { expires_at: inHours(-1) }, 'token.expired'],
  ])('that is %s is refused', async (_, columns, code) => {
    const { userId } = await newPerson(owner);
    const { token } = await newToken(owner, {
      kind: 'personal',
      user_id: userId,
      scopes: '["profile:read"]',
      ...columns,
    });
    expect(await refusal(enter(token, { ...self, scope: 'profile:read' }))).toBe(code);
  });

  it('dies with the suspension of its user', async () => {
    const { userId } = await newPerson(owner, { user: { suspended_at: inHours(-1) } });
    const { token } = await newToken(owner, { kind: 'personal', user_id: userId, scopes: '["profile:read"]' });
    expect(await refusal(enter(token, { ...self, scope: 'profile:read' }))).toBe('user.suspended');
  });

  it('of an organisation acts on that one alone, and on no user', async () => {
    const [mine, other] = [await newOrganization(owner), await newOrganization(owner)];
    const { token } = await newOrganizationToken(owner, mine, ['members:read']);
    const ask = (organizationId: string) =>
      enter(token, { subject: 'organization', organizationId, role: 'owner', scope: 'members:read' });
    expect(await ask(mine)).toMatchObject({ organization: mine, actorUser: null });
    expect(await refusal(ask(other))).toBe('organization.not_found');
    expect(await refusal(enter(token, { ...self, scope: 'members:read' }))).toBe('subject.missing');
    const { userId } = await newPerson(owner);
    expect(await refusal(enter(token, { subject: 'user', userId, scope: 'members:read' }))).toBe('subject.forbidden');
  });

  it('of the deployment acts on the user it names, within its scopes', async () => {
    const { userId } = await newPerson(owner);
    const { token } = await newToken(owner, { kind: 'service', scopes: '["profile:read"]' });
    expect(await enter(token, { subject: 'user', userId, scope: 'profile:read' })).toMatchObject({
      user: userId,
      actorUser: null,
    });
    expect(await refusal(enter(token, { subject: 'user', userId, scope: 'profile:write' }))).toBe('scope.missing');
    expect(await refusal(enter(token, { ...self, scope: 'profile:read' }))).toBe('subject.missing');
    expect(await enter(token, { subject: 'platform', scope: 'profile:read' }, service)).toMatchObject({
      role: 'gatehouse_admin',
    });
  });

  it('of a platform administrator does not carry the administrator', async () => {
    const { userId } = await newPerson(owner, { user: { platform_role: 'admin' } });
    const { token } = await newToken(owner, { kind: 'personal', user_id: userId, scopes: '["profile:read"]' });
    expect(await refusal(enter(token, { subject: 'platform', scope: 'profile:read' }, service))).toBe('role.missing');
  });
});

describe('the wall', () => {
  it('leaves the two logins nothing but the gate', async () => {
    for (const { db, send } of [app, service]) {
      await expect(send([db.execute(sql`select * from users`)])).rejects.toMatchObject({ code: '42501' });
      await expect(send([db.execute(sql`select gatehouse.uid()`)])).rejects.toMatchObject({ code: '42501' });
      await expect(send([db.execute(sql`set local role postgres`)])).rejects.toBeInstanceOf(Error);
      await expect(send([db.execute(sql`create temp table t (a int)`)])).rejects.toMatchObject({ code: '42501' });
    }
  });

  it('keeps the member login from becoming the system or an administrator', async () => {
    for (const role of ['gatehouse_system', 'gatehouse_admin', 'gatehouse_service']) {
      await expect(app.send([app.db.execute(sql`select set_config('role', ${role}, true)`)])).rejects.toMatchObject({
        code: '42501',
      });
    }
    const admin = await newPerson(owner, { user: { platform_role: 'admin' } });
    await expect(enter(admin.token, { subject: 'platform' }, app)).rejects.toMatchObject({ code: '42501' });
    await expect(systemGate(app)((db) => [db.execute(sql`select 1`)])).rejects.toMatchObject({ code: '42501' });
  });

  it('stands again after "reset role"', async () => {
    const { token } = await newPerson(owner);
    const work = gateOf(token, self)((db) => [db.execute(sql`reset role`), db.execute(sql`select * from users`)]);
    await expect(work).rejects.toMatchObject({ code: '42501' });
  });

  it('leaves no identity to the next request on the same connection', async () => {
    const { token } = await newPerson(owner);
    await enter(token, self);
    const [rows] = await app.send([
      app.db.execute(sql`select current_user as role, current_setting('gatehouse.user_id', true) as user_id,
        current_setting('statement_timeout') as timeout`),
    ]);
    expect(rows.rows[0]).toMatchObject({ role: 'gatehouse_app' });
    expect([null, '']).toContain(rows.rows[0]?.user_id);
    expect(rows.rows[0]?.timeout).not.toBe('5s');
  });

  it('runs nothing of a refused call', async () => {
    const { userId } = await newPerson(owner);
    const { token } = await newSession(owner, userId, { revoked_at: inHours(-1) });
    const id = newId();
    const write = gateOf(
      token,
      self,
    )((db) => [db.execute(sql`insert into outbox (id, type, user_id) values (${id}, 'x', ${userId})`)]);
    expect(await refusal(write)).toBe('session.revoked');
    expect(await owner.query('select id from outbox where id = $1', [id])).toEqual([]);
  });
});
