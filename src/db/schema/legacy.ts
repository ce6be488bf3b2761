import { index, jsonb, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { sql } from 'drizzle-orm';
import { createdAt, id, updatedAt } from '../columns.ts';

/**
 * A legacy schema that was moved into ours (`npm run legacy`): what it was, so that it can be put back. The owner's
 * alone; no role of the Worker reads it.
 */
export const legacyRuns = pgTable(
  'legacy_runs',
  {
    id: id(),
    schemaName: text('schema_name').notNull(),
    /** `normalized`, `rolled_back` or `finished`. */
    state: text('state').notNull(),
    options: jsonb('options').notNull().default({}),
    /** The foreign keys, grants and columns as they were. */
    catalogue: jsonb('catalogue').notNull().default({}),
    /** Counts. */
    report: jsonb('report').notNull().default({}),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (t) => [
    uniqueIndex('legacy_runs_normalized_key')
      .on(t.schemaName)
      .where(sql`${t.state} = 'normalized'`),
  ],
).enableRLS();

/** Which integration came from which columns of which legacy user. */
export const legacyLinks = pgTable(
  'legacy_links',
  {
    runId: uuid('run_id')
      .notNull()
      .references(() => legacyRuns.id, { onDelete: 'cascade' }),
    integrationId: uuid('integration_id').notNull(),
    userId: text('user_id').notNull(),
    /** `gmail`, `google_calendar`, `telegram` or `signal`. */
    slot: text('slot').notNull(),
  },
  (t) => [primaryKey({ columns: [t.runId, t.integrationId] }), index('legacy_links_user_idx').on(t.runId, t.userId)],
).enableRLS();
