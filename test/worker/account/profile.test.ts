import { describe, expect, it } from 'vitest';
import { newPerson, newToken } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';

describe('a profile', () => {
  it('changes in the given fields and keeps the rest', async () => {
    const me = await newPerson(owner, { user: { bio: 'Kept', display_name: 'Old' } });
    const changed = await call(
      'account.updateProfile',
      { displayName: '  Ada  ', timeZone: 'Europe/Paris' },
      { token: me.token },
    );
    expect(changed.data).toMatchObject({ displayName: 'Ada', timeZone: 'Europe/Paris', bio: 'Kept' });
    expect((await call('account.getProfile', undefined, { token: me.token })).data).toEqual(changed.data);
  });

  it('can be emptied field by field', async () => {
    const me = await newPerson(owner, { user: { bio: 'Gone' } });
    expect((await call('account.updateProfile', { bio: null }, { token: me.token })).data.bio).toBeNull();
  });

  it('tells when it was last changed', async () => {
    const me = await newPerson(owner, { user: { updated_at: '2020-01-01T00:00:00Z' } });
    const { data } = await call('account.updateProfile', { bio: 'New' }, { token: me.token });
    expect(Date.parse(String(data.updatedAt))).toBeGreaterThan(Date.parse('2026-01-01'));
  });

  it.each([
    [{}, 'at least one field'],
    [{ timeZone: 'Mars/Olympus' }, 'timeZone'],
    [{ avatarUrl: 'javascript:alert(1)' }, 'avatarUrl'],
    [{ displayName: 'a\u0000b' }, 'displayName'],
    [{ displayName: 'x'.repeat(256) }, 'displayName'],
  ])('refuses %j and names what is wrong', async (input, named) => {
    const me = await newPerson(owner);
    const refused = await call('account.updateProfile', input, { token: me.token });
    expect(refused.code).toBe('input.invalid');
    expect(refused.error?.message).toContain(named);
  });

  it('never takes what is not the person’s to write (CVE-2025-61928)', async () => {
    const me = await newPerson(owner);
    const input = {
      bio: 'x',
      platformRole: 'admin',
      email: 'root@example.com',
      emailVerifiedAt: '2020-01-01',
      id: 'root',
      userId: 'root',
      role: 'admin',
    };
    await call('account.updateProfile', input, { token: me.token });
    const [row] = await owner.query('select id, email, platform_role, role from users where id = $1', [me.userId]);
    expect(row).toEqual({ id: me.userId, email: me.email, platform_role: 'user', role: null });
  });

  it('is open to an API token with the scope', async () => {
    const me = await newPerson(owner);
    const { token } = await newToken(owner, { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' });
    expect((await call('account.getProfile', undefined, { token })).data).toMatchObject({ id: me.userId });
    expect((await call('account.updateProfile', { bio: 'x' }, { token })).code).toBe('scope.missing');
  });
});
