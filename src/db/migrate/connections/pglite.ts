import type { PGlite, Transaction } from '@electric-sql/pglite';

import type { MigrationConnection, Row, Statement } from '../connection.ts';

/** A connection to an embedded PostgreSQL in this process. Closing it leaves the database open: it is the caller's. */
export function connectPglite(database: PGlite): MigrationConnection {
  return {
    target: 'embedded PostgreSQL (PGlite)',
    database: 'postgres',
    batch: async (statements) =>
      database.transaction(async (transaction) => {
        const results: Row[][] = [];
        for (const statement of statements) results.push(await run(transaction, statement));
        return results;
      }),
    single: async (statement) => run(database, statement),
    close: async () => {},
  };
}

async function run(on: PGlite | Transaction, { query, params }: Statement): Promise<Row[]> {
  const result = await on.query<Row>(query, params === undefined ? [] : [...params]);
  return result.rows;
}
