import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { answerToSignIn, withPasskey } from '../support/passkeys.ts';
import { call, owner, workerEnv } from '../support/worker.ts';
import { askForLink, browse, newEmail, whoIs } from './support.ts';

describe('a deployment that is set up wrongly', () => {
  const wrong: [name: string, settings: Record<string, unknown>][] = [
    ['without a database', { DATABASE_URL: undefined }],
    ['without its keys', { LOOKUP_KEYS: undefined }],
    ['with an empty key', { LOOKUP_KEYS: 'dev:' }],
    ['with half a provider', { GOOGLE_CLIENT_ID: 'client' }],
    ['with a provider that has no issuer', { DEMO_ISSUER: undefined }],
    ['with the site of somebody else', { RP_ID: 'example.com' }],
    ['without an address', { PUBLIC_URL: 'account.example.com' }],
    ['with another login', { DATABASE_URL: workerEnv.SERVICE_DATABASE_URL }],
  ];

  it.each(wrong)('CVE-2026-73421: %s lets nobody in', async (_, settings) => {
    const me = await newPerson(owner);
    const cookie = `gatehouse_session=${me.token}`;
    for (const token of [undefined, me.token]) {
      const answer = await call('auth.getSession', undefined, { token, settings });
      expect([answer.status, answer.code]).toEqual([503, 'setting.invalid']);
    }
    for (const path of ['/account', '/v1/account/profile', '/sign-in', '/oauth/callback/demo']) {
      const response = await browse(path, { headers: { cookie } }, settings);
      expect(response.status, path).toBe(503);
      expect(await response.text(), path).not.toContain(me.email);
    }
    expect((await whoIs(me.token)).status).toBe(200);
  });

  it('CVE-2026-73421: lets nobody in where a limiter or the database refuses', async () => {
    const me = await newPerson(owner);
    const gone = { RATE_LIMITER: { idFromName: () => expect.unreachable() } };
    const mail = await askForLink(newEmail());
    const response = await answerToSignIn(await withPasskey(me));
    const input = { response, delivery: 'bearer' };
    expect((await call('auth.verifyMagicLink', mail, { settings: gone })).code).toBe('service.unavailable');
    expect((await call('auth.finishPasskeySignIn', input, { settings: gone })).code).toBe('service.unavailable');
    const url = new URL(String(workerEnv.DATABASE_URL));
    url.password = 'not it';
    const closed = { DATABASE_URL: url.href };
    const refused = await call('auth.getSession', undefined, { ...me, settings: closed });
    expect([refused.status >= 500, refused.data]).toEqual([true, undefined]);
    const page = await browse('/account', { headers: { cookie: `gatehouse_session=${me.token}` } }, closed);
    expect(page.status).toBeGreaterThanOrEqual(500);
    expect(await page.text()).not.toContain(me.email);
    expect((await whoIs(me.token)).status).toBe(200);
    expect((await call('auth.finishPasskeySignIn', input)).status).toBe(200);
  });
});
