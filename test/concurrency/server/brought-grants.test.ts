import { afterAll, beforeAll, expect, it } from 'vitest';
import { openSealed, sealedFor } from '../../../src/domain/oauth/vault.ts';
import { identifyAccounts } from '../../../src/jobs/identify-accounts.ts';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { type OwnVault, startOwnVault } from '../../support/own-vault.ts';

const COUNT = 120;

let vault: OwnVault;
beforeAll(async () => {
  vault = await startOwnVault();
}, 120_000);
afterAll(() => vault?.close());

const LINK = `select link_service_to_user($1, 'demo_calendar', access_token => $2, refresh_token => $3,
  token_expires_at => now() + make_interval(secs => $4::integer))`;

/** New users, each with a grant that SQL brought; half of the tokens have run out. */
async function bring(): Promise<{ userId: string; subject: string; refreshToken: string }[]> {
  const grants = await vault.provider.grants.seed(COUNT);
  const brought = [];
  for (const [at, { subject, accessToken, refreshToken }] of grants.entries()) {
    const userId = `user-${subject}`;
    await vault.owner.query('insert into users (id) values ($1)', [userId]);
    await vault.owner.query(LINK, [userId, accessToken, refreshToken, at % 2 ? 600 : -60]);
    brought.push({ userId, subject, refreshToken });
  }
  return brought;
}

const stored = () =>
  vault.owner.query<Record<string, string>>(
    "select *, identify_at is not null as is_unnamed from oauth_connections where connector_id = 'demo' order by user_id",
  );

it('jobs that seal, refresh and name brought grants at once lose no token and use none twice', async () => {
  const brought = await bring();
  const ctx = vault.context();
  const makeAllDue = `update oauth_connections set identify_at = now(),
    next_refresh_at = case when next_refresh_at is not null then now() end where identify_at is not null`;
  for (let round = 0; round < 4; round += 1) {
    await Promise.all([
      resealVault(ctx),
      identifyAccounts(ctx),
      vault.sweep(ctx),
      identifyAccounts(vault.context()),
      resealVault(vault.context()),
      vault.sweep(vault.context()),
    ]);
    await vault.owner.query(makeAllDue);
  }
  // Whoever found a row locked each time leaves it to the next run.
  await vault.sweep(ctx);
  await identifyAccounts(ctx);
  const rows = await stored();
  expect(rows).toHaveLength(COUNT);
  const subjects = new Map(brought.map(({ userId, subject }) => [userId, subject]));
  for (const row of rows) {
    const subject = subjects.get(String(row.user_id));
    expect(row).toMatchObject({ account_id: subject, status: 'active', key_id: 'dev', is_unnamed: false });
    const key = { owner: String(row.owner), connector: 'demo', accountId: String(row.account_id) };
    const token = await openSealed(ctx.settings, String(row.refresh_token), sealedFor(key, 'refresh_token'));
    expect(await vault.provider.grants.subjectOf(token)).toBe(subject);
  }
  const totals = vault.provider.grants.totals();
  expect(totals).toMatchObject({ failed: 0, mostPerToken: 1 });
  expect(totals.succeeded).toBeGreaterThanOrEqual(COUNT / 2);
});

it('text that SQL writes while jobs seal is what remains, and is sealed in the end', async () => {
  const userIds = Array.from({ length: 40 }, (_, at) => `writer-${at}`);
  for (const userId of userIds) await vault.owner.query('insert into users (id) values ($1)', [userId]);
  const write = async (round: number) => {
    for (const userId of userIds) await vault.owner.query(LINK, [userId, `${userId} ${round}`, null, 600]);
  };
  const ctx = vault.context();
  await write(0);
  for (let round = 1; round <= 5; round += 1) {
    await Promise.all([write(round), resealVault(ctx), identifyAccounts(ctx), resealVault(vault.context())]);
  }
  await resealVault(ctx);
  const rows = (await stored()).filter(({ user_id }) => String(user_id).startsWith('writer-'));
  expect(rows).toHaveLength(userIds.length);
  for (const row of rows) {
    const key = { owner: String(row.owner), connector: 'demo', accountId: String(row.account_id) };
    expect(row.access_token).toMatch(/^gatehouse:1:/);
    const token = await openSealed(ctx.settings, String(row.access_token), sealedFor(key, 'access_token'));
    expect(token).toBe(`${row.user_id} 5`);
  }
});
