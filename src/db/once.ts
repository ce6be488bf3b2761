/**
 * A change of one statement that sets values, done once for an `Idempotency-Key`: sent again it would undo what came after
 * it. Behind the gate: `[db.update(…).where(and(…, isFirst)), keepChange, db.select(…)]`. SQL functions ask
 * `gatehouse.is_repeated` themselves.
 */
import { sql } from 'drizzle-orm';
import { plain } from './statement.ts';

/** For the `where` of the change: it has not happened yet. */
export const isFirst = sql`not gatehouse.is_repeated('change')`;

/** Comes after the change: it has happened. Nothing without a key. */
export const keepChange = plain(`select from gatehouse.keep_effect('change', 'true')`);
