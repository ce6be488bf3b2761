import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  applyMigrations,
  checkMigrations,
  connectPostgres,
  initialize,
  type MigrationConnection,
  parseAddress,
} from '../../../src/db/migrate/index.ts';
import { directoryOf, refusalOf, TWO_FILES } from '../support.ts';
import { asSuperuser, prepare, serverUrl, useServerDatabase } from './support.ts';

const database = useServerDatabase();

describe("the Worker's logins on a server", () => {
  it('sign in with the passwords of their connection strings, and check proves it', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const { app, service } = database.logins;
    const logins = {
      app: { ...app, connection: database.connect(app) },
      service: { ...service, connection: database.connect(service) },
    };
    expect(await checkMigrations({ connection, directory, logins })).toMatchObject({ ok: true, problems: [] });
    const wrong = { ...logins, app: { ...app, connection: database.connect({ ...app, password: 'wrong' }) } };
    const { problems } = await checkMigrations({ connection, directory, logins: wrong });
    expect(problems).toMatchObject([
      { kind: 'role', message: expect.stringMatching(/DATABASE_URL: cannot connect as .*password authentication/) },
    ]);
    expect(problems[0]?.message).not.toContain('wrong"');
  });

  it('are refused by check when they lead to another database', async () => {
    const connection = await prepare(database);
    const directory = directoryOf(TWO_FILES);
    await applyMigrations({ connection, directory });
    const elsewhere = serverUrl();
    const away = connectPostgres(parseAddress('TEST_POSTGRES_URL', elsewhere.href));
    const logins = { app: database.logins.app, service: { ...database.logins.service, connection: away } };
    const { problems } = await checkMigrations({ connection, directory, logins });
    await away.close();
    const text = problems.map(({ message }) => message).join('\n');
    expect(text).toContain(
      `SERVICE_DATABASE_URL: it leads to database ${elsewhere.pathname.slice(1)}, MIGRATION_DATABASE_URL to ${database.name}`,
    );
    expect(text).toContain(`it signs in as ${elsewhere.username}, not as ${database.logins.service.name}`);
  });

  it('may connect where PUBLIC may not', async () => {
    await prepare(database);
    await asSuperuser(`revoke connect on database ${database.name} from public`);
    await initialize({ connection: database.connect(), logins: database.logins });
    const { app } = database.logins;
    expect(await database.connect(app).single({ query: 'select session_user::text as name' })).toEqual([
      { name: app.name },
    ]);
  });

  it('get a new password when init is run with one', async () => {
    await prepare(database);
    const app = { ...database.logins.app, password: 'päss wörd/%' };
    await initialize({ connection: database.connect(), logins: { ...database.logins, app } });
    expect(await database.connect(app).single({ query: 'select session_user::text as name' })).toEqual([
      { name: app.name },
    ]);
  });
});

describe('an owner who is no superuser, as on Neon', () => {
  const suffix = randomBytes(4).toString('hex');
  const owner = { name: `migrate_owner_${suffix}`, password: 'owner' };
  const names = [`migrate_owned_${suffix}`, `migrate_second_${suffix}`] as const;
  const logins = {
    app: { name: `migrate_owned_app_${suffix}`, password: 'app' },
    service: { name: `migrate_owned_service_${suffix}`, password: 'service' },
  };
  const open: MigrationConnection[] = [];

  function connect(name: string, user: { name: string; password: string }): MigrationConnection {
    const url = serverUrl();
    [url.pathname, url.username, url.password] = [`/${name}`, user.name, user.password];
    const connection = connectPostgres(parseAddress('TEST_POSTGRES_URL', url.href));
    open.push(connection);
    return connection;
  }

  beforeAll(async () => {
    // The group roles may be there from before, made by the superuser: from 16 on, only who made them grants them.
    await asSuperuser(
      `create role ${owner.name} login createrole password '${owner.password}'`,
      ...names.map((name) => `create database ${name} owner ${owner.name}`),
    );
    const groups = ['gatehouse_member', 'gatehouse_admin', 'gatehouse_system', 'gatehouse_sql'];
    await asSuperuser(
      ...groups.map(
        (group) => `do $$ begin create role ${group} nologin; exception when duplicate_object then null; end $$`,
      ),
      ...groups.map((group) => `grant ${group} to ${owner.name} with admin option`),
    );
  });

  afterAll(async () => {
    for (const connection of open) await connection.close();
    await asSuperuser(...names.map((name) => `drop database ${name} with (force)`));
    for (const role of [logins.app.name, logins.service.name, owner.name])
      await asSuperuser(`drop role if exists ${role}`);
  });

  it('prepares and migrates a database, and a second one of the same cluster', async () => {
    for (const name of names) {
      const connection = connect(name, owner);
      const directory = directoryOf(TWO_FILES);
      expect((await initialize({ connection, logins })).notes).toEqual([]);
      await applyMigrations({ connection, directory });
      const checked = {
        app: { ...logins.app, connection: connect(name, logins.app) },
        service: { ...logins.service, connection: connect(name, logins.service) },
      };
      expect(await checkMigrations({ connection, directory, logins: checked })).toMatchObject({
        ok: true,
        problems: [],
      });
    }
  });

  it('is told what it may not do, where it may not', async () => {
    const weak = { name: `migrate_weak_${suffix}`, password: 'weak' };
    await asSuperuser(
      `create role ${weak.name} login password 'weak'`,
      `grant create on database ${names[0]} to ${weak.name}`,
    );
    try {
      const fresh = {
        app: { name: `new_a_${suffix}`, password: 'x' },
        service: { name: `new_b_${suffix}`, password: 'x' },
      };
      const strangers = await refusalOf(initialize({ connection: connect(names[0], weak), logins: fresh }));
      expect(strangers.code).toMatch(/^(database\.refused|role\.unusable)$/);
      expect(strangers.message).toMatch(/belongs to migrate_owner|may not create roles/);
    } finally {
      for (const connection of open.splice(0)) await connection.close();
      await asSuperuser(`revoke all on database ${names[0]} from ${weak.name}`, `drop role ${weak.name}`);
    }
  });
});
