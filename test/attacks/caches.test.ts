import { describe, expect, it } from 'vitest';
import { snakeCase } from '../../src/lib/case.ts';
import { newPerson } from '../support/owner.ts';
import { allProcedures } from '../support/procedures.ts';
import { call, owner } from '../support/worker.ts';
import { askForLink, browse } from './support.ts';

describe('an answer for one caller', () => {
  it('CVE-2026-44457: is kept by no shared cache', async () => {
    const me = await newPerson(owner);
    const paths = allProcedures()
      .filter(({ type, access }) => type === 'query' && access?.subject === 'self')
      .flatMap(({ path, meta }) => [
        `/trpc/${path}?input=%7B%7D`,
        ...(meta.openapi ? [`/v1${snakeCase(meta.openapi.path)}`] : []),
      ]);
    expect(paths.length).toBeGreaterThan(10);
    const batch = '/trpc/auth.getSession,account.getProfile?batch=1';
    for (const path of [...paths, batch, '/account', '/step-up', '/sign-in']) {
      const byCookie = { cookie: `gatehouse_session=${me.token}` };
      const byBearer = { authorization: `Bearer ${me.token}` };
      for (const headers of [byCookie, byBearer]) {
        const response = await browse(path, { headers });
        expect([path, response.status, response.headers.get('cache-control')]).toEqual([path, 200, 'no-store']);
      }
    }
    // What is the same for everybody may be kept.
    const page = await (await browse('/sign-in')).text();
    const asset = await browse(/\/assets\/[^"]+/.exec(page)?.[0] ?? '', {
      headers: { cookie: `gatehouse_session=${me.token}` },
    });
    expect(asset.headers.get('cache-control')).toContain('public');
    expect(asset.headers.get('set-cookie')).toBeNull();
    expect(await asset.text()).not.toContain(me.email);
  });

  it('CVE-2026-44457: nor is one that hands over a secret, or a refusal', async () => {
    const { email } = await newPerson(owner);
    const mail = await askForLink(email);
    const done = await call('auth.verifyMagicLink', { ...mail, delivery: 'bearer' });
    const refused = await call('auth.getSession');
    for (const { response } of [done, refused]) expect(response.headers.get('cache-control')).toBe('no-store');
    expect([done.status, refused.status]).toEqual([200, 401]);
  });
});
