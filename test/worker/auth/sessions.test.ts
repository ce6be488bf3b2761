import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { inHours, newPerson, newSession, newToken } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

interface Session {
  id: string;
  isCurrent: boolean;
  deviceName: string | null;
}

describe('the list of sessions', () => {
  it('says which one is asking, what it runs on, and shows no dead one', async () => {
    const me = await newPerson(owner, { session: { device_name: 'Firefox on Linux', last_active_at: inHours(-1) } });
    const other = await newSession(owner, me.userId);
    await newSession(owner, me.userId, { revoked_at: inHours(-1) });
    await newSession(owner, me.userId, { expires_at: inHours(-1) });
    await newSession(owner, me.userId, { last_active_at: inHours(-24 * 8) });
    await newPerson(owner);
    const { data } = await call<{ items: Session[] }>('auth.listSessions', undefined, { token: me.token });
    expect(data.items.map(({ id, isCurrent }) => [id, isCurrent])).toEqual([
      [other.sessionId, false],
      [me.sessionId, true],
    ]);
    expect(data.items[1]?.deviceName).toBe('Firefox on Linux');
    expect(JSON.stringify(data)).not.toMatch(/hash|gts_/);
  });
});

describe('a revoked session', () => {
  it('is refused on the very next request', async () => {
    const me = await newPerson(owner);
    const other = await newSession(owner, me.userId);
    expect((await call('auth.revokeSession', { sessionId: other.sessionId }, { token: me.token })).status).toBe(200);
    const refused = await call('auth.getSession', undefined, { token: other.token });
    expect([refused.status, refused.code]).toEqual([401, 'session.revoked']);
  });

  it('can be revoked again, and keeps the time of the first', async () => {
    const me = await newPerson(owner);
    const other = await newSession(owner, me.userId);
    const revoke = () => call('auth.revokeSession', { sessionId: other.sessionId }, { token: me.token });
    await revoke();
    const [first] = await owner.query('select revoked_at::text from user_sessions where id = $1', [other.sessionId]);
    expect((await revoke()).status).toBe(200);
    expect(await owner.query('select revoked_at::text from user_sessions where id = $1', [other.sessionId])).toEqual([
      first,
    ]);
  });

  it('that revoked itself gets the same answer when it asks again, since the first may be lost', async () => {
    const me = await newPerson(owner);
    const revoke = (sessionId: string) => call('auth.revokeSession', { sessionId }, { token: me.token });
    expect((await revoke(me.sessionId)).status).toBe(200);
    expect((await revoke(me.sessionId)).status).toBe(200);
    expect((await revoke(newId())).code).toBe('session.revoked');
  });

  it('of somebody else is not there', async () => {
    const me = await newPerson(owner);
    const stranger = await newPerson(owner);
    const refused = await call('auth.revokeSession', { sessionId: stranger.sessionId }, { token: me.token });
    expect(refused.code).toBe('session.not_found');
    expect((await call('auth.getSession', undefined, { token: stranger.token })).status).toBe(200);
  });
});

describe('revoking the others', () => {
  it('ends them all, and says how many', async () => {
    const me = await newPerson(owner);
    const others = [await newSession(owner, me.userId), await newSession(owner, me.userId)];
    expect((await call('auth.revokeOtherSessions', undefined, { token: me.token })).data).toEqual({ revoked: 2 });
    for (const { token } of others) expect((await call('auth.getSession', undefined, { token })).status).toBe(401);
    expect((await call('auth.getSession', undefined, { token: me.token })).status).toBe(200);
  });
});

describe('signing out', () => {
  it('ends the session, is noted, and succeeds a second time', async () => {
    const me = await newPerson(owner);
    const first = await call('auth.signOut', undefined, { token: me.token });
    expect(first.response.headers.get('set-cookie')).toContain('gatehouse_session=; Max-Age=0');
    expect((await call('auth.signOut', undefined, { token: me.token })).status).toBe(200);
    expect((await call('auth.getSession', undefined, { token: me.token })).code).toBe('session.revoked');
    const history = await owner.query('select event_type, success from login_history where user_id = $1', [me.userId]);
    expect(history).toEqual([{ event_type: 'logout', success: true }]);
  });

  it('is for sessions: an API token cannot', async () => {
    const { userId } = await newPerson(owner);
    const { token } = await newToken(owner, { kind: 'personal', user_id: userId, scopes: '["sessions:write"]' });
    expect((await call('auth.signOut', undefined, { token })).code).toBe('scope.missing');
  });
});

describe('the sign-in history', () => {
  it('pages through one’s own, newest first, each event once', async () => {
    const me = await newPerson(owner);
    const stranger = await newPerson(owner);
    // Many at one instant: the cursor must not step over them.
    for (const userId of [me.userId, stranger.userId]) {
      await owner.query(
        `insert into login_history (user_id, event_type, success, created_at)
        select $1, 'login_success', true, date_trunc('second', now()) - (i / 3) * interval '1 second' from generate_series(0, 6) i`,
        [userId],
      );
    }
    const seen: string[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await call<{ items: { id: string }[]; nextCursor: string | null }>(
        'auth.listLoginHistory',
        { limit: 3, cursor: cursor ?? undefined },
        { token: me.token },
      );
      seen.push(...page.data.items.map(({ id }) => id));
      cursor = page.data.nextCursor;
    } while (cursor);
    const all = await owner.query<{ id: string }>(
      'select id from login_history where user_id = $1 order by created_at desc, id desc',
      [me.userId],
    );
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  it('notes where a sign-in came from, as far as the request tells', async () => {
    const me = await newPerson(owner);
    await owner.query(
      `insert into login_history (user_id, event_type, auth_method, success, device_info, location)
      values ($1, 'login_success', 'magic_link', true, '{"name":"Chrome on macOS"}', '{"city":"Paris","country":"FR","coords":[48.8,2.3]}')`,
      [me.userId],
    );
    const { data } = await call<{ items: object[] }>('auth.listLoginHistory', {}, { token: me.token });
    expect(data.items[0]).toMatchObject({ deviceName: 'Chrome on macOS', city: 'Paris', country: 'FR' });
  });
});
