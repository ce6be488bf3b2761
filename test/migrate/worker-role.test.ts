import { describe, expect, it } from 'vitest';

import { readRoleFacts, roleProblems, WORKER_MEMBERSHIPS, workerRoleQuery } from '../../src/db/worker-role.ts';
import { useDatabase } from './support.ts';

const { connection, query } = useDatabase();

async function problemsOf(role: string | null, allowed: readonly string[] = WORKER_MEMBERSHIPS.app): Promise<string[]> {
  const facts = readRoleFacts(await connection.single({ query: workerRoleQuery, params: [role] }));
  if (facts === null) throw new Error(`there is no role ${role}`);
  return roleProblems(facts, allowed);
}

describe("the Worker's logins", () => {
  it('are weak enough as init makes them', async () => {
    expect(await problemsOf('gatehouse_app')).toEqual([]);
    expect(await problemsOf('gatehouse_service', WORKER_MEMBERSHIPS.service)).toEqual([]);
  });

  it('can look at themselves without any right', async () => {
    await query('set session authorization gatehouse_app');
    try {
      expect(await problemsOf(null)).toEqual([]);
    } finally {
      await query('set session authorization postgres');
    }
  });

  it('are refused where one is taken for the other', async () => {
    expect(await problemsOf('gatehouse_service')).toEqual([
      'gatehouse_service can become gatehouse_admin, gatehouse_system.',
      'gatehouse_service is not a member of gatehouse_member; run migrate:init.',
    ]);
  });

  it('are refused when one is the owner or a superuser', async () => {
    const problems = (await problemsOf(null)).join('\n');
    expect(problems).toMatch(/postgres has .*SUPERUSER/);
    expect(problems).toMatch(/postgres owns/);
    expect(problems).toMatch(/can touch tables/);
  });

  it('that do not exist are not found', async () => {
    expect(readRoleFacts(await connection.single({ query: workerRoleQuery, params: ['nobody'] }))).toBeNull();
  });
});

describe('a login is too strong', () => {
  const strong: [string, string, string, RegExp][] = [
    ['with BYPASSRLS', 'alter role gatehouse_app bypassrls', 'alter role gatehouse_app nobypassrls', /has BYPASSRLS/],
    [
      'with CREATEROLE',
      'alter role gatehouse_app createrole',
      'alter role gatehouse_app nocreaterole',
      /has CREATEROLE/,
    ],
    ['with CREATEDB', 'alter role gatehouse_app createdb', 'alter role gatehouse_app nocreatedb', /has CREATEDB/],
    ['as a superuser', 'alter role gatehouse_app superuser', 'alter role gatehouse_app nosuperuser', /has SUPERUSER/],
    ['with INHERIT', 'alter role gatehouse_app inherit', 'alter role gatehouse_app noinherit', /is INHERIT/],
    [
      'as a member of the service',
      'grant gatehouse_system to gatehouse_app',
      'revoke gatehouse_system from gatehouse_app',
      /can become gatehouse_system/,
    ],
    [
      'through its group',
      'grant pg_read_all_data to gatehouse_member',
      'revoke pg_read_all_data from gatehouse_member',
      /can become pg_read_all_data/,
    ],
    [
      'when its group may pass the wall',
      'alter role gatehouse_member bypassrls',
      'alter role gatehouse_member nobypassrls',
      /gatehouse_member BYPASSRLS/,
    ],
    [
      'when it inherits its group',
      'grant gatehouse_member to gatehouse_app with inherit true',
      'grant gatehouse_member to gatehouse_app with inherit false',
      /inherits, or may hand on, its membership of gatehouse_member/,
    ],
    [
      'with a right on a table',
      'grant select on secrets to gatehouse_app',
      'revoke all on secrets from gatehouse_app',
      /public\.secrets/,
    ],
    [
      'with a right on a column',
      'grant update (a) on secrets to gatehouse_app',
      'revoke all on secrets from gatehouse_app',
      /public\.secrets/,
    ],
    [
      'when PUBLIC may read a table',
      'grant select on secrets to public',
      'revoke all on secrets from public',
      /public\.secrets/,
    ],
    [
      'when it owns a table',
      'alter table secrets owner to gatehouse_app',
      'alter table secrets owner to postgres',
      /owns public\.secrets/,
    ],
    [
      'with TEMP',
      'grant temporary on database postgres to gatehouse_app',
      'revoke temporary on database postgres from gatehouse_app',
      /may create objects: TEMP/,
    ],
    [
      'when it may create',
      'grant create on schema public to gatehouse_app',
      'revoke create on schema public from gatehouse_app',
      /may create objects: schema public/,
    ],
  ];

  it.each(strong)('%s', async (_, give, take, message) => {
    await query('create table secrets (a int)');
    await query(give);
    const problems = await problemsOf('gatehouse_app');
    await query(take);
    expect(problems.join('\n')).toMatch(message);
    expect(await problemsOf('gatehouse_app')).toEqual([]);
  });
});
