import { describe, expect, it } from 'vitest';
import { inHours, newPerson, newSession } from '../../support/owner.ts';
import { signInByMail } from '../../support/sign-in.ts';
import { call, owner } from '../../support/worker.ts';

interface Limits {
  profile: string;
  absolute: number;
  idle: number;
}

const limitsOf = async (sessionId: string) => {
  const [row] = await owner.query<Limits>(
    `select profile, extract(epoch from expires_at - created_at)::int / 60 as absolute,
            extract(epoch from idle_timeout)::int / 60 as idle from user_sessions where id = $1`,
    [sessionId],
  );
  return row;
};

describe('a session', () => {
  it('has the limits of its profile: default, strict by setting, admin for administrators', async () => {
    const [me, careful, admin] = [
      await newPerson(owner),
      await newPerson(owner),
      await newPerson(owner, { user: { platform_role: 'admin' } }),
    ];
    const strict = { SESSION_PROFILE: 'strict' };
    expect(await limitsOf((await signInByMail(me.email)).sessionId)).toEqual({
      profile: 'default',
      absolute: 30 * 24 * 60,
      idle: 7 * 24 * 60,
    });
    expect(await limitsOf((await signInByMail(careful.email, { settings: strict })).sessionId)).toEqual({
      profile: 'strict',
      absolute: 24 * 60,
      idle: 60,
    });
    expect(await limitsOf((await signInByMail(admin.email)).sessionId)).toEqual({
      profile: 'admin',
      absolute: 12 * 60,
      idle: 15,
    });
  });

  it('is one of twenty: the one unused for longest goes, and is refused', async () => {
    const me = await newPerson(owner, { session: { last_active_at: inHours(-100) } });
    for (let hour = 1; hour <= 19; hour += 1) await newSession(owner, me.userId, { last_active_at: inHours(-hour) });
    const { token } = await signInByMail(me.email);
    const list = await call<{ items: unknown[] }>('auth.listSessions', undefined, { token });
    expect(list.data.items).toHaveLength(20);
    expect((await call('auth.getSession', undefined, { token: me.token })).code).toBe('session.revoked');
  });

  it('is noted with where it came from when it ends: signed out, or ended from elsewhere', async () => {
    const me = await newPerson(owner);
    const other = await newSession(owner, me.userId);
    await call('auth.revokeSession', { sessionId: other.sessionId }, me);
    await call('auth.revokeSession', { sessionId: other.sessionId }, me);
    await call('auth.signOut', undefined, { ...me, headers: { 'user-agent': 'my-cli/1.0' } });
    const rows = await owner.query(
      `select event_type, success, device_info->>'name' as device from login_history where user_id = $1 order by created_at`,
      [me.userId],
    );
    expect(rows).toEqual([
      { event_type: 'session_revoked', success: true, device: null },
      { event_type: 'logout', success: true, device: 'my-cli' },
    ]);
  });
});
