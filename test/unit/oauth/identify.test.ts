import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SeededGrant } from '../../../scripts/support/oidc-provider.ts';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { newId } from '../../../src/lib/ids.ts';
import { identifyAccounts } from '../../../src/jobs/identify-accounts.ts';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { bring, type Brought, grantOf, type Link, opened } from './brought.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

const DAY = 86_400;
const nobody = { identified: 0, postponed: 0, unknown: 0 };
const calendar = ['openid', 'email', 'profile', 'offline_access', 'calendar.read'];

let vault: EmbeddedVault;
beforeAll(async () => {
  vault = await startEmbeddedVault();
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

const run = (settings = {}) => identifyAccounts(vault.context(settings));

async function newGrant(): Promise<SeededGrant> {
  const [grant] = await vault.provider.grants.seed(1);
  if (!grant) throw new Error('The provider gave none.');
  return grant;
}

async function bringGrant(link: Link = {}): Promise<Brought & { readonly grant: SeededGrant }> {
  const grant = await newGrant();
  return { ...(await bring(vault, { grant, ...link })), grant };
}

const integrationsOf = (userId: string) =>
  vault.owner.query(
    'select service_id, external_user_id, external_username, connection_id from user_integrations where user_id = $1 order by service_id, created_at',
    [userId],
  );
const connectionsOf = (userId: string) =>
  vault.owner.query<Record<string, string>>('select * from oauth_connections where user_id = $1 order by created_at', [
    userId,
  ]);
const askAgain = () =>
  vault.owner.query('update oauth_connections set identify_at = now() where identify_at is not null');

describe('whose account a brought grant is of', () => {
  it.each([
    ['text', false],
    ['sealed', true],
  ])('is asked of its provider, with values that are %s', async (_, isSealed) => {
    const link = await bringGrant();
    if (isSealed) await resealVault(vault.context());
    expect(await run()).toEqual({ ...nobody, identified: 1 });
    const row = await grantOf(vault, link);
    const { subject, accessToken, refreshToken } = link.grant;
    const email = `${subject}@example.com`;
    expect(row).toMatchObject({
      account_id: subject,
      connector_metadata: { demo: { account_id: subject, email } },
      identify_at: null,
      status: 'active',
      version: '1',
      access_token: expect.stringMatching(/^gatehouse:1:/),
    });
    expect(await opened(vault, row, 'access_token')).toBe(accessToken);
    expect(await opened(vault, row, 'refresh_token')).toBe(refreshToken);
    expect(await integrationsOf(link.userId)).toMatchObject([{ external_user_id: null, external_username: email }]);
    expect(row.due_in).not.toBeNull();
    // It works on under its new name.
    expect(await refreshBatch(vault.context(), [[String(row.id), 1]])).toMatchObject({ refreshed: 1 });
    expect(await run()).toEqual(nobody);
  });

  it('is written down and nothing sealed, where the deployment seals no text', async () => {
    const link = await bringGrant();
    expect(await run({ SEAL_SQL_VALUES: 'off' })).toEqual({ ...nobody, identified: 1 });
    const { subject, accessToken } = link.grant;
    const row = { account_id: subject, access_token: accessToken, next_refresh_at: null };
    expect(await grantOf(vault, link)).toMatchObject(row);
  });

  it('changes no external id, so that linking again without one finds the same integration', async () => {
    const named = await bringGrant({ externalUserId: 'mine@example.com' });
    const nameless = await bringGrant({ credentials: { pin: 1 } });
    await resealVault(vault.context());
    expect(await run()).toEqual({ ...nobody, identified: 2 });
    expect(await integrationsOf(named.userId)).toMatchObject([{ external_user_id: 'mine@example.com' }]);
    expect(await integrationsOf(nameless.userId)).toMatchObject([{ external_user_id: null }]);
    expect((await grantOf(vault, nameless)).account_id).toBe(nameless.grant.subject);
    await bring(vault, { userId: nameless.userId });
    expect(await integrationsOf(nameless.userId)).toHaveLength(1);
  });

  it('is asked again after a day where the token is refused, for a week, and changes no status', async () => {
    const link = await bring(vault);
    expect(await run()).toEqual({ ...nobody, postponed: 1 });
    const row = await grantOf(vault, link);
    expect(row).toMatchObject({ status: 'active', version: '1', account_id: expect.stringMatching(/^unverified:/) });
    expect(Math.abs(Number(row.asked_in) - DAY)).toBeLessThan(60);
    await vault.owner.query("update oauth_connections set identify_at = now(), granted_at = now() - interval '8 days'");
    await run();
    expect((await grantOf(vault, link)).identify_at).toBeNull();
  });

  it('is not asked with a token that ran out, but as soon as it was refreshed', async () => {
    const link = await bringGrant({ expiresIn: -60 });
    expect(await run()).toEqual({ ...nobody, postponed: 1 });
    await resealVault(vault.context());
    const { id } = await grantOf(vault, link);
    expect(await refreshBatch(vault.context(), [[String(id), 1]])).toMatchObject({ refreshed: 1 });
    expect(await run()).toEqual({ ...nobody, identified: 1 });
    expect((await grantOf(vault, link)).account_id).toBe(link.grant.subject);
  });

  it('waits for an outage to pass', async () => {
    const link = await bringGrant();
    // Another address, so that nothing of the provider is known yet.
    expect(await run({ DEMO_ISSUER: 'http://localhost:9' })).toEqual({ ...nobody, postponed: 1 });
    const { asked_in, status } = await grantOf(vault, link);
    expect(Math.abs(Number(asked_in) - 3600)).toBeLessThan(60);
    expect(status).toBe('active');
  });

  it('is not asked where nobody can be: not of a connector without code here', async () => {
    await vault.owner.query(
      `insert into services (id, name, type, provider, connector_id) values ('fax', 'Fax', 'storage', 'fax', 'fax')
       on conflict do nothing`,
    );
    const link = await bring(vault, { service: 'fax' });
    expect(await run()).toEqual({ ...nobody, unknown: 1 });
    expect((await grantOf(vault, link)).identify_at).toBeNull();
  });

  it('is not written into a row that is being refreshed, whose new token is for the name it had', async () => {
    const link = await bringGrant();
    await vault.owner.query("update oauth_connections set lease_id = $1, lease_until = now() - interval '1 hour'", [
      newId(),
    ]);
    expect(await run()).toEqual({ ...nobody, postponed: 1 });
    expect(await grantOf(vault, link)).toMatchObject({ account_id: expect.stringMatching(/^unverified:/) });
    await vault.owner.query('update oauth_connections set lease_id = null, lease_until = null');
    await askAgain();
    expect(await run()).toEqual({ ...nobody, identified: 1 });
  });
});

describe('two grants of one account', () => {
  /** The same account twice: under two services, with what each grant allows. */
  async function bringTwo(scopes: readonly (readonly string[])[], client: string | null = null, isProven = true) {
    const grant = await newGrant();
    const first = await bring(vault, { grant, scopes: scopes[0] });
    await run();
    // A second one, as a sign-in elsewhere would have given.
    const second = await bring(vault, { grant, userId: first.userId, service: 'demo_files', scopes: scopes[1] });
    if (client) {
      await vault.owner.query("update oauth_connections set client_id = $1 where account_id like 'unverified:%'", [
        client,
      ]);
    }
    if (isProven) {
      const { id } = await grantOf(vault, first);
      await vault.owner.query('update oauth_connections set last_refresh_at = now() where id = $1', [id]);
    }
    expect(await run()).toEqual(isProven ? { ...nobody, identified: 1 } : { ...nobody, postponed: 1 });
    return { grant, first, second };
  }
  const all = [...calendar, 'files.read'];

  it('become one where the first allows all that the second does and its service needs', async () => {
    const { first, second, grant } = await bringTwo([all, ['files.read']]);
    const connections = await connectionsOf(first.userId);
    expect(connections).toMatchObject([{ account_id: grant.subject }]);
    expect(await integrationsOf(first.userId)).toMatchObject([
      { service_id: 'demo_calendar', connection_id: connections[0]?.id },
      { service_id: 'demo_files', connection_id: connections[0]?.id },
    ]);
    expect((await grantOf(vault, second)).id).toBe(connections[0]?.id);
  });

  it('wait until the first has worked at the provider since: it may be the second that works', async () => {
    const { first, second } = await bringTwo([all, ['files.read']], null, false);
    expect(await connectionsOf(first.userId)).toHaveLength(2);
    const [kept, brought] = [await grantOf(vault, first), await grantOf(vault, second)];
    expect(Date.parse(String(brought.identify_at))).toBeGreaterThan(Date.parse(String(kept.next_refresh_at)));
  });

  it.each<[string, readonly (readonly string[])[], string | null]>([
    ['the second allows more', [calendar, ['files.read']], null],
    ['nobody said what the second allows, and its service needs more', [calendar, []], null],
    ['they are of two clients', [all, ['files.read']], 'another-client'],
  ])('stay apart where %s, and both know the account', async (_, scopes, client) => {
    const { first, second, grant } = await bringTwo(scopes, client);
    expect(await connectionsOf(first.userId)).toMatchObject([
      { account_id: grant.subject },
      {
        account_id: expect.stringMatching(/^unverified:/),
        connector_metadata: { demo: { account_id: grant.subject } },
        identify_at: null,
      },
    ]);
    expect((await grantOf(vault, second)).id).not.toBe((await grantOf(vault, first)).id);
  });

  it('stay apart where the first has ended', async () => {
    const grant = await newGrant();
    const first = await bring(vault, { grant, scopes: all });
    await run();
    await vault.owner.query("update oauth_connections set status = 'revoked'");
    await bring(vault, { grant, userId: first.userId, service: 'demo_files', scopes: ['files.read'] });
    await run();
    expect(await connectionsOf(first.userId)).toHaveLength(2);
  });
});
