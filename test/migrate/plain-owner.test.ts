import { expect, it } from 'vitest';

import { applyMigrations, checkMigrations, initialize } from '../../src/db/migrate/index.ts';
import { directoryOf, LOGINS, tablesOf, TWO_FILES, useDatabase } from './support.ts';

const { connection, query } = useDatabase(false);

it(
  'an owner with CREATEROLE and nothing else, as on Neon, prepares a fresh cluster and migrates',
  { timeout: 120_000 },
  async () => {
    await query('create role neon_owner login createrole createdb');
    await query('alter database postgres owner to neon_owner');
    await query('alter schema public owner to neon_owner');
    await query('set session authorization neon_owner');
    const { rolesCreated, notes } = await initialize({ connection, logins: LOGINS });
    expect([rolesCreated.length, notes]).toEqual([6, []]);
    expect((await initialize({ connection, logins: LOGINS })).notes).toEqual([]);
    const directory = directoryOf({ ...TWO_FILES, '0002_grants.sql': 'grant select on users to gatehouse_member;' });
    await applyMigrations({ connection, directory });
    const logins = { app: LOGINS.app, service: LOGINS.service };
    expect(await checkMigrations({ connection, directory, logins })).toMatchObject({
      ok: true,
      problems: [],
      notes: [],
    });
    expect(await tablesOf(connection)).toEqual(['posts', 'users']);
    await query('set session authorization postgres');
  },
);
