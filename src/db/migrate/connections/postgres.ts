import pg from 'pg';

import { databaseRefusal, MigrationError } from '../errors.ts';
import {
  type DatabaseAddress,
  describeTarget,
  type MigrationConnection,
  type Row,
  type Statement,
} from '../connection.ts';

/** A connection over TCP, opened at first use: for servers that are not Neon's and for DDL longer than HTTP allows. */
export function connectPostgres(address: DatabaseAddress): MigrationConnection {
  let client: Promise<pg.Client> | undefined;
  const connected = async (): Promise<pg.Client> => (client ??= open(address));
  return {
    target: describeTarget(address, 'TCP'),
    database: address.database,
    batch: async (statements) => transaction(await connected(), statements),
    single: async (statement) => run(await connected(), statement),
    close: async () => {
      const opened = client;
      client = undefined;
      await (await opened?.catch(() => undefined))?.end();
    },
  };
}

async function open(address: DatabaseAddress): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: address.url,
    application_name: 'gatehouse migrate',
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection lost between two statements is reported by the next one; without a listener it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return client;
  } catch (error) {
    const reason = error instanceof Error && error.message !== '' ? error.message : 'the connection was refused';
    throw new MigrationError(
      'database.unreachable',
      `Cannot connect to ${describeTarget(address, 'TCP')}: ${reason}.`,
      error,
    );
  }
}

async function transaction(client: pg.Client, statements: readonly Statement[]): Promise<Row[][]> {
  await client.query('begin isolation level read committed');
  try {
    const results: Row[][] = [];
    for (const statement of statements) results.push(await run(client, statement));
    await client.query('commit');
    return results;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  }
}

/** Always the extended protocol, which takes one statement, as over HTTP: a file must not work by one way alone. */
async function run(client: pg.Client, { query, params }: Statement): Promise<Row[]> {
  const request = { text: query, values: [...(params ?? [])], queryMode: 'extended' };
  try {
    const result = await client.query<Row>(request);
    return result.rows;
  } catch (error) {
    if (databaseRefusal(error) !== null) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new MigrationError('database.unreachable', `The connection was lost: ${reason}.`, error);
  }
}
