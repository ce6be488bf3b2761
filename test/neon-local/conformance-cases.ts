/**
 * What PostgreSQL answers, stated once: the same table is run on PGlite and on a server. Values are
 * PostgreSQL's text; oids of built-in types are part of the answer.
 */

export interface ResultCase {
  name: string;
  query: string;
  params?: unknown[];
  /** name and type oid of each column; null: the type is ours, its oid differs from run to run */
  columns: [name: string, oid: number | null][];
  rows: (string | null)[][];
  command: string;
  rowCount: number | null;
}

export interface ErrorCase {
  name: string;
  query: string;
  params?: unknown[];
  /** fields of the error; those not named are not compared */
  error: { code: string; message: string } & Record<string, string | undefined>;
}

/** Run once as the role of the tests, one statement each. */
export const setup = [
  `create type mood as enum ('calm', 'very happy')`,
  'create type point2 as (x int, label text)',
  `create table people (id int primary key, name text not null, age int check (age >= 0),
     email text unique)`,
  'create table pets (id int primary key, owner int references people (id) deferrable)',
  `create function raise_own() returns void language plpgsql as $$
     begin raise exception 'not yours' using errcode = 'GH001', detail = 'the detail', hint = 'the hint'; end $$`,
  `create function raise_plain() returns void language plpgsql as $$ begin raise exception 'plain'; end $$`,
  `insert into people values (1, 'Ada', 36, 'ada@example.com')`,
];

function value(query: string, oid: number | null, text: string | null): ResultCase {
  return {
    name: query,
    query: `select ${query} as v`,
    columns: [['v', oid]],
    rows: [[text]],
    command: 'SELECT',
    rowCount: 1,
  };
}

function param(type: string, given: unknown, oid: number, text: string | null): ResultCase {
  const name = `parameter ${typeof given === 'bigint' ? `${given}n` : JSON.stringify(given)} as ${type}`;
  return { ...value(`$1::${type}`, oid, text), name, params: [given] };
}

const values: ResultCase[] = [
  value('1::int2', 21, '1'),
  value('(-2147483648)::int4', 23, '-2147483648'),
  value('9007199254740993::int8', 20, '9007199254740993'),
  value('1.50::numeric', 1700, '1.50'),
  value(`'NaN'::numeric`, 1700, 'NaN'),
  value('0.1::float8', 701, '0.1'),
  value(`'-Infinity'::float8`, 701, '-Infinity'),
  value('1e20::float4', 700, '1e+20'),
  value('true', 16, 't'),
  value('false', 16, 'f'),
  value(`'é – 𝄞 "quoted" \\ back'::text`, 25, 'é – 𝄞 "quoted" \\ back'),
  value(`E'line\\nbreak\\ttab'::text`, 25, 'line\nbreak\ttab'),
  value(`''::text`, 25, ''),
  value(`'ab'::char(4)`, 1042, 'ab  '),
  value(`'ab'::varchar(4)`, 1043, 'ab'),
  value(`'\\x00ff41'::bytea`, 17, '\\x00ff41'),
  value(`'{"b": 1,  "a": [null]}'::json`, 114, '{"b": 1,  "a": [null]}'),
  value(`'{"b": 1,  "a": [null]}'::jsonb`, 3802, '{"a": [null], "b": 1}'),
  value(`'{1,null,3}'::int[]`, 1007, '{1,NULL,3}'),
  value(`array['a', 'b,c', 'd"e', null, 'NULL', '']`, 1009, '{a,"b,c","d\\"e",NULL,"NULL",""}'),
  value(`'{{1,2},{3,4}}'::int[]`, 1007, '{{1,2},{3,4}}'),
  value(`'{}'::text[]`, 1009, '{}'),
  value(`'2026-02-28 12:34:56.789+02'::timestamptz`, 1184, '2026-02-28 10:34:56.789+00'),
  value(`'2026-02-28 12:34:56'::timestamp`, 1114, '2026-02-28 12:34:56'),
  value(`'infinity'::timestamptz`, 1184, 'infinity'),
  value(`'2026-02-28'::date`, 1082, '2026-02-28'),
  value(`'12:34:56.5'::time`, 1083, '12:34:56.5'),
  value(`'1 year 2 mons 3 days 04:05:06.7'::interval`, 1186, '1 year 2 mons 3 days 04:05:06.7'),
  value(`'0b7a3cc0-7f0e-4b21-9f4e-0d1c2b3a4f5e'::uuid`, 2950, '0b7a3cc0-7f0e-4b21-9f4e-0d1c2b3a4f5e'),
  value(`'10.1.0.0/16'::inet`, 869, '10.1.0.0/16'),
  value(`'2001:db8::1'::inet`, 869, '2001:db8::1'),
  value(`'[1,5)'::int4range`, 3904, '[1,5)'),
  value('null', 25, null),
  value('null::int', 23, null),
  value(`'very happy'::mood`, null, 'very happy'),
  value(`array['calm','very happy']::mood[]`, null, '{calm,"very happy"}'),
  value(`row(1, 'a "b"')::point2`, null, '(1,"a ""b""")'),
  value(`row(1, null)`, 2249, '(1,)'),
  value('current_user::text', 25, 'neon_local_tester'),
  value('session_user::text', 25, 'neon_local_tester'),
  value(`current_setting('timezone')`, 25, 'UTC'),
];

const params: ResultCase[] = [
  param('text', 'plain', 25, 'plain'),
  param('text', '', 25, ''),
  param('text', null, 25, null),
  param('int', 42, 23, '42'),
  param('float8', 1.5, 701, '1.5'),
  param('bigint', '9007199254740993', 20, '9007199254740993'),
  param('bigint', 9007199254740993n, 20, '9007199254740993'),
  param('boolean', true, 16, 't'),
  param('jsonb', { a: [1, null, 'x"y'] }, 3802, '{"a": [1, null, "x\\"y"]}'),
  param('int[]', [1, 2, null], 1007, '{1,2,NULL}'),
  param('text[]', ['a', 'b,c', 'd"e\\f', null, ''], 1009, '{a,"b,c","d\\"e\\\\f",NULL,""}'),
  param(
    'int[]',
    [
      [1, 2],
      [3, 4],
    ],
    1007,
    '{{1,2},{3,4}}',
  ),
  param('timestamptz', new Date('2026-02-28T12:00:00Z'), 1184, '2026-02-28 12:00:00+00'),
  param('bytea', Buffer.from([0, 255, 65]), 17, '\\x00ff41'),
  param('uuid', '0b7a3cc0-7f0e-4b21-9f4e-0d1c2b3a4f5e', 2950, '0b7a3cc0-7f0e-4b21-9f4e-0d1c2b3a4f5e'),
].map((each, i) => ({ ...each, name: `${i}: ${each.name}` }));

function command(query: string, tag: [string, number | null], rows: (string | null)[][] = []): ResultCase {
  const columns: [string, number][] = rows.length
    ? [
        ['id', 23],
        ['name', 25],
      ]
    : [];
  return { name: query, query, columns, rows, command: tag[0], rowCount: tag[1] };
}

const commands: ResultCase[] = [
  command(`insert into people values (2, 'Bob', 1, null), (3, 'Cy', 2, null)`, ['INSERT', 2]),
  command(`insert into people values (4, 'Di') returning id, name`, ['INSERT', 1], [['4', 'Di']]),
  command(`insert into people values (4, 'Di') on conflict do nothing`, ['INSERT', 0]),
  command('update people set age = age + 1 where id in (2, 3)', ['UPDATE', 2]),
  command(`update people set name = 'Bo' where id = 2 returning id, name`, ['UPDATE', 1], [['2', 'Bo']]),
  command('update people set age = 1 where false', ['UPDATE', 0]),
  command('delete from people where id = 3 returning id, name', ['DELETE', 1], [['3', 'Cy']]),
  command('delete from people where id in (2, 4)', ['DELETE', 2]),
  command('create table scratch (id int)', ['CREATE', null]),
  command('drop table scratch', ['DROP', null]),
  command('set time zone UTC', ['SET', null]),
  command('do $$ begin end $$', ['DO', null]),
  { ...command('', ['', null]), name: 'an empty query' },
  command('-- nothing but a comment', ['', null]),
];

const shapes: ResultCase[] = [
  {
    name: 'two columns of one name',
    query: `select 1 as same, 'two' as same`,
    columns: [
      ['same', 23],
      ['same', 25],
    ],
    rows: [['1', 'two']],
    command: 'SELECT',
    rowCount: 1,
  },
  { name: 'no columns', query: 'select', columns: [], rows: [[]], command: 'SELECT', rowCount: 1 },
  {
    name: 'no rows',
    query: 'select 1 as a where false',
    columns: [['a', 23]],
    rows: [],
    command: 'SELECT',
    rowCount: 0,
  },
  {
    name: 'columns of a table',
    query: 'select id, name from people',
    columns: [
      ['id', 23],
      ['name', 25],
    ],
    rows: [['1', 'Ada']],
    command: 'SELECT',
    rowCount: 1,
  },
  {
    name: 'an unnamed column and a name with quotes',
    query: `select 1 + 1, 2 as "a ""b"""`,
    columns: [
      ['?column?', 23],
      ['a "b"', 23],
    ],
    rows: [['2', '2']],
    command: 'SELECT',
    rowCount: 1,
  },
  {
    name: 'values',
    query: 'values (1), (2)',
    columns: [['column1', 23]],
    rows: [['1'], ['2']],
    command: 'SELECT',
    rowCount: 2,
  },
  {
    name: 'show',
    query: 'show client_encoding',
    columns: [['client_encoding', 25]],
    rows: [['UTF8']],
    command: 'SHOW',
    rowCount: null,
  },
];

/** Statements and what they answer, in an order that leaves the tables as `setup` made them. */
export const resultCases: ResultCase[] = [...values, ...params, ...commands, ...shapes];

/** Statements that fail, with what PostgreSQL says about it. */
export const errorCases: ErrorCase[] = [
  {
    name: 'a duplicate key',
    query: `insert into people values (5, 'Eve', 1, 'ada@example.com')`,
    error: {
      code: '23505',
      severity: 'ERROR',
      message: 'duplicate key value violates unique constraint "people_email_key"',
      detail: 'Key (email)=(ada@example.com) already exists.',
      schema: 'public',
      table: 'people',
      constraint: 'people_email_key',
    },
  },
  {
    name: 'a missing reference',
    query: 'insert into pets values (1, 99)',
    error: {
      code: '23503',
      message: 'insert or update on table "pets" violates foreign key constraint "pets_owner_fkey"',
      detail: 'Key (owner)=(99) is not present in table "people".',
      table: 'pets',
      constraint: 'pets_owner_fkey',
    },
  },
  {
    name: 'a check',
    query: 'update people set age = -1',
    error: {
      code: '23514',
      message: 'new row for relation "people" violates check constraint "people_age_check"',
      detail: 'Failing row contains (1, Ada, -1, ada@example.com).',
      table: 'people',
      constraint: 'people_age_check',
    },
  },
  {
    name: 'a null where none may be',
    query: 'insert into people (id) values (6)',
    error: {
      code: '23502',
      message: 'null value in column "name" of relation "people" violates not-null constraint',
      detail: 'Failing row contains (6, null, null, null).',
      table: 'people',
      column: 'name',
    },
  },
  {
    name: 'a syntax error',
    query: 'select 1 frm people x y',
    error: { code: '42601', message: 'syntax error at or near "people"', position: '14' },
  },
  {
    name: 'several statements in one query',
    query: 'select 1; select 2',
    error: { code: '42601', message: 'cannot insert multiple commands into a prepared statement' },
  },
  {
    name: 'an unknown table',
    query: 'select * from nowhere',
    error: { code: '42P01', message: 'relation "nowhere" does not exist', position: '15' },
  },
  {
    name: 'an unknown column, with a hint',
    query: 'select nam from people',
    error: {
      code: '42703',
      message: 'column "nam" does not exist',
      hint: 'Perhaps you meant to reference the column "people.name".',
      position: '8',
    },
  },
  {
    name: 'an error inside a function',
    query: `do $$ begin execute 'selec'; end $$`,
    error: {
      code: '42601',
      message: 'syntax error at or near "selec"',
      internalPosition: '1',
      internalQuery: 'selec',
      where: 'PL/pgSQL function inline_code_block line 1 at EXECUTE',
    },
  },
  {
    name: 'text that is no integer',
    query: 'select $1::int',
    params: ['many'],
    error: { code: '22P02', message: 'invalid input syntax for type integer: "many"' },
  },
  {
    name: 'a division by zero',
    query: 'select 1 / 0',
    error: { code: '22012', message: 'division by zero' },
  },
  {
    name: 'a zero byte in a parameter',
    query: 'select $1::text',
    params: ['a\0b'],
    error: { code: '22021', message: 'invalid byte sequence for encoding "UTF8": 0x00' },
  },
  {
    name: 'too few parameters',
    query: 'select $1::int + $2::int',
    params: ['1'],
    error: {
      code: '08P01',
      message: 'bind message supplies 1 parameters, but prepared statement "" requires 2',
    },
  },
  {
    name: 'an exception of its own',
    query: 'select raise_plain()',
    error: {
      code: 'P0001',
      message: 'plain',
      where: 'PL/pgSQL function raise_plain() line 1 at RAISE',
    },
  },
  {
    name: 'an exception with its own SQLSTATE, detail and hint',
    query: 'select raise_own()',
    error: { code: 'GH001', message: 'not yours', detail: 'the detail', hint: 'the hint' },
  },
  {
    name: 'a right that is missing',
    query: 'select rolpassword from pg_authid',
    error: { code: '42501', message: 'permission denied for table pg_authid' },
  },
];
