import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../scripts/neon-local/index.ts';
import { connect, failure } from './support.ts';
import type { Sql } from './support.ts';

let server: NeonLocal;
let owner: Sql;

beforeAll(async () => {
  server = await startNeonLocal({});
  owner = connect(server);
  await owner.transaction([
    owner`create table items (id int primary key, owner text default current_user)`,
    owner`create role alice login password 'alice-pw'`,
    owner`create role bob login`,
    owner`create role readers nologin`,
    owner`grant readers to alice`,
    owner`grant select, insert on items to alice`,
    owner`create schema alice authorization alice`,
  ]);
});

afterAll(() => server.close());

describe('transactions', () => {
  it('a single statement commits by itself', async () => {
    await owner`insert into items values (1)`;
    expect(await owner`select id from items where id = 1`).toHaveLength(1);
  });

  it('a batch is all or nothing', async () => {
    const batch = owner.transaction([
      owner`insert into items values (10)`,
      owner`insert into items values (11)`,
      owner`insert into items values (10)`,
    ]);
    expect(await failure(batch)).toMatchObject({ code: '23505' });
    expect(await owner`select id from items where id in (10, 11)`).toEqual([]);
  });

  it('a batch runs in one transaction, singles in one each', async () => {
    const id = owner`select pg_current_xact_id()::text as id`;
    const [first, second] = await owner.transaction([id, id]);
    expect(first).toEqual(second);
    expect(await owner`select pg_current_xact_id()::text as id`).not.toEqual(first);
  });

  it('an empty batch is a transaction of nothing', async () => {
    expect(await owner.transaction([])).toEqual([]);
  });

  it('a deferred constraint that fails at the commit fails the batch', async () => {
    await owner`create table chain (id int primary key, next int references chain deferrable initially deferred)`;
    expect(await failure(owner.transaction([owner`insert into chain values (1, 9)`]))).toMatchObject({
      code: '23503',
    });
    expect(await owner`select * from chain`).toEqual([]);
  });

  it('isolation level, read-only and deferrable are taken from the headers', async () => {
    const modes = owner`select current_setting('transaction_isolation') as isolation,
      current_setting('transaction_read_only') as read_only,
      current_setting('transaction_deferrable') as deferrable`;
    const ask = async (options: object): Promise<unknown> => {
      const [rows] = await owner.transaction([modes], options);
      return rows?.[0];
    };
    expect(await ask({})).toEqual({ isolation: 'read committed', read_only: 'off', deferrable: 'off' });
    expect(await ask({ isolationLevel: 'Serializable', readOnly: true, deferrable: true })).toEqual({
      isolation: 'serializable',
      read_only: 'on',
      deferrable: 'on',
    });
    expect(await ask({ isolationLevel: 'RepeatableRead' })).toMatchObject({ isolation: 'repeatable read' });
    expect(await ask({ isolationLevel: 'ReadUncommitted', readOnly: false })).toMatchObject({
      isolation: 'read uncommitted',
      read_only: 'off',
    });
    const write = owner.transaction([owner`insert into items values (20)`], { readOnly: true });
    expect(await failure(write)).toMatchObject({ code: '25006' });
  });

  it('the isolation level can be set by the first statement of a batch', async () => {
    const [, rows] = await owner.transaction([
      owner`set transaction isolation level serializable`,
      owner`show transaction_isolation`,
    ]);
    expect(rows).toEqual([{ transaction_isolation: 'serializable' }]);
  });

  it('a transaction left open by a single statement does not reach the next request', async () => {
    await owner`begin`;
    await owner`insert into items values (30)`;
    await owner`rollback`;
    expect(await owner`select id from items where id = 30`).toHaveLength(1);
  });
});

describe('the user of the connection string', () => {
  it('runs the statements, with its own rights', async () => {
    const alice = connect(server, 'alice:alice-pw');
    await alice`insert into items values (40)`;
    expect(await owner`select owner from items where id = 40`).toEqual([{ owner: 'alice' }]);
    expect(await failure(alice`delete from items`)).toMatchObject({ code: '42501' });
    expect(await alice`select current_user, session_user`).toEqual([{ current_user: 'alice', session_user: 'alice' }]);
  });

  it('may take a role it is a member of, and no other', async () => {
    const alice = connect(server, 'alice:alice-pw');
    const [, rows] = await alice.transaction([alice`set local role readers`, alice`select current_user, session_user`]);
    expect(rows).toEqual([{ current_user: 'readers', session_user: 'alice' }]);
    expect(await failure(alice`set role bob`)).toMatchObject({ code: '42501' });
  });

  it.each([
    'reset session authorization',
    'set session authorization postgres',
    'set session authorization bob',
    'set local session authorization default',
    `set session_authorization = 'postgres'`,
    `select set_config('session_authorization', 'postgres', false)`,
    `select set_config('session_' || 'authorization', 'postgres', false)`,
    `select set_config(reverse('noitazirohtua_noisses'), 'postgres', true)`,
    `do $$ begin execute 'set session ' || 'authorization postgres'; end $$`,
    `do $$ begin perform set_config('session_' || 'authorization', 'postgres', true); delete from items;
      perform set_config('session_' || 'authorization', 'alice', true); end $$`,
    `do $$ begin execute 'alter role alice set session_' || 'authorization = postgres'; end $$`,
    `select query_to_xml('select set_config(''session_'' || ''authorization'', ''postgres'', false)', true, true, '')`,
    'discard all',
  ])('cannot become the superuser behind it: %s', async (escape) => {
    const alice = connect(server, 'alice:alice-pw');
    const before = await owner`select count(*) from items`;
    expect(await failure(alice.query(escape))).toMatchObject({ code: '42501' });
    if (escape !== 'discard all') {
      const batch = alice.transaction([alice.query(escape), alice`delete from items`]);
      expect(await failure(batch)).toMatchObject({ code: '42501' });
    }
    expect(await owner`select count(*) from items`).toEqual(before);
    expect(await alice`select session_user, current_user`).toEqual([{ session_user: 'alice', current_user: 'alice' }]);
  });

  it('cannot by a function of its own that becomes another for its time', async () => {
    const alice = connect(server, 'alice:alice-pw');
    const create = `do $$ begin execute 'create function alice.f() returns text language sql set session_'
      || 'authorization = postgres as $f$ select session_user::text $f$'; end $$`;
    expect(await failure(alice.transaction([alice.query(create), alice`select alice.f()`]))).toMatchObject({
      code: '42501',
    });
  });

  it('is still itself after an error, a rollback and a role that it may take', async () => {
    const alice = connect(server, 'alice:alice-pw');
    const escape = `select set_config('session_' || 'authorization', 'postgres', false)`;
    await failure(alice`select 1 / 0`);
    await failure(alice.transaction([alice`set local role readers`, alice`select 1 / 0`]));
    const [, , rows] = await alice.transaction([
      alice`set role readers`,
      alice`reset role`,
      alice`select current_user`,
    ]);
    expect(rows).toEqual([{ current_user: 'alice' }]);
    expect(await failure(alice.query(escape))).toMatchObject({ code: '42501' });
  });

  it('is not made another by a setting of its role', async () => {
    await owner.query(`alter role alice set session_authorization = 'postgres'`);
    const rows = await connect(server, 'alice:alice-pw')`select session_user, current_user`;
    await owner.query('alter role alice reset all');
    expect(rows).toEqual([{ session_user: 'alice', current_user: 'alice' }]);
  });

  it('may become another as a superuser, and is a superuser again afterwards', async () => {
    const become = `select set_config('session_' || 'authorization', 'alice', false)`;
    const [, rows] = await owner.transaction([owner.query(become), owner`select session_user`]);
    expect(rows).toEqual([{ session_user: 'alice' }]);
    expect(await owner`select session_user`).toEqual([{ session_user: 'postgres' }]);
  });

  it('needs the right password, where the role has one', async () => {
    const refused = { code: '28P01', message: 'password authentication failed for user "alice"' };
    for (const login of ['alice:wrong', 'alice', 'alice:Alice-pw']) {
      expect(await failure(connect(server, login)`select 1`)).toMatchObject(refused);
    }
    expect(await connect(server, 'bob:anything')`select current_user`).toEqual([{ current_user: 'bob' }]);
    expect(await connect(server, 'bob')`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it('must exist, be allowed to log in, and not have expired', async () => {
    expect(await failure(connect(server, 'nobody:x')`select 1`)).toMatchObject({
      code: '28P01',
      message: 'password authentication failed for user "nobody"',
    });
    expect(await failure(connect(server, 'readers:x')`select 1`)).toMatchObject({ code: '28000' });
    await owner`create role former login password 'pw' valid until '2020-01-01'`;
    expect(await failure(connect(server, 'former:pw')`select 1`)).toMatchObject({ code: '28P01' });
  });

  it('is refused with its old password as soon as that changes', async () => {
    await owner`create role carol login password 'first'`;
    expect(await connect(server, 'carol:first')`select 1 as one`).toEqual([{ one: 1 }]);
    await owner`alter role carol password 'second'`;
    expect(await failure(connect(server, 'carol:first')`select 1`)).toMatchObject({ code: '28P01' });
    expect(await connect(server, 'carol:second')`select 1 as one`).toEqual([{ one: 1 }]);
  });

  it('may have a name and a password that need escaping', async () => {
    await owner.query(`create role "O'Neil ""x"" 😀" login password 'p@ss:/é'`);
    const login = `${encodeURIComponent(`O'Neil "x" 😀`)}:${encodeURIComponent('p@ss:/é')}`;
    expect(await connect(server, login)`select current_user as name`).toEqual([{ name: `O'Neil "x" 😀` }]);
  });

  it('brings the settings of its role and of the database, the role first', async () => {
    await owner.query(`alter database postgres set application_name = 'of the database'`);
    await owner.query(`alter database postgres set datestyle = 'German'`);
    await owner.query(`alter role alice set application_name = 'of alice'`);
    await owner.query(`alter role alice set search_path = "$user", pg_catalog`);
    await owner.query(`alter role alice set role = 'readers'`);
    const rows = await connect(server, 'alice:alice-pw')`select current_setting('application_name') as name,
      current_setting('datestyle') as style, current_setting('search_path') as path,
      current_user as "user"`;
    const path = '"$user", pg_catalog';
    expect(rows).toEqual([{ name: 'of alice', style: 'German, DMY', path, user: 'readers' }]);
    await owner.query('alter role alice reset all');
    await owner.query('alter database postgres reset all');
  });
});

describe('the next request finds nothing of the one before', () => {
  const traces: [string, string[], string, unknown][] = [
    ['a role', ['set role readers'], 'select current_user as v', 'postgres'],
    ['a session user', ['set session authorization alice'], 'select session_user as v', 'postgres'],
    ['a setting', [`set datestyle = 'German'`], `select current_setting('datestyle') as v`, 'ISO, MDY'],
    [
      'a setting of its own',
      [`select set_config('app.user', 'alice', false)`],
      `select current_setting('app.user', true) as v`,
      '',
    ],
    [
      'a setting of the transaction',
      [`select set_config('app.org', 'one', true)`],
      `select current_setting('app.org', true) as v`,
      '',
    ],
    [
      'a temporary table',
      ['create temp table left_over (id int)'],
      `select count(*)::int as v from pg_class where relname = 'left_over'`,
      0,
    ],
    [
      'a prepared statement',
      ['prepare left_over as select 1'],
      'select count(*)::int as v from pg_prepared_statements',
      0,
    ],
    [
      'a cursor',
      ['declare left_over cursor with hold for select 1'],
      `select count(*)::int as v from pg_cursors where name = 'left_over'`,
      0,
    ],
    [
      'a lock',
      ['select pg_advisory_lock(1)'],
      `select count(*)::int as v from pg_locks where locktype = 'advisory'`,
      0,
    ],
    ['a search path', ['set search_path = alice'], 'show search_path', undefined],
  ];

  it.each(traces)('not %s', async (_name, statements, question, expected) => {
    for (const statement of statements) await owner.query(statement);
    const rows = await owner.query(question);
    if (expected === undefined) expect(rows).toEqual([{ search_path: '"$user", public' }]);
    else expect(rows).toEqual([{ v: expected }]);
  });

  it('also when it failed half way', async () => {
    const alice = connect(server, 'alice:alice-pw');
    const batch = alice.transaction([
      alice`select set_config('app.user', 'alice', false)`,
      alice`set role readers`,
      alice`select 1 / 0`,
    ]);
    expect(await failure(batch)).toMatchObject({ code: '22012' });
    const rows = await owner`select current_user as "user", current_setting('app.user', true) as id`;
    expect(rows).toEqual([{ user: 'postgres', id: '' }]);
  });

  it('whoever asked before', async () => {
    const users = ['alice:alice-pw', 'bob', 'postgres:x', 'alice:alice-pw', 'postgres:x', 'bob'];
    const answers = await Promise.all(users.map((login) => connect(server, login)`select current_user as name`));
    expect(answers.map(([row]) => row?.['name'])).toEqual(users.map((login) => login.split(':')[0]));
  });
});
