import { sql } from 'drizzle-orm';
import { type AnyPgColumn, customType, pgRole, uuid, varchar } from 'drizzle-orm/pg-core';

/** Under this role a member's statements run; row level security holds. Made by `migrate:init`. */
export const member = pgRole('gatehouse_member').existing();
/** What platform administrators run as: named policies of its own, no more. */
export const admin = pgRole('gatehouse_admin').existing();
/** Work without a caller: before sign-in, cron, queues. */
export const system = pgRole('gatehouse_system').existing();
/** SQL clients of requirement 1's functions, such as a workflow engine: trusted with every user's integrations. */
export const sqlClient = pgRole('gatehouse_sql').existing();

/** A moment in time, always with its zone; in TypeScript its ISO 8601 text in UTC, which is what callers get. */
export const moment = customType<{ data: string; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: (value) => new Date(value).toISOString(),
});

/** Bytes. SQL functions take and give them as hex inside JSON. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({ dataType: () => 'bytea' });

/** The SHA-256 of a secret of 128 bits or more, in hex. */
export const secretHash = (name: string) => varchar(name, { length: 255 }).notNull().unique();

/** A policy that lets every row pass: for roles whose grants say all there is to say. */
export const everything = { using: sql`true`, withCheck: sql`true` };

/** `id`, made by the Worker (uuid v7) so that a repeated insert is the same insert; the default serves SQL clients. */
export const id = () => uuid('id').primaryKey().defaultRandom();

export const createdAt = () =>
  moment('created_at')
    .notNull()
    .default(sql`now()`);
export const updatedAt = () =>
  moment('updated_at')
    .notNull()
    .default(sql`now()`);

/** The row belongs to the user this call acts on. */
export const ownedByUser = (column: AnyPgColumn) => sql`${column} = (select gatehouse.uid())`;
/** The row belongs to the organisation this call acts on. */
export const ownedByOrganization = (column: AnyPgColumn) => sql`${column} = (select gatehouse.organization_id())`;
