import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  index,
  jsonb,
  pgPolicy,
  pgTable,
  primaryKey,
  text,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, everything, id, member, moment, ownedByOrganization, ownedByUser, system } from '../columns.ts';
import { users } from './account.ts';
import type { StoredFailure } from './oauth.ts';
import { organizations } from './organizations.ts';

/**
 * The apps of an organisation (requirement 3 §1.4): who connected what, and until when. The tokens are in the vault,
 * and go from there at once; this row stays.
 */
export const connectedApps = pgTable(
  'connected_apps',
  {
    id: id(),
    organizationId: uuid('organization_id')
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    userId: text('user_id').references(() => users.id, { onDelete: 'set null' }),
    /** Composite foreign key: (organization_id, connection_id). */
    connectionId: uuid('connection_id'),
    provider: varchar('provider', { length: 100 }).notNull(),
    providerAccountId: varchar('provider_account_id', { length: 255 }),
    lastSyncAt: moment('last_sync_at'),
    connectedAt: moment('connected_at')
      .notNull()
      .default(sql`now()`),
    disconnectedAt: moment('disconnected_at'),
  },
  (t) => [
    unique('connected_apps_organization_id_id_key').on(t.organizationId, t.id),
    unique('connected_apps_connection_key').on(t.organizationId, t.connectionId),
    index('idx_connected_apps_org').on(t.organizationId),
    index('connected_apps_user_id_idx').on(t.userId),
    pgPolicy('connected_apps_member_select', {
      for: 'select',
      to: member,
      using: ownedByOrganization(t.organizationId),
    }),
    pgPolicy('connected_apps_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** What happened to a connection, by whom, and why: the audit trail, and the evidence behind each status. */
export const connectionEvents = pgTable(
  'connection_events',
  {
    id: id(),
    /** No foreign key: the trail outlives the connection. Of `integration.*` events the link's id. */
    connectionId: uuid('connection_id').notNull(),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    organizationId: uuid('organization_id').references(() => organizations.id, { onDelete: 'cascade' }),
    connectorId: varchar('connector_id', { length: 50 }).notNull(),
    event: varchar('event', { length: 50 }).notNull(),
    /** session, personal, organization or service; null: the deployment itself. */
    actorKind: varchar('actor_kind', { length: 20 }),
    actorId: text('actor_id'),
    /** The person behind it; null for tokens of organisations and of the deployment. */
    actorUserId: text('actor_user_id').references(() => users.id, { onDelete: 'set null' }),
    evidence: jsonb('evidence').$type<Record<string, unknown>>(),
    createdAt: createdAt(),
  },
  (t) => [
    index('connection_events_connection_idx').on(t.connectionId, t.createdAt),
    index('connection_events_user_id_idx').on(t.userId),
    index('connection_events_organization_id_idx').on(t.organizationId),
    index('connection_events_actor_user_id_idx').on(t.actorUserId),
    index('connection_events_created_at_idx').on(t.createdAt),
    pgPolicy('connection_events_member_select', {
      for: 'select',
      to: member,
      using: sql`${ownedByUser(t.userId)} or ${ownedByOrganization(t.organizationId)}`,
    }),
    pgPolicy('connection_events_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** A grant to revoke at its provider (RFC 7009). It outlives the connection, and its user. Sealed as it was there. */
export const grantRevocations = pgTable(
  'grant_revocations',
  {
    id: id(),
    connectionId: uuid('connection_id').notNull(),
    /** What the values are sealed for. */
    owner: text('owner').notNull(),
    connectorId: varchar('connector_id', { length: 50 }).notNull(),
    accountId: varchar('account_id', { length: 255 }).notNull(),
    clientId: varchar('client_id', { length: 255 }),
    clientSecret: text('client_secret'),
    /** refresh_token or access_token. */
    tokenField: varchar('token_field', { length: 20 }).notNull(),
    token: text('token').notNull(),
    parameters: jsonb('parameters').$type<Record<string, string>>().notNull().default({}),
    attempts: bigint('attempts', { mode: 'number' }).notNull().default(0),
    nextTryAt: moment('next_try_at')
      .notNull()
      .default(sql`now()`),
    lastFailure: jsonb('last_failure').$type<StoredFailure>(),
    createdAt: createdAt(),
  },
  (t) => [
    index('grant_revocations_due_idx').on(t.nextTryAt),
    index('grant_revocations_owner_idx').on(t.owner, t.createdAt),
    check('grant_revocations_token_field', sql`${t.tokenField} in ('refresh_token', 'access_token')`),
    pgPolicy('grant_revocations_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * A connector that is left alone for a while: its provider is down, or does not take our client. Written when it opens
 * and when it closes, not for each refresh.
 */
export const connectorBreakers = pgTable(
  'connector_breakers',
  {
    connectorId: varchar('connector_id', { length: 50 }).notNull(),
    /**
     * Whose client failed, as `gatehouse.breaker_key` says it: the deployment's client id ('' where the grant names none),
     * or a digest of 64 hex digits with a prefix. 255 characters hold each of them.
     */
    clientId: varchar('client_id', { length: 255 }).notNull(),
    openedAt: moment('opened_at').notNull(),
    openUntil: moment('open_until').notNull(),
    /** How often in a row it opened. */
    trips: bigint('trips', { mode: 'number' }).notNull().default(1),
    lastFailure: jsonb('last_failure').$type<StoredFailure>().notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.connectorId, t.clientId] }),
    index('connector_breakers_open_until_idx').on(t.openUntil),
    pgPolicy('connector_breakers_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * A row that a job could not work on: set aside until `retryAt`, so that it holds up no other. Gone when the row worked
 * out, or was not seen for a week.
 */
export const jobFailures = pgTable(
  'job_failures',
  {
    /** reseal or seal. */
    job: varchar('job', { length: 50 }).notNull(),
    tableName: varchar('table_name', { length: 63 }).notNull(),
    rowId: uuid('row_id').notNull(),
    attempts: bigint('attempts', { mode: 'number' }).notNull().default(1),
    /** Why, in words of ours: never a value. */
    lastFailure: jsonb('last_failure').$type<{ readonly code: string; readonly at: string }>().notNull(),
    retryAt: moment('retry_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.job, t.tableName, t.rowId] }),
    index('job_failures_retry_at_idx').on(t.retryAt),
    pgPolicy('job_failures_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
