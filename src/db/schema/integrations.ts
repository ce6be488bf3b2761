import { sql } from 'drizzle-orm';
import { boolean, check, index, jsonb, pgPolicy, pgTable, text, unique, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import {
  admin,
  createdAt,
  everything,
  id,
  member,
  moment,
  ownedByUser,
  sqlClient,
  system,
  updatedAt,
} from '../columns.ts';
import { userId, users } from './account.ts';

/** What can be linked (requirement 1): a catalogue, so that one more service is one more row. */
export const services = pgTable(
  'services',
  {
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** `email`, `calendar`, `messaging`, `storage`, …: what it is to a user. A `messaging` one is linked by its id there. */
    type: text('type').notNull(),
    provider: text('provider').notNull(),
    /** Whose grants serve it in the vault: Gmail and Google Calendar share `google`. */
    connectorId: text('connector_id').notNull(),
    /** What a grant must allow for it. */
    scopes: jsonb('scopes').$type<readonly string[]>().notNull().default([]),
    /** Whether a token without a recorded end has to be taken for expired. */
    tokensExpire: boolean('tokens_expire').notNull().default(true),
    isActive: boolean('is_active').notNull().default(true),
    /** For the interface: icon, colour. */
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    check('services_scopes_array', sql`jsonb_typeof(${t.scopes}) = 'array'`),
    check('services_metadata_object', sql`jsonb_typeof(${t.metadata}) = 'object'`),
    pgPolicy('services_read', { for: 'select', to: [member, admin, sqlClient], using: sql`true` }),
    pgPolicy('services_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** The key that a stored text is sealed under; null for one in the clear. Both ends of `src/lib/sealing.ts`. */
const sealedUnder = (value: ReturnType<typeof sql>) =>
  sql`case when left(${value}, 12) = 'gatehouse:1:' then split_part(${value}, ':', 3) end`;
const credentialsKey = sealedUnder(sql`credentials #>> '{}'`);
const authCodeKey = sealedUnder(sql`auth_code`);

/** Whether a stored text is not a sealed one. */
const isPlain = (value: ReturnType<typeof sql>) => sql`left(${value}, 12) <> 'gatehouse:1:'`;

/**
 * The services a user has linked, many accounts of each (requirement 1). Tokens are in the vault, through
 * (user_id, connection_id); what else a service needs is sealed in `credentials`. A disconnected one stays, not active.
 */
export const userIntegrations = pgTable(
  'user_integrations',
  {
    id: id(),
    userId: userId(),
    serviceId: text('service_id')
      .notNull()
      .references(() => services.id, { onUpdate: 'cascade', onDelete: 'restrict' }),
    isActive: boolean('is_active').notNull().default(true),
    displayLabel: text('display_label'),
    /** Composite foreign key: (user_id, connection_id). */
    connectionId: uuid('connection_id'),
    authCode: text('auth_code'),
    /** Who it is at the service; null where nobody knows (yet). */
    externalUserId: text('external_user_id'),
    externalUsername: text('external_username'),
    /** As given by a SQL client, or a JSON string that holds the sealed text. */
    credentials: jsonb('credentials'),
    /** `primary` marks the account that is meant when none is named. */
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
    /** The key that both sealed values are under; `?` when they are under two, null when none is sealed. */
    keyId: text('key_id').generatedAlwaysAs(
      sql`case when (${credentialsKey}) <> (${authCodeKey}) then '?' else coalesce(${credentialsKey}, ${authCodeKey}) end`,
    ),
    /** Who linked it; null: a backend. What nobody has proven to be theirs goes at the owner's first sign-in. */
    createdBy: text('created_by').references(() => users.id, { onDelete: 'set null' }),
    /** Messaging: when a backend said whose account it is. Null: the person claims it, as anybody could. */
    verifiedAt: moment('verified_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('user_integrations_account_key').on(t.userId, t.serviceId, t.externalUserId).nullsNotDistinct(),
    unique('user_integrations_user_id_id_key').on(t.userId, t.id),
    index('user_integrations_connection_idx').on(t.userId, t.connectionId),
    index('user_integrations_created_by_idx').on(t.createdBy),
    index('user_integrations_external_idx').on(t.serviceId, t.externalUserId),
    uniqueIndex('user_integrations_verified_key')
      .on(t.serviceId, t.externalUserId)
      .where(sql`${t.verifiedAt} is not null`),
    index('user_integrations_without_grant_idx')
      .on(t.serviceId, t.id)
      .where(sql`${t.isActive} and ${t.connectionId} is null`),
    index('user_integrations_without_account_idx')
      .on(t.serviceId, t.id)
      .where(sql`${t.isActive} and ${t.externalUserId} is null`),
    index('user_integrations_empty_idx')
      .on(t.id)
      .where(
        sql`${t.connectionId} is null and ${t.externalUserId} is null and ${t.credentials} is null and ${t.authCode} is null`,
      ),
    index('user_integrations_plain_idx')
      .on(t.id)
      .where(sql`${isPlain(sql`${t.credentials} #>> '{}'`)} or ${isPlain(sql`${t.authCode}`)}`),
    // By user within a key, so that re-sealing takes from everybody in turn.
    index('user_integrations_key_user_idx')
      .on(t.keyId, t.userId, t.id)
      .where(sql`${t.keyId} is not null`),
    // What an index can hold, said by name.
    check('user_integrations_external_user_id_length', sql`length(${t.externalUserId}) <= 255`),
    check('user_integrations_metadata_object', sql`jsonb_typeof(${t.metadata}) = 'object'`),
    pgPolicy('user_integrations_member_select', { for: 'select', to: member, using: ownedByUser(t.userId) }),
    pgPolicy('user_integrations_sql', { for: 'all', to: sqlClient, ...everything }),
    pgPolicy('user_integrations_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
