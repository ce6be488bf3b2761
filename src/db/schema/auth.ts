import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  inet,
  interval,
  jsonb,
  pgPolicy,
  pgTable,
  smallint,
  text,
  unique,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, id, member, moment, ownedByOrganization, ownedByUser, system } from '../columns.ts';
import { users } from './account.ts';
import { organizations } from './organizations.ts';

const secretHash = (name: string) => varchar(name, { length: 255 }).notNull().unique();
const ownerId = () =>
  text('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' });
const everything = { using: sql`true`, withCheck: sql`true` };

/** A signed-in device (requirement 3 §1.1). "This one" is computed by the caller's own credential, so no `is_current`. */
export const userSessions = pgTable(
  'user_sessions',
  {
    id: id(),
    userId: ownerId(),
    sessionTokenHash: secretHash('session_token_hash'),
    authMethod: varchar('auth_method', { length: 50 }).notNull(),
    deviceType: varchar('device_type', { length: 50 }),
    deviceName: varchar('device_name', { length: 255 }),
    browser: varchar('browser', { length: 100 }),
    os: varchar('os', { length: 100 }),
    ipAddress: inet('ip_address'),
    locationCity: varchar('location_city', { length: 100 }),
    locationCountry: varchar('location_country', { length: 100 }),
    createdAt: createdAt(),
    /** When the person last proved who they are: what step-up looks at. */
    authenticatedAt: moment('authenticated_at')
      .notNull()
      .default(sql`now()`),
    lastActiveAt: moment('last_active_at')
      .notNull()
      .default(sql`now()`),
    idleTimeout: interval('idle_timeout').notNull().default('7 days'),
    expiresAt: moment('expires_at').notNull(),
    revokedAt: moment('revoked_at'),
  },
  (t) => [
    unique('user_sessions_user_id_id_key').on(t.userId, t.id),
    index('idx_user_sessions_user_id').on(t.userId),
    index('idx_user_sessions_active')
      .on(t.userId, t.expiresAt)
      .where(sql`${t.revokedAt} is null`),
    index('idx_user_sessions_expires_at').on(t.expiresAt),
    pgPolicy('user_sessions_member_select', { for: 'select', to: member, using: ownedByUser(t.userId) }),
    // The check keeps a member from taking a revocation back.
    pgPolicy('user_sessions_member_update', {
      for: 'update',
      to: member,
      using: ownedByUser(t.userId),
      withCheck: sql`${ownedByUser(t.userId)} and ${t.revokedAt} is not null`,
    }),
    pgPolicy('user_sessions_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** What happened to a user's sign-in (requirement 3 §1.2). Written by the system alone. */
export const loginHistory = pgTable(
  'login_history',
  {
    id: id(),
    userId: ownerId(),
    eventType: varchar('event_type', { length: 50 }).notNull(),
    authMethod: varchar('auth_method', { length: 50 }),
    ipAddress: inet('ip_address'),
    deviceInfo: jsonb('device_info'),
    location: jsonb('location'),
    success: boolean('success').notNull(),
    failureReason: varchar('failure_reason', { length: 255 }),
    createdAt: createdAt(),
  },
  (t) => [
    index('idx_login_history_user').on(t.userId, t.createdAt.desc(), t.id.desc()),
    index('idx_login_history_created_at').on(t.createdAt),
    pgPolicy('login_history_member_select', { for: 'select', to: member, using: ownedByUser(t.userId) }),
    pgPolicy('login_history_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** A mailed way in (requirement 3 §2.2), bound to the browser that asked for it. */
export const magicLinks = pgTable(
  'magic_links',
  {
    id: id(),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    email: varchar('email', { length: 255 }).notNull(),
    tokenHash: secretHash('token_hash'),
    /** HMAC under a lookup key, since six digits can be tried out; `<key id>:<hex>`. */
    codeHash: varchar('code_hash', { length: 255 }).notNull(),
    attempts: smallint('attempts').notNull().default(0),
    browserHash: varchar('browser_hash', { length: 255 }).notNull(),
    redirectUrl: text('redirect_url'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    /** The session it became: the same pair sent again gets the same answer. */
    sessionId: uuid('session_id'),
    ipAddress: inet('ip_address'),
    createdAt: createdAt(),
  },
  (t) => [
    index('idx_magic_links_token')
      .on(t.tokenHash)
      .where(sql`${t.usedAt} is null`),
    index('idx_magic_links_cleanup')
      .on(t.expiresAt)
      .where(sql`${t.usedAt} is null`),
    index('idx_magic_links_expires_at').on(t.expiresAt),
    index('idx_magic_links_user_session').on(t.userId, t.sessionId),
    pgPolicy('magic_links_system', { for: 'all', to: system, ...everything }),
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
    pgPolicy('api_tokens_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
