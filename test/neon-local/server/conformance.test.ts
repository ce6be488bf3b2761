import { Client, DatabaseError } from 'pg';
import type { QueryArrayConfig, QueryArrayResult } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../../scripts/neon-local/index.ts';
import { errorCases, resultCases, setup } from '../conformance-cases.ts';
import { asText, connect, failure } from '../support.ts';
import type { Sql } from '../support.ts';
import { createTestDatabase } from './support.ts';
import type { TestDatabase } from './support.ts';

let database: TestDatabase;
let server: NeonLocal;
let sql: Sql;
/** The same user on the same server, by TCP. */
let direct: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  server = await startNeonLocal({ postgres: database.url });
  const { host, port, name, role, password } = database;
  sql = connect(server, `${role}:${password}`, name);
  direct = new Client({ host, port, user: role, password, database: name });
  await direct.connect();
  for (const statement of setup) await sql.query(statement);
});

afterAll(async () => {
  await direct?.end();
  await server?.close();
  await database?.drop();
});

/** Runs a statement by TCP and takes it back, so that it can then run over HTTP. */
async function byPg(text: string, values: unknown[]): Promise<QueryArrayResult> {
  await direct.query('begin');
  try {
    const types = { getTypeParser: () => (value: string) => value };
    const config = { text, values, types, rowMode: 'array', queryMode: 'extended' } as const;
    return await direct.query(config as QueryArrayConfig);
  } finally {
    await direct.query('rollback');
  }
}

const named = (text: string | null): string | null => text?.replace('neon_local_tester', database.role) ?? null;

describe('the Neon driver on a server gets what pg gets', () => {
  it.each(resultCases)('$name', async ({ query, params = [], ...expected }) => {
    const byTcp = await byPg(query, params);
    const options = { fullResults: true, arrayMode: true, types: asText } as const;
    const byHttp = await sql.query(query, params, options);
    expect(byHttp.rows).toEqual(byTcp.rows);
    expect(byHttp.rows).toEqual(expected.rows.map((row) => row.map(isUser(query) ? named : (text) => text)));
    expect(byHttp.fields).toEqual(byTcp.fields.map((field) => ({ ...field })));
    expect(byHttp.command).toBe(byTcp.command ?? '');
    expect(byHttp.command).toBe(expected.command);
    expect(byHttp.rowCount).toBe(byTcp.rowCount);
    expect(byHttp.rowCount).toBe(expected.rowCount);
  });

  it('values parsed by the driver are those parsed by pg', async () => {
    for (const { query, params = [], command } of resultCases) {
      if (command !== 'SELECT' || query.includes('$1')) continue;
      const { rows } = await direct.query(query, params);
      expect(await sql.query(query, params)).toEqual(rows);
    }
  });
});

function isUser(query: string): boolean {
  return /current_user|session_user/.test(query);
}

describe('the Neon driver on a server gets the errors that pg gets', () => {
  it.each(errorCases)('$name', async ({ query, params = [], error }) => {
    const byTcp = await failure(byPg(query, params));
    expect(byTcp).toBeInstanceOf(DatabaseError);
    const byHttp = await failure(sql.query(query, params));
    const { message, code, severity, detail, hint, position, internalPosition, internalQuery } = byTcp;
    const { where, schema, table, column, dataType, constraint, file, line, routine } = byTcp;
    const all = { message, code, severity, detail, hint, position, internalPosition, internalQuery, where };
    expect(byHttp).toMatchObject({ ...all, schema, table, column, dataType, constraint, file, line, routine });
    expect(byHttp).toMatchObject(error);
  });

  it('a batch fails with the same error as its statement alone, and leaves a usable connection', async () => {
    for (const { query, params, error } of errorCases) {
      const batch = sql.transaction([sql`select 1`, sql.query(query, params), sql`select 2`]);
      expect(await failure(batch)).toMatchObject(error);
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    }
  });
});
