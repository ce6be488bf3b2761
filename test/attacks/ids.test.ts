import { describe, expect, it } from 'vitest';
import { newPerson, newSession, type Person } from '../support/owner.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { answerToSignIn, sendSignIn, signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { call, owner, PUBLIC_URL, send } from '../support/worker.ts';
import { linkWith, listOf, whoIs } from './support.ts';

const rest = (method: string, path: string, { token }: Pick<Person, 'token'>) =>
  send(new Request(`${PUBLIC_URL}/v1${path}`, { method, headers: { authorization: `Bearer ${token}` } }));

describe('an id is no permission', () => {
  it('GHSA-4vcf-q4xf-f48m: a passkey is renamed and removed by its owner alone', async () => {
    const [victim, attacker] = [await newPerson(owner), await newPerson(owner)];
    const authenticator = await withPasskey(victim);
    const [passkey] = await listOf(victim, 'auth.listPasskeys');
    const id = passkey?.id ?? '';
    expect((await call('auth.deletePasskey', { passkeyId: id }, attacker)).code).toBe('passkey.not_found');
    expect((await call('auth.renamePasskey', { passkeyId: id, name: 'mine' }, attacker)).code).toBe(
      'passkey.not_found',
    );
    expect((await rest('DELETE', `/auth/passkeys/${id}`, attacker)).status).toBe(404);
    expect(await listOf(victim, 'auth.listPasskeys')).toEqual([passkey]);
    expect((await signInByPasskey(authenticator)).data.userId).toBe(victim.userId);
    expect((await call('auth.renamePasskey', { passkeyId: id, name: 'mine' }, victim)).data).toMatchObject({
      name: 'mine',
    });
    expect((await call('auth.deletePasskey', { passkeyId: id }, victim)).status).toBe(200);
  });

  it('GHSA-4vcf-q4xf-f48m: nor does a passkey sign in as another user, or prove another session', async () => {
    const [victim, attacker] = [await newPerson(owner), await newPerson(owner)];
    const [victims, own] = [await withPasskey(victim), await withPasskey(attacker)];
    const { id, userHandle } = victims.passkeys[0] ?? { id: '', userHandle: '' };
    const asVictim = await answerToSignIn(own, { userHandle });
    expect((await sendSignIn(asVictim)).code).toBe('passkey.user_mismatch');
    // The victim's credential, signed by the attacker's key.
    const forged = await answerToSignIn(own);
    expect((await sendSignIn({ ...forged, id, rawId: id })).status).toBe(403);
    const start = await call<{ passkeyOptions: object }>('auth.startStepUp', undefined, victim);
    const response = await own.assert({ ...start.data.passkeyOptions, allowCredentials: [] });
    expect((await call('auth.stepUp', { response, delivery: 'bearer' }, victim)).code).toBe('passkey.unknown');
    expect((await signInByPasskey(own)).data.userId).toBe(attacker.userId);
  });

  it('GHSA-4vcf-q4xf-f48m: the same holds for linked accounts, tokens and sessions', async () => {
    const [victim, attacker] = [await newPerson(owner), await newPerson(owner)];
    await linkWith(newAccount(), victim.token);
    await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, victim);
    const idOf = async (path: string) => (await listOf(victim, path))[0]?.id ?? '';
    const calls = [
      ['auth.unlinkSocialAccount', { accountId: await idOf('auth.listSocialAccounts') }, 'social_account.not_found'],
      ['auth.rotateToken', { tokenId: await idOf('auth.listTokens') }, 'token.not_found'],
      ['auth.revokeToken', { tokenId: await idOf('auth.listTokens') }, 'token.not_found'],
      ['auth.revokeSession', { sessionId: victim.sessionId }, 'session.not_found'],
    ] as const;
    for (const [path, input, code] of calls) expect((await call(path, input, attacker)).code, path).toBe(code);
    for (const [path, input] of calls) expect((await call(path, input, victim)).status, path).toBe(200);
  });

  it.each(['..%2f..%2fadmin%2ftokens', '%2e%2e', '..', 'me', '*', '%00', '%ff', "'--", '0', 'null'])(
    'CVE-2025-48370: %j in a path is no id, and reaches nothing else',
    async (id) => {
      const me = await newPerson(owner);
      const { token } = await newSession(owner, me.userId);
      await withPasskey(me);
      for (const path of ['/auth/sessions', '/auth/passkeys', '/auth/tokens', '/auth/social']) {
        const response = await rest('DELETE', `${path}/${id}`, me);
        expect([400, 404, 405], `${path}/${id}: ${response.status}`).toContain(response.status);
      }
      expect((await whoIs(token)).status).toBe(200);
      expect(await listOf(me, 'auth.listPasskeys')).toHaveLength(1);
    },
  );

  it('CVE-2025-48370: a right id in a path is one', async () => {
    const me = await newPerson(owner);
    const other = await newSession(owner, me.userId);
    expect((await rest('DELETE', `/auth/sessions/${other.sessionId}/..`, me)).status).not.toBe(200);
    expect((await whoIs(other.token)).status).toBe(200);
    expect((await rest('DELETE', `/auth/sessions/${other.sessionId}`, me)).status).toBe(200);
    expect((await whoIs(other.token)).code).toBe('session.revoked');
  });
});
