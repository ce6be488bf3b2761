import { type SQL, sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  jsonb,
  pgEnum,
  pgPolicy,
  pgTable,
  text,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import {
  createdAt,
  everything,
  id,
  member,
  moment,
  ownedByOrganization,
  ownedByUser,
  sqlClient,
  system,
  updatedAt,
} from '../columns.ts';
import { users } from './account.ts';
import { organizations } from './organizations.ts';

/** Requirement 2. `active` alone refreshes by itself; the other three wait for a person to connect again. */
export const oauthStatus = pgEnum('oauth_status', ['active', 'expired', 'revoked', 'error']);

/** The id of the key that a value was sealed under: the third part of its envelope. */
const sealedUnder = (value: SQL) => sql`split_part(${value}, ':', 3)`;
const accessKey = sealedUnder(sql`access_token`);
const refreshKey = sealedUnder(sql`coalesce(refresh_token, access_token)`);
const secretKey = sealedUnder(sql`coalesce(client_secret, access_token)`);

/** Why a refresh did not work. Never a text of the provider. */
export interface StoredFailure {
  readonly class: 'permanent' | 'configuration' | 'transient' | 'ambiguous';
  readonly code: string;
  readonly status: number | null;
  readonly at: string;
}

/**
 * The vault (requirement 2): the one authority for provider tokens, each sealed for its owner, connector and field. One
 * row is one account at a provider of one user or organisation. See docs/oauth.md for how a row lives.
 */
export const oauthConnections = pgTable(
  'oauth_connections',
  {
    id: id(),
    userId: text('user_id').references(() => users.id, { onDelete: 'restrict' }),
    organizationId: uuid('organization_id').references(() => organizations.id, { onDelete: 'restrict' }),
    /** What the values are sealed for, and half of the upsert's key. */
    owner: text('owner')
      .notNull()
      .generatedAlwaysAs(sql`coalesce('user:' || user_id, 'organization:' || organization_id::text)`),
    connectorId: varchar('connector_id', { length: 50 }).notNull(),
    /** Who it is at the provider, in the provider's own words. */
    accountId: varchar('account_id', { length: 255 }).notNull(),
    /** The client that the grant was made for: no other can refresh it. Null: the deployment's. */
    clientId: varchar('client_id', { length: 255 }),
    clientSecret: text('client_secret'),
    accessToken: text('access_token').notNull(),
    refreshToken: text('refresh_token'),
    tokenType: varchar('token_type', { length: 50 }).notNull().default('Bearer'),
    expiresAt: moment('expires_at'),
    refreshExpiresAt: moment('refresh_expires_at'),
    /** As granted, with spaces between. */
    scopes: text('scopes').notNull(),
    status: oauthStatus('status').notNull().default('active'),
    grantedAt: moment('granted_at')
      .notNull()
      .default(sql`now()`),
    lastRefreshAt: moment('last_refresh_at'),
    lastUsedAt: moment('last_used_at'),
    /** What the connector says of the account under its own name; `primary` where it is the one meant by default. */
    connectorMetadata: jsonb('connector_metadata').$type<Record<string, unknown>>().notNull().default({}),
    /** What the connector's addresses need, such as a shop's domain. */
    parameters: jsonb('parameters').$type<Record<string, string>>().notNull().default({}),
    /** Grows with each new set of tokens: one redemption a version. */
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    /** Who is refreshing, and until when nobody else may. */
    leaseId: uuid('lease_id'),
    leaseUntil: moment('lease_until'),
    /** A lease that ended without a word: its answer may still be on the way (`gatehouse.take_lease`). */
    leaseDoubtful: boolean('lease_doubtful').notNull().default(false),
    /** When it is due; null when there is nothing to refresh. */
    nextRefreshAt: moment('next_refresh_at'),
    failureCount: bigint('failure_count', { mode: 'number' }).notNull().default(0),
    failingSince: moment('failing_since'),
    lastFailure: jsonb('last_failure').$type<StoredFailure>(),
    /** The key that all its values are under; `?` when they are not under one. */
    keyId: text('key_id')
      .notNull()
      .generatedAlwaysAs(
        sql`case when ${refreshKey} = ${accessKey} and ${secretKey} = ${accessKey} then ${accessKey} else '?' end`,
      ),
    /** When to ask the provider whose account it is; null where that is known, or cannot be. */
    identifyAt: moment('identify_at'),
    createdBy: text('created_by').references(() => users.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('oauth_connections_account_key').on(t.owner, t.connectorId, t.accountId),
    unique('oauth_connections_user_id_id_key').on(t.userId, t.id),
    unique('oauth_connections_organization_id_id_key').on(t.organizationId, t.id),
    index('idx_user_connector').on(t.userId, t.connectorId),
    index('idx_organization_connector').on(t.organizationId, t.connectorId),
    index('idx_status').on(t.status),
    index('idx_expires_at').on(t.expiresAt),
    index('idx_last_used').on(t.lastUsedAt),
    index('oauth_connections_due_idx')
      .on(t.nextRefreshAt)
      .where(sql`${t.nextRefreshAt} is not null`),
    index('oauth_connections_account_idx').on(t.connectorId, t.accountId),
    // By owner within a key, so that re-sealing takes from everybody in turn.
    index('oauth_connections_key_owner_idx').on(t.keyId, t.owner, t.id),
    index('oauth_connections_created_by_idx').on(t.createdBy),
    index('oauth_connections_identify_idx')
      .on(t.identifyAt)
      .where(sql`${t.identifyAt} is not null`),
    index('oauth_connections_plain_idx')
      .on(t.id)
      .where(
        sql`(access_token <> '' and left(access_token, 12) <> 'gatehouse:1:') or left(refresh_token, 12) <> 'gatehouse:1:' or left(client_secret, 12) <> 'gatehouse:1:'`,
      ),
    index('oauth_connections_broken_idx')
      .on(t.userId, t.id)
      .where(sql`status <> 'active' and user_id is not null`),
    index('oauth_connections_not_renewed_idx')
      .on(t.expiresAt)
      .where(sql`status = 'active' and refresh_token is null and user_id is not null`),
    check('oauth_connections_one_owner', sql`num_nonnulls(${t.userId}, ${t.organizationId}) = 1`),
    pgPolicy('oauth_connections_member_select', {
      for: 'select',
      to: member,
      using: sql`${ownedByUser(t.userId)} or ${ownedByOrganization(t.organizationId)}`,
    }),
    pgPolicy('oauth_connections_sql_select', { for: 'select', to: sqlClient, using: sql`${t.userId} is not null` }),
    pgPolicy('oauth_connections_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
