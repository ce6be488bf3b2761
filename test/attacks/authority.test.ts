import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { sha256Hex } from '../../src/lib/secrets.ts';
import { inHours, newPerson, newToken } from '../support/owner.ts';
import { signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { call, owner, PUBLIC_URL } from '../support/worker.ts';
import { listOf, whoIs } from './support.ts';

describe('who acts', () => {
  it('CVE-2025-61928: is read from the credential; a user id in the body makes nobody act for them', async () => {
    const [victim, attacker] = [await newPerson(owner), await newPerson(owner)];
    const input = { name: 'x', scopes: ['profile:read'], userId: victim.userId, user_id: victim.userId };
    expect((await call('auth.createToken', input)).code).toBe('credential.missing');
    const made = await call<{ token: string }>('auth.createToken', input, attacker);
    const { data } = await call('account.getProfile', undefined, { token: made.data.token });
    expect(data).toMatchObject({ id: attacker.userId });
    expect(await listOf(victim, 'auth.listTokens')).toEqual([]);
    const calls = [
      ['account.getProfile', { userId: victim.userId }],
      ['auth.listSessions', { userId: victim.userId }],
      ['account.updateProfile', { userId: victim.userId, id: victim.userId, bio: 'taken' }],
    ] as const;
    for (const [path, given] of calls) {
      expect((await call(path, given)).status, path).toBe(401);
      expect(JSON.stringify((await call(path, given, attacker)).data), path).not.toContain(victim.userId);
    }
    expect((await call('account.getProfile', undefined, victim)).data).toMatchObject({ bio: null });
  });

  it('CVE-2025-61928: fields that the server alone sets are not the caller’s', async () => {
    const me = await newPerson(owner);
    const fields = {
      platformRole: 'admin',
      role: 'admin',
      emailVerifiedAt: null,
      suspendedAt: null,
      email: 'a@b.example',
    };
    expect((await call('account.updateProfile', { bio: 'mine', ...fields }, me)).data).toMatchObject({ bio: 'mine' });
    const [row] = await owner.query('select platform_role, role, email, bio from users where id = $1', [me.userId]);
    expect(row).toEqual({ platform_role: 'user', role: null, email: me.email, bio: 'mine' });
    const server = { kind: 'service', scopes: ['profile:read'], id: newId(), token: 'gtk_x', expiresAt: '2999-01-01' };
    const made = await call<{ id: string; token: string }>('auth.createToken', { name: 'x', ...server }, me);
    expect(made.data.token).not.toBe(server.token);
    const ofToken = 'select id, kind, expires_at < $2 as "isShort" from api_tokens where token_hash = $1';
    const [token] = await owner.query(ofToken, [await sha256Hex(made.data.token), inHours(91 * 24)]);
    expect(token).toEqual({ id: made.data.id, kind: 'personal', isShort: true });
    expect(made.data.id).not.toBe(server.id);
    expect((await call('auth.listServiceTokens', undefined, me)).code).toBe('role.missing');
  });
});

describe('a session', () => {
  it('CVE-2025-71402: is not ended by a cookie that somebody made up', async () => {
    const [victim, attacker] = [await newPerson(owner), await newPerson(owner)];
    const hash = await sha256Hex(victim.token);
    const forged = [
      victim.sessionId,
      `gts_${victim.sessionId}`,
      hash,
      `gts_${hash.slice(0, 43)}`,
      `${victim.token}x`,
      victim.token.toLowerCase() === victim.token ? 'x' : victim.token.toLowerCase(),
    ];
    for (const value of forged) {
      for (const name of ['session', `session_multi-${victim.sessionId}`, 'sign_in', 'device']) {
        const cookie = `gatehouse_${name}=${value}`;
        const headers = { origin: PUBLIC_URL, cookie };
        expect((await call('auth.signOut', undefined, { headers })).status, cookie).toBe(401);
        // Beside a session of one's own.
        const both = { origin: PUBLIC_URL, cookie: `${cookie}; gatehouse_session=${attacker.token}` };
        const input = { sessionId: victim.sessionId };
        const code = (await call('auth.revokeSession', input, { headers: both })).code;
        expect(['session.not_found', 'credential.missing'], cookie).toContain(code);
      }
    }
    expect((await whoIs(victim.token)).status).toBe(200);
    const headers = { origin: PUBLIC_URL, cookie: `gatehouse_session=${victim.token}` };
    expect((await call('auth.signOut', undefined, { headers })).status).toBe(200);
    expect((await whoIs(victim.token)).code).toBe('session.revoked');
  });

  it('GHSA-2vg6-77g8-24mp: ends with its user, and so do tokens and passkeys', async () => {
    const me = await newPerson(owner);
    const personal = { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' };
    const { token } = await newToken(owner, personal);
    const authenticator = await withPasskey(me);
    const profile = (credential: string) => call('account.getProfile', undefined, { token: credential });
    expect([(await profile(me.token)).status, (await profile(token)).status]).toEqual([200, 200]);
    await owner.query('delete from users where id = $1', [me.userId]);
    expect([(await profile(me.token)).code, (await profile(token)).code]).toEqual([
      'credential.invalid',
      'credential.invalid',
    ]);
    expect((await signInByPasskey(authenticator)).code).toBe('passkey.unknown');
  });
});
