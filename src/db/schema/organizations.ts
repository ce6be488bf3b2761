import { sql } from 'drizzle-orm';
import { check, index, pgPolicy, pgTable, primaryKey, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, member, ownedByOrganization, ownedByUser, system, updatedAt } from '../columns.ts';
import { users } from './account.ts';

/** A team. What it owns carries `organization_id`; who may act for it stands in `memberships`. */
export const organizations = pgTable(
  'organizations',
  {
    id: id(),
    name: varchar('name', { length: 255 }).notNull(),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    pgPolicy('organizations_member_select', { for: 'select', to: member, using: ownedByOrganization(t.id) }),
    pgPolicy('organizations_system', { for: 'all', to: system, using: sql`true`, withCheck: sql`true` }),
  ],
).enableRLS();

/** Who belongs to which organisation, as what. The gate reads it; no member writes it. */
export const memberships = pgTable(
  'memberships',
  {
    organizationId: uuid('organization_id')
      .notNull()
      .references(() => organizations.id, { onDelete: 'cascade' }),
    userId: text('user_id')
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: varchar('role', { length: 20 }).notNull().default('member'),
    createdAt: createdAt(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.userId] }),
    index('memberships_user_id_idx').on(t.userId),
    check('memberships_role', sql`${t.role} in ('owner', 'admin', 'member')`),
    pgPolicy('memberships_member_select', {
      for: 'select',
      to: member,
      using: sql`${ownedByUser(t.userId)} or ${ownedByOrganization(t.organizationId)}`,
    }),
    pgPolicy('memberships_system', { for: 'all', to: system, using: sql`true`, withCheck: sql`true` }),
  ],
).enableRLS();
