import type * as z from 'zod';
import type { MigrationConnection, Statement } from '../../src/db/migrate/connection.ts';

/** Runs one statement, which is one transaction, and reads each row by a schema. Every driver gives text, booleans and null. */
export async function ask<T>(connection: MigrationConnection, row: z.ZodType<T>, statement: Statement): Promise<T[]> {
  const rows = await connection.single(statement);
  return rows.map((found) => row.parse(found));
}

/** SQL for a time as ISO 8601 in UTC, whatever the time zone of the connection. */
export function isoTime(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}
