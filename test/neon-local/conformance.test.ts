import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../scripts/neon-local/index.ts';
import { errorCases, resultCases, setup } from './conformance-cases.ts';
import { asText, connect, failure } from './support.ts';
import type { Sql } from './support.ts';

let server: NeonLocal;
let sql: Sql;

beforeAll(async () => {
  server = await startNeonLocal({});
  const owner = connect(server);
  await owner.transaction([
    owner`create role neon_local_tester login password 'secret'`,
    owner`alter role neon_local_tester set timezone = 'UTC'`,
    owner`grant create on schema public to neon_local_tester`,
  ]);
  sql = connect(server, 'neon_local_tester:secret');
  for (const statement of setup) await sql.query(statement);
});

afterAll(() => server.close());

describe('the Neon driver on PGlite gets what PostgreSQL answers', () => {
  it.each(resultCases)('$name', async ({ query, params, ...expected }) => {
    const result = await sql.query(query, params, {
      fullResults: true,
      arrayMode: true,
      types: asText,
    });
    expect(result.rows).toEqual(expected.rows);
    expect(result.command).toBe(expected.command);
    expect(result.rowCount).toBe(expected.rowCount);
    expect(result.fields.map(({ name }) => name)).toEqual(expected.columns.map(([name]) => name));
    const oids = result.fields.map(({ dataTypeID }, i) => expected.columns[i]?.[1] && dataTypeID);
    expect(oids).toEqual(expected.columns.map(([, oid]) => oid));
  });
});

describe('the Neon driver on PGlite gets the errors of PostgreSQL', () => {
  it.each(errorCases)('$name', async ({ query, params, error }) => {
    expect(await failure(sql.query(query, params))).toMatchObject({ name: 'NeonDbError', ...error });
  });

  it('a batch fails with the same error as its statement alone', async () => {
    for (const { query, params, error } of errorCases) {
      const batch = sql.transaction([sql`select 1`, sql.query(query, params), sql`select 2`]);
      expect(await failure(batch)).toMatchObject(error);
    }
  });
});

describe('results in the driver', () => {
  it('rows are objects with parsed values unless told otherwise', async () => {
    const rows = await sql`select 1 as a, true as b, null as c, '{"x":1}'::jsonb as d, '{1,2}'::int[] as e`;
    expect(rows).toEqual([{ a: 1, b: true, c: null, d: { x: 1 }, e: [1, 2] }]);
  });

  it('rows are lists in array mode, alone and in a batch', async () => {
    expect(await sql.query('select 1 as a, 2 as a', [], { arrayMode: true })).toEqual([[1, 2]]);
    const batch = [sql`select 1 as a`, sql`select 2 as a`];
    expect(await sql.transaction(batch, { arrayMode: true })).toEqual([[[1]], [[2]]]);
    expect(await sql.transaction(batch)).toEqual([[{ a: 1 }], [{ a: 2 }]]);
  });

  it('fields carry table, column, size and modifier', async () => {
    const query = 'select id, age::numeric(5,2) as n from people';
    const { fields } = await sql.query(query, [], { fullResults: true });
    expect(fields).toEqual([
      expect.objectContaining({ name: 'id', columnID: 1, dataTypeSize: 4, dataTypeModifier: -1, format: 'text' }),
      expect.objectContaining({ name: 'n', tableID: 0, columnID: 0, dataTypeSize: -1, dataTypeModifier: 327686 }),
    ]);
    expect(fields[0]?.tableID).toBeGreaterThan(16_000);
  });
});
