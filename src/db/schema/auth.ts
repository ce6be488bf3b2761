import { sql } from 'drizzle-orm';
import {
  boolean,
  index,
  inet,
  interval,
  jsonb,
  pgPolicy,
  pgTable,
  primaryKey,
  unique,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, everything, id, member, moment, ownedByUser, secretHash, system } from '../columns.ts';
import { userId } from './account.ts';

/** A signed-in device (requirement 3 §1.1). "This one" is computed by the caller's own credential, so no `is_current`. */
export const userSessions = pgTable(
  'user_sessions',
  {
    id: id(),
    userId: userId(),
    sessionTokenHash: secretHash('session_token_hash'),
    authMethod: varchar('auth_method', { length: 50 }).notNull(),
    /** Which limits it got: gatehouse.session_limits knows them. */
    profile: varchar('profile', { length: 20 }).notNull().default('default'),
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
    /** When the passkey or provider account was added that it signed in or stepped up by; null: by mail alone. */
    credentialAt: moment('credential_at'),
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
    pgPolicy('user_sessions_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** What happened to a user's sign-in (requirement 3 §1.2). Written by the system alone. */
export const loginHistory = pgTable(
  'login_history',
  {
    id: id(),
    userId: userId(),
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

/** Browsers that a user has signed in with, by the SHA-256 of their device cookie: what is "new" is not among them. */
export const knownDevices = pgTable(
  'known_devices',
  {
    userId: userId(),
    deviceHash: varchar('device_hash', { length: 255 }).notNull(),
    createdAt: createdAt(),
    lastSeenAt: moment('last_seen_at')
      .notNull()
      .default(sql`now()`),
  },
  (t) => [
    primaryKey({ columns: [t.userId, t.deviceHash] }),
    index('known_devices_last_seen_at_idx').on(t.lastSeenAt),
    pgPolicy('known_devices_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
