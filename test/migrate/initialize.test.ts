import { describe, expect, it } from 'vitest';

import { applyMigrations, initialize, type MigrationConnection } from '../../src/db/migrate/index.ts';
import { scramVerifier } from '../../src/db/migrate/scram.ts';
import { directoryOf, LOGINS, refusalOf, TWO_FILES, useDatabase } from './support.ts';

const { connection, query } = useDatabase(false);

/** The connection, and every statement that went over it. */
function recorded(): { spy: MigrationConnection; sent: string[] } {
  const sent: string[] = [];
  const spy: MigrationConnection = {
    ...connection,
    batch: async (statements) => {
      sent.push(...statements.map((statement) => statement.query));
      return connection.batch(statements);
    },
  };
  return { spy, sent };
}

async function privileges(): Promise<unknown> {
  const { rows } = await query(`select has_database_privilege('public', current_database(), 'TEMP') as temp,
    has_schema_privilege('public', 'public', 'CREATE') as create,
    has_schema_privilege('gatehouse_app', 'gatehouse', 'USAGE') as usage`);
  return rows[0];
}

describe('init', () => {
  it('creates roles, schema and journal, and running it again changes nothing', async () => {
    const first = await initialize({ connection, logins: LOGINS });
    expect(first.notes).toEqual([]);
    const again = await initialize({ connection, logins: LOGINS });
    expect(again.rolesCreated).toEqual([]);
    expect(await privileges()).toEqual({ temp: false, create: false, usage: true });
    const { rows } =
      await query(`select r.rolname, r.rolinherit, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolconfig,
        array(select roleid::regrole::text from pg_auth_members m where m.member = r.oid order by 1) as groups
      from pg_roles r where r.rolname in ('gatehouse_app', 'gatehouse_service') order by 1`);
    const weak = {
      rolinherit: false,
      rolsuper: false,
      rolbypassrls: false,
      rolcreaterole: false,
      rolconfig: ['statement_timeout=10000ms'],
    };
    expect(rows).toEqual([
      { rolname: 'gatehouse_app', ...weak, groups: ['gatehouse_member'] },
      { rolname: 'gatehouse_service', ...weak, groups: ['gatehouse_admin', 'gatehouse_system'] },
    ]);
  });

  it('sets the statement timeout it is given', async () => {
    await initialize({ connection, logins: LOGINS, loginStatementTimeout: 3000 });
    const { rows } = await query(`select rolconfig from pg_roles where rolname = 'gatehouse_app'`);
    expect(rows).toEqual([{ rolconfig: ['statement_timeout=3000ms'] }]);
  });

  it('closes functions made later to PUBLIC', async () => {
    await initialize({ connection, logins: LOGINS });
    await query(`create function public.later() returns int language sql as 'select 1'`);
    const { rows } = await query(`select has_function_privilege('public', 'public.later()', 'EXECUTE') as open`);
    expect(rows).toEqual([{ open: false }]);
  });

  it('sends no password in clear, and stores one that SCRAM accepts', async () => {
    const { spy, sent } = recorded();
    await initialize({ connection: spy, logins: LOGINS });
    expect(sent.join('\n')).not.toContain('app-password');
    const { rows } = await query<{ rolpassword: string }>(
      `select rolpassword from pg_authid where rolname = 'gatehouse_app'`,
    );
    const stored = rows[0]?.rolpassword ?? '';
    const salt = Buffer.from(/:([^$]+)\$/.exec(stored)?.[1] ?? '', 'base64');
    expect(stored).toBe(scramVerifier('app-password', salt));
  });

  it('hands Neon the password itself, which refuses a hashed one, but in no statement', async () => {
    await query(`set neon.timeline_id = 'here'`);
    try {
      const { spy, sent } = recorded();
      const logins = { ...LOGINS, app: { name: `o'dd "app"`, password: `it's\\a "test"` } };
      await initialize({ connection: spy, logins });
      expect(sent.join('\n')).not.toContain(logins.app.password);
      const { rows } = await query<{ rolpassword: string }>('select rolpassword from pg_authid where rolname = $1', [
        logins.app.name,
      ]);
      const salt = Buffer.from(/:([^$]+)\$/.exec(rows[0]?.rolpassword ?? '')?.[1] ?? '', 'base64');
      expect(rows[0]?.rolpassword).toBe(scramVerifier(logins.app.password, salt));
    } finally {
      await query('reset neon.timeline_id');
    }
  });

  it('hands over the password itself, too, where the control plane says so only when the batch is committed', async () => {
    const { spy, sent } = recorded();
    const strict: MigrationConnection = {
      ...spy,
      batch: async (statements) => {
        const results = await spy.batch(statements);
        if (!statements.some((statement) => statement.query.includes('SCRAM-SHA-256'))) return results;
        throw Object.assign(
          new Error('Received HTTP code 400 from control plane: Neon only supports being given plaintext passwords'),
          { code: 'XX000' },
        );
      },
    };
    await initialize({ connection: strict, logins: LOGINS });
    expect(sent.at(-1)).toBeDefined();
    expect(sent.some((text) => text.includes('gatehouse.login_password'))).toBe(true);
  });
});

describe('init refuses', () => {
  it.each([
    ['one role for both logins', { ...LOGINS, service: LOGINS.app }, /both name gatehouse_app/],
    [
      'the owner as a login',
      { ...LOGINS, app: { name: 'postgres', password: 'x' } },
      /DATABASE_URL names postgres, the role that migrates/,
    ],
  ])('%s', async (_, logins, message) => {
    const refusal = await refusalOf(initialize({ connection, logins }));
    expect(refusal.code).toBe('role.unusable');
    expect(refusal.message).toMatch(message);
  });

  it.each([
    ['BYPASSRLS', 'create role too_strong login bypassrls', /BYPASSRLS/],
    ['CREATEROLE', 'create role too_strong login createrole', /CREATEROLE/],
    [
      'membership of another role',
      'create role too_strong login in role pg_read_all_data',
      /a member of pg_read_all_data/,
    ],
  ])('a login that has %s', async (_, create, message) => {
    await query(create);
    try {
      const logins = { ...LOGINS, service: { name: 'too_strong', password: 'x' } };
      const refusal = await refusalOf(initialize({ connection, logins }));
      expect(refusal.code).toBe('role.unusable');
      expect(refusal.message).toMatch(/^SERVICE_DATABASE_URL names too_strong/);
      expect(refusal.message).toMatch(message);
    } finally {
      await query('drop role too_strong');
    }
  });

  it('a schema gatehouse that belongs to somebody else', async () => {
    await query('create role somebody');
    await query('create schema gatehouse authorization somebody');
    try {
      const refusal = await refusalOf(initialize({ connection, logins: LOGINS }));
      expect(refusal.code).toBe('database.refused');
      expect(refusal.message).toMatch(/Schema gatehouse belongs to somebody/);
    } finally {
      await query('drop schema gatehouse cascade');
      await query('drop role somebody');
    }
  });
});

describe('on a database prepared like Supabase', () => {
  it("init and push work, and the owner's default privileges open nothing of ours to anon", async () => {
    await query('create role supabase_auth_admin');
    await query('create role anon');
    await query('create schema auth authorization supabase_auth_admin');
    await query('create table auth.users (id uuid primary key)');
    await query('alter table auth.users owner to supabase_auth_admin');
    await query('alter default privileges in schema public grant all on tables to anon');
    await query('alter default privileges in schema public grant all on functions to anon');
    await query('alter default privileges grant select on tables to anon with grant option');
    const defaults = async (): Promise<unknown> =>
      (
        await query(`select defaclobjtype, defaclnamespace::regnamespace::text as schema, defaclacl::text from pg_default_acl
        where defaclobjtype <> 'f' or defaclnamespace <> 0 order by 1, 2`)
      ).rows;
    const before = await defaults();

    await initialize({ connection, logins: LOGINS });
    const directory = directoryOf({
      ...TWO_FILES,
      '0002_function.sql': `create function public.secret() returns int security definer language sql as 'select 1';`,
    });
    await applyMigrations({ connection, directory });

    const { rows } = await query(`select has_table_privilege('anon', 'public.users', 'SELECT, TRUNCATE') as users,
      has_table_privilege('anon', 'gatehouse.migrations', 'SELECT') as journal,
      has_function_privilege('anon', 'public.secret()', 'EXECUTE') as secret`);
    expect(rows).toEqual([{ users: false, journal: false, secret: false }]);
    expect(await defaults()).toEqual(before);
    await query('create table public.not_ours (a int)');
    expect((await query(`select has_table_privilege('anon', 'public.not_ours', 'SELECT') as open`)).rows).toEqual([
      { open: true },
    ]);

    await query('alter default privileges in schema public revoke all on tables from anon');
    await query('alter default privileges in schema public revoke all on functions from anon');
    await query('alter default privileges revoke all on tables from anon');
    await query('drop schema auth cascade');
  });
});
