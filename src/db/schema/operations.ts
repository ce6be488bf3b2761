import { bigint, index, jsonb, pgPolicy, pgTable, varchar } from 'drizzle-orm/pg-core';
import { createdAt, everything, system } from '../columns.ts';

/**
 * Which `Idempotency-Key` was sent with which input, so that another input under the same key is refused, and what of the
 * call has happened, so that it does not happen twice. Neither key, caller nor input can be read from it or guessed: they
 * are HMACs under a lookup key.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** HMAC of caller, procedure and key. */
    keyHash: varchar('key_hash', { length: 255 }).primaryKey(),
    /** HMAC of those and the whole input. */
    inputHash: varchar('input_hash', { length: 255 }).notNull(),
    /** Days since 1970 (UTC) when the key was first used: the ids and secrets of the call are derived from it too. */
    day: bigint('day', { mode: 'number' }).notNull(),
    /** What of the call has happened, and its answer: ids and numbers. Kept in the transaction in which it happens. */
    effects: jsonb('effects').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
  },
  (t) => [
    index('idempotency_keys_created_at_idx').on(t.createdAt),
    pgPolicy('idempotency_keys_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
