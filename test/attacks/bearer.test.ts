import { describe, expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { call, owner, PUBLIC_URL, send } from '../support/worker.ts';

describe('a malformed bearer', () => {
  const malformed = [
    'Bearer %',
    'Bearer %E0%A4%A',
    'Bearer %00',
    'Bearer',
    'Bearer ',
    'bearer a b',
    'Bearer gts_',
    `Bearer gts_${'A'.repeat(42)}%`,
    `Bearer ${'A'.repeat(5000)}`,
    `Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0.`,
    'Bearer null',
    'Basic YWRtaW46YWRtaW4=',
    'Token x',
    '',
    '%%%',
  ];

  it.each(malformed)('GHSA-xmf8-cvqr-rfgj: %j is refused, and throws nothing', async (authorization) => {
    const me = await newPerson(owner);
    for (const path of [
      '/trpc/auth.getSession',
      '/v1/auth/session',
      '/account',
      '/sign-in',
      '/health',
      '/openapi.json',
    ]) {
      for (const cookie of ['', `gatehouse_session=${me.token}`]) {
        const response = await send(new Request(PUBLIC_URL + path, { headers: { authorization, cookie } }));
        expect(response.status, path).toBe(401);
        expect(await response.text(), path).toMatch(/credential\.malformed|is not of a form/);
      }
    }
  });

  it('GHSA-xmf8-cvqr-rfgj: a right one of another scheme is no bearer', async () => {
    const { token } = await newPerson(owner);
    const status = async (authorization: string) =>
      (await send(new Request(`${PUBLIC_URL}/v1/auth/session`, { headers: { authorization } }))).status;
    expect([await status(`Basic ${token}`), await status(token), await status(`Bearer ${token} x`)]).toEqual([
      401, 401, 401,
    ]);
    expect([await status(`Bearer ${token}`), await status(`bearer   ${token}`)]).toEqual([200, 200]);
  });

  it('GHSA-xmf8-cvqr-rfgj: a malformed cookie signs nobody in, and throws nothing', async () => {
    const { token } = await newPerson(owner);
    for (const value of ['%', '%E0%A4%A', `${token}%`, `"${token}"`, `${token}, x`, '']) {
      const headers = { cookie: `gatehouse_session=${value}` };
      expect((await call('auth.getSession', undefined, { headers })).code, value).toBe('credential.missing');
    }
    const twice = { cookie: `gatehouse_session=${token}; gatehouse_session=${token}` };
    expect((await call('auth.getSession', undefined, { headers: twice })).code).toBe('credential.missing');
    expect(
      (await call('auth.getSession', undefined, { headers: { cookie: `gatehouse_session=${token}` } })).status,
    ).toBe(200);
  });
});
