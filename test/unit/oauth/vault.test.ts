import { describe, expect, it } from 'vitest';
import { openSealed, resealIfOld, sealedFor, sealTokens } from '../../../src/domain/oauth/vault.ts';
import { rotatedRing, settingsWith } from './settings.ts';

const tokens = {
  accessToken: 'access',
  refreshToken: 'refresh',
  tokenType: 'Bearer',
  expiresIn: 3600,
  refreshExpiresIn: null,
  scopes: null,
};
const row = { owner: 'user:ada', connector: 'demo', accountId: 'ada@demo' };
const access = sealedFor(row, 'access_token');
const refresh = sealedFor(row, 'refresh_token');
const refusalOf = (work: Promise<unknown>) => work.then(String, (error: { code: unknown }) => error.code);

describe('the tokens of a provider', () => {
  it('are sealed each for its owner, connector, account and field, and open there alone', async () => {
    const settings = settingsWith();
    const sealed = await sealTokens(settings, row, tokens);
    expect(await openSealed(settings, sealed.accessToken, access)).toBe('access');
    expect(await openSealed(settings, sealed.refreshToken ?? '', refresh)).toBe('refresh');
    for (const context of [
      refresh,
      sealedFor({ ...row, owner: 'user:bob' }, 'access_token'),
      sealedFor({ ...row, owner: 'organization:ada' }, 'access_token'),
      sealedFor({ ...row, connector: 'google' }, 'access_token'),
      sealedFor({ ...row, accountId: 'ada@work' }, 'access_token'),
    ]) {
      expect(await refusalOf(openSealed(settings, sealed.accessToken, context))).toBe('seal.refused');
    }
  });

  it('may come without a refresh token', async () => {
    expect((await sealTokens(settingsWith(), row, { ...tokens, refreshToken: null })).refreshToken).toBeNull();
  });

  it('that do not open say why, and nothing of themselves', async () => {
    const settings = settingsWith();
    const { accessToken } = await sealTokens(settings, row, tokens);
    const parts = accessToken.split(':');
    const cut = `${accessToken.slice(0, -4)}AAAA`;
    expect(await refusalOf(openSealed(settings, 'gatehouse:access', access))).toBe('seal.malformed');
    expect(await refusalOf(openSealed(settings, cut, access))).toBe('seal.refused');
    expect(await refusalOf(openSealed(settings, parts.with(2, 'gone').join(':'), access))).toBe('seal.unknown_key');
    const error = await openSealed(settings, cut, access).catch((thrown: unknown) => thrown);
    expect(JSON.stringify(error) + String(error)).not.toContain(parts[5]);
  });
});

describe('sealing anew', () => {
  it('moves a value under the active key and leaves one that is there', async () => {
    const before = settingsWith();
    const { accessToken } = await sealTokens(before, row, tokens);
    const ring = rotatedRing();
    const after = settingsWith(ring);
    expect(await resealIfOld(before, accessToken, access)).toBeNull();
    const renewed = await resealIfOld(after, accessToken, access);
    expect(renewed).toMatch(/^gatehouse:1:next:/);
    expect(await openSealed(after, renewed ?? '', access)).toBe('access');
    expect(await resealIfOld(after, renewed, access)).toBeNull();
    expect(await resealIfOld(after, null, access)).toBeNull();
  });

  it('does not carry a value over into another field', async () => {
    const { accessToken } = await sealTokens(settingsWith(), row, tokens);
    await expect(resealIfOld(settingsWith(rotatedRing()), accessToken, refresh)).rejects.toThrow(/belongs elsewhere/);
  });
});
