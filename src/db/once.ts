/**
 * A change of one statement that sets values, done once for an `Idempotency-Key`: sent again it would undo what came after
 * it. Behind the gate: `[db.update(t).set(…).where(and(row, isFirst)), keepChange(db, t, row), db.select(…)]`. SQL functions
 * ask `gatehouse.is_repeated` themselves.
 */
import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Db } from './statement.ts';

/** For the `where` of the change: it has not happened yet. */
export const isFirst = sql`not gatehouse.is_repeated('change')`;

/** Comes after the change: it has happened, where there is such a row. Nothing without a key. */
export const keepChange = (db: Db, table: PgTable, row: SQL | undefined) =>
  db
    .select({ kept: sql`gatehouse.keep_effect('change', 'true')` })
    .from(table)
    .where(row);
