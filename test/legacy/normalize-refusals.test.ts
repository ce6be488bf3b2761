import { describe, expect, test } from 'vitest';

import type { NormalizeOptions } from '../../src/db/legacy/index.ts';
import { createLegacySchema } from '../support/legacy-database.ts';
import { refusalOf, SMALL_TABLE, useLegacyDatabase } from './support.ts';

const legacy = useLegacyDatabase();

/** The refusals of a run, by code. */
const refused = async (options?: NormalizeOptions) => {
  const error = await refusalOf(legacy.normalize(options));
  expect(error.code).toBe('legacy.refused');
  const findings = error.report?.findings.filter(({ severity }) => severity === 'refusal') ?? [];
  return Object.fromEntries(findings.map(({ code, count, examples }) => [code, { count, examples }]));
};

describe('normalising refuses, and changes nothing', () => {
  test('rows that cannot be moved, with all reasons at once, counted, with ids', async () => {
    await legacy.run(`insert into public.users (id, email) values ('user_9', 'Nine@example.com'), ('other', 'taken@example.com');
      ${SMALL_TABLE.replace('id text primary key', 'id text')};
      insert into dev.users (id, email, display_name, client_id, role) values
        ('user_1', 'Ada@example.com', null, null, null), ('user_2', 'ada@EXAMPLE.com', null, null, null),
        ('user_3', 'TAKEN@example.com', repeat('x', 256), null, null), ('', 'a', null, null, null), (null, 'b', null, null, null),
        ('user_4', 'c', null, repeat('x', 256), repeat('r', 101)), ('user_5', 'd', null, null, null),
        ('user_5', 'e', null, null, null), ('user_9', 'nine@example.com', null, null, null), ('me', 'f', null, null, null)`);
    expect(await refused()).toEqual({
      'id.missing': { count: 2, examples: ['', 'null'] },
      'id.duplicate': { count: 1, examples: ['user_5'] },
      'id.reserved': { count: 1, examples: ['me'] },
      'id.taken': { count: 1, examples: ['user_9'] },
      'email.duplicate': { count: 2, examples: ['user_1', 'user_2'] },
      'email.taken': { count: 1, examples: ['user_3'] },
      'display_name.too_long': { count: 1, examples: ['user_3'] },
      'client_id.too_long': { count: 1, examples: ['user_4'] },
      'role.too_long': { count: 1, examples: ['user_4'] },
    });
    expect(await legacy.query('select count(*)::int as users from public.users')).toEqual([{ users: 2 }]);
    expect(await legacy.query('select * from legacy_runs')).toEqual([]);
  });

  test('at most five ids for each reason', async () => {
    await legacy.run(
      `${SMALL_TABLE}; insert into dev.users (id, display_name) select 'u' || i, repeat('x', 300) from generate_series(1, 40) i`,
    );
    const { 'display_name.too_long': found } = await refused();
    expect(found).toMatchObject({ count: 40 });
    expect(found?.examples).toHaveLength(5);
  });

  test('ids that are no texts', async () => {
    await legacy.run('create schema dev; create table dev.users (id uuid primary key, email text)');
    expect(await refused()).toEqual({ 'id.type': { count: 1, examples: ['uuid'] } });
  });

  test('a schema that is our own, has no users, or is not there', async () => {
    expect((await refusalOf(legacy.normalize())).code).toBe('legacy.no_schema');
    await legacy.run('create schema dev');
    expect(await refused()).toHaveProperty(['table.missing']);
    const { normalize } = await import('../../src/db/legacy/index.ts');
    const { session, sealer } = legacy;
    const { report } = await refusalOf(normalize({ session, sealer, schema: 'public' }));
    expect(report?.findings).toMatchObject([{ code: 'schema.reserved' }]);
  });

  test('an earlier attempt that was broken off', async () => {
    await legacy.run(`${SMALL_TABLE}; create table dev.users_old (id text); create table dev.services (id text);
      create function dev.get_telegram_id(user_id text) returns text language sql as 'select user_id'`);
    expect(await refused()).toEqual({
      'earlier.found': { count: 3, examples: ['services', 'users_old', 'get_telegram_id(user_id text)'] },
    });
  });

  test('a foreign key that refers to columns which move, and not to the id', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users add unique (telegram_id);
      create table dev.chats (sender text constraint chats_sender_fkey references dev.users (telegram_id))`);
    expect(await refused()).toEqual({ 'foreign_key.stuck': { count: 1, examples: ['dev.chats.chats_sender_fkey'] } });
  });

  test('views, functions and policies that would go on reading the old table, unless told to keep them', async () => {
    await legacy.run(`${SMALL_TABLE}; create view dev.people as select id from dev.users; create table dev.notes (id text);
      create policy notes_of on dev.notes using (exists (select from dev.users u where u.id = notes.id));
      create function dev.how_many() returns bigint language sql begin atomic select count(*) from dev.users; end;
      create function dev.one(dev.users) returns text language sql as 'select $1.id'`);
    const { 'dependents.found': found } = await refused();
    expect(found?.count).toBe(4);
    expect(found?.examples.join()).toMatch(/how_many.*one.*policy notes_of.*view dev\.people|policy/s);
    expect((await legacy.normalize({ dependents: 'keep' })).report.findings).toMatchObject([
      { code: 'dependents.kept' },
    ]);
  });

  test('a time zone that there is not', async () => {
    await legacy.run(SMALL_TABLE);
    expect((await refusalOf(legacy.normalize({ timeZone: 'Mars/Base' }))).code).toBe('legacy.option_invalid');
  });
});

describe('normalising warns', () => {
  test('of what stays on users_old, and of who had rights', async () => {
    await legacy.run(`${SMALL_TABLE}; create function dev.noted() returns trigger language plpgsql as 'begin return new; end';
      create trigger noted before update on dev.users for each row execute function dev.noted();
      create table dev.teams (id text primary key);
      alter table dev.users add team text references dev.teams, add manager text references dev.users;
      create policy own on dev.users using (true); create role legacy_reader; grant select on dev.users to legacy_reader;
      create function dev.token_of(text) returns text language plpgsql as 'begin return (select access_token from users where id = $1); end'`);
    try {
      const { report } = await legacy.normalize();
      expect(Object.fromEntries(report.findings.map(({ code, examples }) => [code, examples]))).toEqual({
        'columns.kept': ['team', 'manager'],
        'triggers.kept': ['noted'],
        'policies.kept': ['own'],
        'foreign_keys.outgoing': ['users_manager_fkey', 'users_team_fkey'],
        'grants.kept': ['legacy_reader: select'],
        'functions.suspect': ['dev.token_of(text)'],
      });
    } finally {
      await legacy.run('drop schema dev cascade; drop role legacy_reader');
    }
  });
});

describe('a dry run', () => {
  test('counts what would be moved, and changes nothing', async () => {
    await createLegacySchema(legacy.run, { users: 90 });
    const before = await legacy.query(
      `select relname, relkind from pg_class where relnamespace = 'dev'::regnamespace order by 1`,
    );
    const { state, runId, report } = await legacy.normalize({ dryRun: true });
    expect([state, runId, report.users]).toEqual(['dry_run', null, 90]);
    expect(
      await legacy.query(`select relname, relkind from pg_class where relnamespace = 'dev'::regnamespace order by 1`),
    ).toEqual(before);
    expect(await legacy.query('select id from public.users')).toEqual([]);
    const { report: done } = await legacy.normalize();
    expect(done).toMatchObject({
      users: report.users,
      connections: report.connections,
      integrations: report.integrations,
      unreadableDates: report.unreadableDates,
    });
  });

  test('refuses what a run would refuse', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id, email) values ('a', 'x@y'), ('b', 'X@y')`);
    expect(await refused({ dryRun: true })).toHaveProperty(['email.duplicate']);
  });
});

describe('a schema that is normalised already', () => {
  test('is left alone, and its report given again', async () => {
    await createLegacySchema(legacy.run, { users: 12 });
    const first = await legacy.normalize();
    const second = await legacy.normalize();
    expect(second).toEqual({ ...first, state: 'already_normalized' });
    expect(await legacy.query('select count(*)::int as runs from legacy_runs')).toEqual([{ runs: 1 }]);
  });
});

describe('a schema whose run was finished', () => {
  test('counts as normalised', async () => {
    await legacy.run(`${SMALL_TABLE}; insert into dev.users (id) values ('user_1')`);
    const { runId } = await legacy.normalize();
    await legacy.run(`update legacy_runs set state = 'finished'; drop table dev.users_old`);
    expect(await legacy.normalize()).toMatchObject({ state: 'already_normalized', runId });
  });
});

describe('going on from an attempt that was broken off', () => {
  test('moves users_old, and puts what the attempt made out of the way', async () => {
    await createLegacySchema(legacy.run, { users: 30 });
    await legacy.run(`alter table dev.users rename to users_old; create table dev.users (id text primary key, email text);
      insert into dev.users select id, email from dev.users_old limit 5; create table dev.services (id text primary key);
      create table dev.user_integrations (id int, user_id text references dev.users);
      alter table dev.emails drop constraint emails_user_id_fkey;
      alter table dev.emails add constraint emails_user_id_fkey foreign key (user_id) references dev.users (id) not valid;
      create function dev.get_telegram_id(user_id text) returns text language sql as 'select user_id'`);
    expect((await legacy.normalize({ resume: true })).report.users).toBe(30);
    const [run] = await legacy.query('select catalogue from legacy_runs');
    expect(run?.['catalogue']).toMatchObject({
      source: { name: 'users_old' },
      asides: [
        { kind: 'table', name: 'services', renamedTo: 'services_unfinished' },
        { kind: 'table', name: 'user_integrations', renamedTo: 'user_integrations_unfinished' },
        { kind: 'table', name: 'users', renamedTo: 'users_unfinished' },
        {
          kind: 'function',
          name: 'get_telegram_id',
          renamedTo: 'get_telegram_id_unfinished',
          arguments: 'user_id text',
        },
      ],
    });
    expect(
      await legacy.query(
        `select confrelid::regclass::text as table from pg_constraint where conname = 'emails_user_id_fkey'`,
      ),
    ).toEqual([{ table: 'users' }]);
    expect(await legacy.asClient('select count(*)::int as users from dev.users')).toEqual([{ users: 30 }]);
  });

  test('is refused while the new table has users whom the old one lacks', async () => {
    await legacy.run(`${SMALL_TABLE}; alter table dev.users rename to users_old; create table dev.users (id text primary key);
      insert into dev.users values ('only here')`);
    expect(await refused({ resume: true })).toEqual({ 'earlier.rows': { count: 1, examples: ['only here'] } });
  });
});
