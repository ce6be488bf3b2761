import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { bring, grantOf, opened } from './brought.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

const SEALED = /^gatehouse:1:dev:/;
const OFF = { SEAL_SQL_VALUES: 'off' };

let vault: EmbeddedVault;
/** A second key, which is the active one. */
let next: Record<string, string>;
beforeAll(async () => {
  vault = await startEmbeddedVault();
  const key = `next:${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
  next = { TOKEN_KEYS: `${vault.settings.TOKEN_KEYS},${key}`, TOKEN_KEY_ACTIVE: 'next' };
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

const integration = async (id: string) => {
  const [row] = await vault.owner.query('select * from user_integrations where id = $1', [id]);
  return row ?? {};
};
const coverage = async () => {
  const [row] = await vault.owner.query<{ found: object }>('select gatehouse.key_coverage() as found');
  return row?.found;
};
const seal = (settings = {}) => resealVault(vault.context(settings));

describe('text that a SQL client brought', () => {
  it('is sealed for its row, and is due as any other from then on', async () => {
    const link = await bring(vault, { expiresIn: 3600 });
    expect((await grantOf(vault, link)).due_in).toBeNull();
    expect(await coverage()).toEqual([{ keyId: '(unsealed)', rows: 1, isExact: true }]);
    expect(await seal()).toEqual({ sealed: 1, resealed: 0, unreadable: 0 });
    const row = await grantOf(vault, link);
    expect([row.access_token, row.refresh_token]).toEqual([
      expect.stringMatching(SEALED),
      expect.stringMatching(SEALED),
    ]);
    expect(await opened(vault, row, 'access_token')).toBe('access');
    expect(await opened(vault, row, 'refresh_token')).toBe('refresh');
    // A quarter of an hour before its end, more or less.
    expect(Number(row.due_in)).toBeGreaterThan(3600 - 1.2 * 900 - 5);
    expect(Number(row.due_in)).toBeLessThan(3600 - 0.8 * 900 + 5);
    expect(await coverage()).toEqual([{ keyId: 'dev', rows: 1, isExact: true }]);
    expect(await seal()).toEqual({ sealed: 0, resealed: 0, unreadable: 0 });
  });

  it.each([
    ['is unknown', null],
    ['is past', -60],
  ])('is due at once, where its end %s', async (_, expiresIn) => {
    const link = await bring(vault, { expiresIn });
    await seal();
    expect(Math.abs(Number((await grantOf(vault, link)).due_in))).toBeLessThan(30);
  });

  it('is kept and never due, where no code knows its connector', async () => {
    await vault.owner.query(
      `insert into services (id, name, type, provider, connector_id) values ('fax', 'Fax', 'storage', 'fax', 'fax')
       on conflict do nothing`,
    );
    const link = await bring(vault, { service: 'fax', expiresIn: -60 });
    expect(await seal()).toMatchObject({ sealed: 1 });
    expect(await grantOf(vault, link)).toMatchObject({ next_refresh_at: null, status: 'active' });
  });

  it('is refreshed like any other', async () => {
    const [grant] = await vault.provider.grants.seed(1);
    const link = await bring(vault, { grant, expiresIn: null });
    await seal();
    const { id = '' } = await grantOf(vault, link);
    expect(await refreshBatch(vault.context(), [[String(id), 1]])).toMatchObject({ refreshed: 1 });
    expect(vault.provider.grants.redemptionsOf(grant?.refreshToken ?? '')).toMatchObject({ succeeded: 1 });
  });

  it('stays text where the deployment says so, also of a refresh, and is not unreadable', async () => {
    const [grant] = await vault.provider.grants.seed(1);
    const link = await bring(vault, { grant, credentials: { pin: 1 } });
    const { id } = await grantOf(vault, link);
    expect(await seal({ ...next, ...OFF })).toEqual({ sealed: 0, resealed: 0, unreadable: 0 });
    expect(await refreshBatch(vault.context(OFF), [[String(id), 1]])).toMatchObject({ refreshed: 1 });
    const row = await grantOf(vault, link);
    expect(row).toMatchObject({ version: '2', next_refresh_at: null });
    expect(await vault.provider.grants.subjectOf(String(row.access_token))).toBe(grant?.subject);
    expect(await vault.provider.grants.subjectOf(String(row.refresh_token))).toBe(grant?.subject);
    expect(vault.logs.filter(({ event }) => event === 'vault.unreadable')).toEqual([]);
  });

  it('beside a sealed value holds up no rotation of that', async () => {
    const [id = ''] = await vault.seed(1);
    await vault.owner.query("update oauth_connections set access_token = 'a:b:dev', version = 2 where id = $1", [id]);
    expect(await seal({ ...next, ...OFF })).toEqual({ sealed: 0, resealed: 1, unreadable: 0 });
    expect(await seal({ ...next, ...OFF })).toEqual({ sealed: 0, resealed: 0, unreadable: 0 });
    const row = await vault.owner.query('select * from oauth_connections');
    expect(row).toMatchObject([
      { access_token: 'a:b:dev', refresh_token: expect.stringMatching(/^gatehouse:1:next:/) },
    ]);
    expect(await coverage()).toEqual([
      { keyId: '(unsealed)', rows: 1, isExact: true },
      { keyId: '?', rows: 1, isExact: true },
    ]);
    expect(await seal(next)).toMatchObject({ sealed: 1 });
    expect(await coverage()).toEqual([{ keyId: 'next', rows: 1, isExact: true }]);
  });

  it('that was written meanwhile wins over what was sealed', async () => {
    const link = await bring(vault);
    const { id, owner, account_id } = await grantOf(vault, link);
    const stale = { table: 'oauth_connections', id, owner, accountId: account_id, version: 1, nextRefreshIn: 0 };
    const row = { ...stale, from: { access_token: 'access' }, to: { access_token: 'gatehouse:1:dev:stale' } };
    await bring(vault, { userId: link.userId, grant: { accessToken: 'newer', refreshToken: 'newer' } });
    await vault.owner.query('select gatehouse.reseal_values($1::jsonb)', [JSON.stringify([row])]);
    expect(await grantOf(vault, link)).toMatchObject({ access_token: 'newer', next_refresh_at: null });
  });

  it('that looks like a seal and is none holds up nobody', async () => {
    const spoilt = await bring(vault, { grant: { accessToken: 'gatehouse:2:x', refreshToken: 'y' } });
    const links = [await bring(vault), await bring(vault)];
    expect(await seal()).toEqual({ sealed: 2, resealed: 0, unreadable: 1 });
    for (const link of links) expect((await grantOf(vault, link)).access_token).toMatch(SEALED);
    expect(await grantOf(vault, spoilt)).toMatchObject({ access_token: 'gatehouse:2:x', refresh_token: 'y' });
  });

  it('is counted through, however much there is of it', async () => {
    const { userId } = await bring(vault);
    await vault.owner.query(
      `insert into oauth_connections (user_id, connector_id, account_id, access_token, scopes)
       select $1, 'demo', n::text, 'text ' || n, '' from generate_series(1, 450) n`,
      [userId],
    );
    expect(await seal()).toEqual({ sealed: 451, resealed: 0, unreadable: 0 });
  });
});

describe('credentials of an integration', () => {
  const credentials = { telegram_signup_token: 'secret', nested: [1, null] };
  const open = (row: Record<string, unknown>, settings: Record<string, string> = {}) => {
    const key = { owner: `user:${String(row.user_id)}`, connector: String(row.service_id), accountId: 'tg-1' };
    return vault.context(settings).settings.sealer.open(String(row.credentials), sealedFor(key, 'credentials'));
  };

  it('are sealed as their JSON, for the account of the link, with its code; and rotate', async () => {
    const link = await bring(vault, { externalUserId: 'tg-1', credentials });
    await vault.owner.query("update user_integrations set auth_code = 'code' where id = $1", [link.integrationId]);
    expect(await seal()).toMatchObject({ sealed: 2, unreadable: 0 });
    const row = await integration(link.integrationId);
    expect(JSON.parse(await open(row))).toEqual(credentials);
    expect(row).toMatchObject({ auth_code: expect.stringMatching(SEALED), key_id: 'dev' });
    expect(await seal(next)).toEqual({ sealed: 0, resealed: 2, unreadable: 0 });
    const rotated = await integration(link.integrationId);
    expect(rotated).toMatchObject({ auth_code: expect.stringMatching(/^gatehouse:1:next:/), key_id: 'next' });
    expect(JSON.parse(await open(rotated, next))).toEqual(credentials);
    expect(await coverage()).toEqual([{ keyId: 'next', rows: 2, isExact: true }]);
  });

  it('that became another account’s meanwhile are not sealed for the first', async () => {
    const link = await bring(vault, { externalUserId: 'tg-1', credentials });
    await vault.owner.query("update user_integrations set external_user_id = 'tg-2' where id = $1", [
      link.integrationId,
    ]);
    const row = { table: 'user_integrations', id: link.integrationId, owner: `user:${link.userId}`, accountId: 'tg-1' };
    const [found] = await vault.owner.query<{ text: string }>(
      'select credentials::text as text from user_integrations where id = $1',
      [link.integrationId],
    );
    const change = {
      ...row,
      connector: 'demo_calendar',
      from: { credentials: found?.text },
      to: { credentials: 'gatehouse:1:x' },
    };
    await vault.owner.query('select gatehouse.reseal_values($1::jsonb)', [JSON.stringify([change])]);
    expect(await integration(link.integrationId)).toMatchObject({ credentials });
  });
});
