import { randomBytes } from 'node:crypto';

import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';

import {
  connectPostgres,
  initialize,
  type MigrationConnection,
  parseAddress,
  type WorkerLogins,
} from '../../../src/db/migrate/index.ts';

/** A superuser's connection string of a PostgreSQL server. Without one there is nothing these tests could prove. */
export function serverUrl(): URL {
  const url = process.env['TEST_POSTGRES_URL'];
  if (url === undefined || url === '') {
    throw new Error(
      'TEST_POSTGRES_URL is not set: these tests need a PostgreSQL server (a superuser connection string).',
    );
  }
  return new URL(url);
}

/** A database of its own for the tests of a file, with logins of its own, dropped afterwards. */
export interface ServerDatabase {
  readonly name: string;
  readonly logins: WorkerLogins;
  /** A new connection, as the superuser or as whom the URL's user part names. */
  connect(user?: { name: string; password: string }): MigrationConnection;
  /** A raw client, to stand in somebody's way. */
  client(): Promise<pg.Client>;
  url(user?: { name: string; password: string }): string;
}

export function useServerDatabase(): ServerDatabase {
  const suffix = randomBytes(4).toString('hex');
  const name = `migrate_test_${suffix}`;
  const logins = {
    app: { name: `migrate_app_${suffix}`, password: `app-${suffix}` },
    service: { name: `migrate_service_${suffix}`, password: `service-${suffix}` },
  };
  const open: { close?: () => Promise<void>; end?: () => Promise<void> }[] = [];
  const url = (user?: { name: string; password: string }): string => {
    const address = serverUrl();
    address.pathname = `/${name}`;
    if (user !== undefined)
      [address.username, address.password] = [user.name, user.password].map(encodeURIComponent) as [string, string];
    return address.href;
  };
  beforeAll(async () => {
    await asSuperuser(`create database ${name}`);
  });
  afterAll(async () => {
    for (const connection of open) await (connection.close?.() ?? connection.end?.());
    await asSuperuser(`drop database ${name} with (force)`);
    for (const { name: login } of [logins.app, logins.service]) await asSuperuser(`drop role if exists ${login}`);
  });
  return {
    name,
    logins,
    url,
    connect: (user) => {
      const connection = connectPostgres(parseAddress('TEST_POSTGRES_URL', url(user)));
      open.push(connection);
      return connection;
    },
    client: async () => {
      const client = new pg.Client({ connectionString: url() });
      await client.connect();
      open.push({ end: async () => client.end() });
      return client;
    },
  };
}

/** Statements on the server's own database, as the superuser. */
export async function asSuperuser(...queries: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl().href });
  await client.connect();
  try {
    for (const query of queries) await client.query(query);
  } finally {
    await client.end();
  }
}

/** The logins that Gatehouse's own migrations name, as they are: other tests of this server sign in with their passwords. */
export async function ensureNamedRoles(): Promise<void> {
  const groups = ['gatehouse_member', 'gatehouse_admin', 'gatehouse_system', 'gatehouse_sql'];
  const create = (role: string): string =>
    `do $$ begin create role ${role}; exception when duplicate_object then null; end $$`;
  await asSuperuser(
    ...groups.map((group) => create(`${group} nologin`)),
    create('gatehouse_app login noinherit'),
    create('gatehouse_service login noinherit'),
    'grant gatehouse_member to gatehouse_app',
    'grant gatehouse_admin, gatehouse_system to gatehouse_service',
  );
}

/** Prepares the database and empties what an earlier test left. */
export async function prepare(database: ServerDatabase): Promise<MigrationConnection> {
  const connection = database.connect();
  await connection.batch([
    { query: 'drop schema if exists gatehouse cascade' },
    { query: 'drop schema public cascade' },
    { query: 'create schema public' },
  ]);
  await initialize({ connection, logins: database.logins });
  return connection;
}
