import { sql } from 'drizzle-orm';
import { check, index, jsonb, pgPolicy, pgTable, text, uuid, varchar } from 'drizzle-orm/pg-core';
import { createdAt, id, member, moment, ownedByOrganization, ownedByUser, system } from '../columns.ts';
import { users } from './account.ts';
import { organizations } from './organizations.ts';

/**
 * Events, written in the same statement or function as the change they tell of. Swept by `dispatched_at is null`: an id
 * cursor would step over rows whose transaction committed late. `payload` holds no secrets.
 */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    type: varchar('type', { length: 100 }).notNull(),
    userId: text('user_id').references(() => users.id, { onDelete: 'set null' }),
    organizationId: uuid('organization_id').references(() => organizations.id, { onDelete: 'set null' }),
    subjectId: text('subject_id'),
    payload: jsonb('payload').notNull().default({}),
    createdAt: createdAt(),
    availableAt: moment('available_at')
      .notNull()
      .default(sql`now()`),
    dispatchedAt: moment('dispatched_at'),
  },
  (t) => [
    index('outbox_pending_idx')
      .on(t.availableAt)
      .where(sql`${t.dispatchedAt} is null`),
    index('outbox_dispatched_at_idx').on(t.dispatchedAt),
    index('outbox_user_id_idx').on(t.userId),
    index('outbox_organization_id_idx').on(t.organizationId),
    check('outbox_payload_object', sql`jsonb_typeof(${t.payload}) = 'object'`),
    pgPolicy('outbox_member_insert', {
      for: 'insert',
      to: member,
      withCheck: sql`(${t.userId} is null or ${ownedByUser(t.userId)})
        and (${t.organizationId} is null or ${ownedByOrganization(t.organizationId)})
        and num_nonnulls(${t.userId}, ${t.organizationId}) > 0`,
    }),
    pgPolicy('outbox_system', { for: 'all', to: system, using: sql`true`, withCheck: sql`true` }),
  ],
).enableRLS();
