import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  jsonb,
  pgPolicy,
  pgTable,
  text,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import {
  admin,
  bytea,
  createdAt,
  everything,
  id,
  member,
  moment,
  ownedByOrganization,
  ownedByUser,
  secretHash,
  system,
  updatedAt,
} from '../columns.ts';
import { userId, users } from './account.ts';
import { organizations } from './organizations.ts';

/** WebAuthn credentials (requirement 3 §2.1). `counter` is bigint: an authenticator's is uint32. */
export const passkeys = pgTable(
  'passkeys',
  {
    id: id(),
    userId: userId(),
    credentialId: bytea('credential_id').notNull().unique(),
    publicKey: bytea('public_key').notNull(),
    counter: bigint('counter', { mode: 'number' }).notNull().default(0),
    deviceName: varchar('device_name', { length: 255 }),
    transports: jsonb('transports').$type<string[]>(),
    aaguid: bytea('aaguid'),
    /** Whether its provider keeps it in several devices. */
    backedUp: boolean('backed_up').notNull().default(false),
    createdAt: createdAt(),
    lastUsedAt: moment('last_used_at'),
  },
  (t) => [
    unique('passkeys_user_id_id_key').on(t.userId, t.id),
    index('idx_passkeys_user').on(t.userId),
    index('idx_passkeys_credential').on(t.credentialId),
    pgPolicy('passkeys_member_select', { for: 'select', to: member, using: ownedByUser(t.userId) }),
    pgPolicy('passkeys_member_update', {
      for: 'update',
      to: member,
      using: ownedByUser(t.userId),
      withCheck: ownedByUser(t.userId),
    }),
    pgPolicy('passkeys_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * Accounts at providers that sign a user in (requirement 3 §2.3), known by issuer and subject: an address changes hands,
 * a subject does not. Provider tokens are in the vault alone.
 */
export const oauthAccounts = pgTable(
  'oauth_accounts',
  {
    id: id(),
    userId: userId(),
    provider: varchar('provider', { length: 50 }).notNull(),
    issuer: varchar('issuer', { length: 255 }).notNull(),
    providerUserId: varchar('provider_user_id', { length: 255 }).notNull(),
    providerEmail: varchar('provider_email', { length: 255 }),
    providerName: varchar('provider_name', { length: 255 }),
    providerAvatarUrl: text('provider_avatar_url'),
    scopes: jsonb('scopes').$type<string[]>(),
    /** Where offline access was granted. Composite foreign key: (user_id, connection_id). */
    connectionId: uuid('connection_id'),
    lastUsedAt: moment('last_used_at'),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    unique('oauth_accounts_provider_provider_user_id_key').on(t.provider, t.providerUserId),
    unique('oauth_accounts_issuer_provider_user_id_key').on(t.issuer, t.providerUserId),
    unique('oauth_accounts_user_id_id_key').on(t.userId, t.id),
    index('idx_oauth_accounts_user').on(t.userId),
    index('oauth_accounts_connection_idx').on(t.userId, t.connectionId),
    pgPolicy('oauth_accounts_member_select', { for: 'select', to: member, using: ownedByUser(t.userId) }),
    pgPolicy('oauth_accounts_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * API tokens (requirement 3 §1.5). `kind` says whose: personal (goes with its user), organization, or service (the
 * deployment's own). The secret is stored as SHA-256 alone.
 */
export const apiTokens = pgTable(
  'api_tokens',
  {
    id: id(),
    kind: varchar('kind', { length: 20 }).notNull(),
    organizationId: uuid('organization_id').references(() => organizations.id, { onDelete: 'cascade' }),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    createdBy: text('created_by').references(() => users.id, { onDelete: 'set null' }),
    name: varchar('name', { length: 255 }).notNull(),
    tokenHash: secretHash('token_hash'),
    tokenPrefix: varchar('token_prefix', { length: 10 }).notNull(),
    scopes: jsonb('scopes').$type<string[]>().notNull().default([]),
    lastUsedAt: moment('last_used_at'),
    /** When another took its place: it lives on for the overlap alone, and is rotated once. */
    rotatedAt: moment('rotated_at'),
    expiresAt: moment('expires_at'),
    revokedAt: moment('revoked_at'),
    createdAt: createdAt(),
  },
  (t) => [
    index('idx_api_tokens_org').on(t.organizationId),
    index('idx_api_tokens_user').on(t.userId),
    index('idx_api_tokens_created_by').on(t.createdBy),
    index('idx_api_tokens_hash')
      .on(t.tokenHash)
      .where(sql`${t.revokedAt} is null`),
    index('idx_api_tokens_service')
      .on(t.createdAt)
      .where(sql`${t.kind} = 'service'`),
    index('idx_api_tokens_expires_at').on(t.expiresAt),
    check(
      'api_tokens_owner',
      sql`(${t.kind} = 'personal' and ${t.userId} is not null and ${t.organizationId} is null)
        or (${t.kind} = 'organization' and ${t.userId} is null and ${t.organizationId} is not null)
        or (${t.kind} = 'service' and ${t.userId} is null and ${t.organizationId} is null)`,
    ),
    pgPolicy('api_tokens_member_select', {
      for: 'select',
      to: member,
      using: sql`${ownedByUser(t.userId)} or ${ownedByOrganization(t.organizationId)}`,
    }),
    pgPolicy('api_tokens_admin_select', { for: 'select', to: admin, using: sql`${t.kind} = 'service'` }),
    pgPolicy('api_tokens_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
