import { sql } from 'drizzle-orm';
import { check, jsonb, pgPolicy, pgTable, text, uniqueIndex, varchar } from 'drizzle-orm/pg-core';
import { admin, bytea, createdAt, member, moment, ownedByUser, sqlClient, system, updatedAt } from '../columns.ts';

/**
 * A person. `id` is text, so that a legacy id such as `user_123` keeps its foreign keys; new ones are uuid v7.
 * `role` describes and grants nothing; `platform_role` grants, and no profile call writes it.
 */
export const users = pgTable(
  'users',
  {
    id: text('id').primaryKey(),
    email: varchar('email', { length: 255 }),
    emailVerifiedAt: moment('email_verified_at'),
    displayName: varchar('display_name', { length: 255 }),
    avatarUrl: text('avatar_url'),
    bio: text('bio'),
    position: varchar('position', { length: 255 }),
    role: varchar('role', { length: 100 }),
    platformRole: varchar('platform_role', { length: 20 }).notNull().default('user'),
    phoneNumber: varchar('phone_number', { length: 50 }),
    timeZone: varchar('time_zone', { length: 100 }),
    webauthnHandle: bytea('webauthn_handle').unique(),
    suspendedAt: moment('suspended_at'),
    /** What a legacy table knew of the user and we have no column for. No API reads it. */
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('users_email_key').on(sql`lower(${t.email})`),
    check('users_platform_role', sql`${t.platformRole} in ('user', 'admin')`),
    pgPolicy('users_member_select', { for: 'select', to: member, using: ownedByUser(t.id) }),
    pgPolicy('users_member_update', {
      for: 'update',
      to: member,
      using: ownedByUser(t.id),
      withCheck: ownedByUser(t.id),
    }),
    pgPolicy('users_admin_select', { for: 'select', to: admin, using: sql`true` }),
    pgPolicy('users_sql_select', { for: 'select', to: sqlClient, using: sql`true` }),
    pgPolicy('users_sql_insert', { for: 'insert', to: sqlClient, withCheck: sql`true` }),
    pgPolicy('users_sql_update', { for: 'update', to: sqlClient, using: sql`true`, withCheck: sql`true` }),
    pgPolicy('users_system', { for: 'all', to: system, using: sql`true`, withCheck: sql`true` }),
  ],
).enableRLS();

/** The `user_id` of a row that goes with its user. */
export const userId = () =>
  text('user_id')
    .notNull()
    .references(() => users.id, { onDelete: 'cascade' });
