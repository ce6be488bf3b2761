import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, expect, it } from 'vitest';

import { compareCatalogues } from '../../../src/db/migrate/catalogue/compare.ts';
import { readCatalogue } from '../../../src/db/migrate/catalogue/read.ts';
import { withShadow } from '../../../src/db/migrate/catalogue/shadow.ts';
import { readMigrations } from '../../../src/db/migrate/files.ts';
import {
  applyMigrations,
  initialize,
  type MigrationConnection,
  rollbackMigrations,
} from '../../../src/db/migrate/index.ts';
import { directoryOf, LOGINS } from '../support.ts';
import { RICH_FILES } from '../rich-schema.ts';
import { asSuperuser, ensureNamedRoles, prepare, useServerDatabase } from './support.ts';

const database = useServerDatabase();
const owner = { name: `migrate_plain_${randomBytes(4).toString('hex')}`, password: 'owner' };
const drizzle = fileURLToPath(new URL('../../../drizzle', import.meta.url));

// An owner who may not alter roles leaves the passwords of the named logins as they are.
beforeAll(async () => {
  await ensureNamedRoles();
  await asSuperuser(`create role ${owner.name} login password '${owner.password}'`);
});
afterAll(async () => {
  await asSuperuser(`alter database ${database.name} owner to current_user`);
  const connection = database.connect();
  await connection.single({ query: `drop owned by ${owner.name} cascade` });
  await asSuperuser(`drop role ${owner.name}`);
});

/** The emptied database, owned and prepared by a role that owns nothing else. */
async function prepareAsOwner(): Promise<MigrationConnection> {
  await prepare(database);
  const superuser = database.connect();
  await superuser.batch([
    { query: 'drop schema gatehouse cascade' },
    { query: `alter database ${database.name} owner to ${owner.name}` },
    { query: `alter schema public owner to ${owner.name}` },
  ]);
  const connection = database.connect(owner);
  const { notes } = await initialize({ connection, logins: LOGINS });
  expect(notes).toEqual(
    ['gatehouse_app', 'gatehouse_service'].map((name) => expect.stringContaining(`password of ${name} was left`)),
  );
  return connection;
}

it('every kind of object makes the same model on this server and on the embedded PostgreSQL', async () => {
  const directory = directoryOf(RICH_FILES);
  const connection = await prepare(database);
  await applyMigrations({ connection, directory, statementTimeout: 0 });
  const logins = { app: database.logins.app.name, service: database.logins.service.name };
  const expected = await withShadow({ directory, logins }, readCatalogue);
  expect(compareCatalogues(expected, await readCatalogue(connection))).toEqual({ drift: [], others: [] });
});

it("Gatehouse's own migrations make the same model on this server, up, down and up again", async () => {
  const connection = await prepareAsOwner();
  const empty = await readCatalogue(connection);
  const { applied } = await applyMigrations({ connection, directory: drizzle, statementTimeout: 0 });
  expect(applied).toHaveLength((await readMigrations(drizzle)).length);
  const full = await readCatalogue(connection);
  const logins = { app: LOGINS.app.name, service: LOGINS.service.name };
  expect(compareCatalogues(await withShadow({ directory: drizzle, logins }, readCatalogue), full)).toEqual({
    drift: [],
    others: [],
  });
  await rollbackMigrations({ connection, directory: drizzle, steps: applied.length });
  expect(await readCatalogue(connection)).toEqual(empty);
  await applyMigrations({ connection, directory: drizzle, statementTimeout: 0 });
  expect(await readCatalogue(connection)).toEqual(full);
});
