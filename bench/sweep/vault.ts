import { Client } from 'pg';
import { seedConnections, type VaultSettings } from '../../scripts/support/seed-connections.ts';
import { seedUsers, userIdOf } from '../seed.ts';
import type { GivenTokens } from './grants.ts';

/** What a sweep did to the rows. */
export interface VaultReport {
  /** Rows with new tokens, once. */
  readonly refreshed: number;
  /** Rows with new tokens more than once. */
  readonly twice: number;
  /** Rows that are as they were, or due still, or leased, or not active any more. */
  readonly missed: number;
}

/** The connections of the sweep, looked at from outside of the Worker. */
export interface SweepVault {
  /** Makes all of them due; `report` counts from there. */
  makeDue(): Promise<void>;
  report(): Promise<VaultReport>;
  close(): Promise<void>;
}

/** Fills a migrated, empty database: one user and one connection a grant. */
export async function openVault(
  ownerUrl: string,
  settings: VaultSettings,
  given: readonly GivenTokens[],
): Promise<SweepVault> {
  const client = new Client({ connectionString: ownerUrl });
  await seedUsers(ownerUrl, given.length, { users: [], sessions: [], tokens: [] });
  await client.connect();
  try {
    await seed(client, settings, given);
  } catch (error) {
    await client.end();
    throw error;
  }
  let generation = 1;
  return {
    makeDue: async () => {
      const { rows } = await client.query<{ version: string }>(MAKE_DUE);
      generation = Number(rows[0]?.version ?? 1);
      await client.query('vacuum analyze oauth_connections');
    },
    report: async () => {
      const { rows } = await client.query<VaultReport>(REPORT, [generation]);
      const [row] = rows;
      if (!row) throw new Error('The vault could not be counted.');
      return row;
    },
    close: () => client.end(),
  };
}

async function seed(client: Client, settings: VaultSettings, given: readonly GivenTokens[]): Promise<void> {
  const userIds = given.map((_, i) => userIdOf(i + 1));
  const grants = given.map((tokens, i) => ({
    ...tokens,
    subject: `account-${i + 1}`,
    scope: 'openid email profile offline_access',
  }));
  await seedConnections(client, settings, { userIds, grants });
}

const MAKE_DUE = `with due as (update oauth_connections set next_refresh_at = now() - interval '1 second' returning version)
  select max(version) as version from due`;

const REPORT = `select count(*) filter (where version = $1::bigint + 1)::int as refreshed,
    count(*) filter (where version > $1::bigint + 1)::int as twice,
    count(*) filter (where version <= $1::bigint or next_refresh_at is null or next_refresh_at <= now()
      or lease_id is not null or status <> 'active')::int as missed
  from oauth_connections`;
