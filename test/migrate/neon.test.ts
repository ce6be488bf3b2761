import { neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type NeonLocal, startNeonLocal } from '../../scripts/neon-local/index.ts';
import {
  applyMigrations,
  checkMigrations,
  connectNeon,
  initialize,
  listMigrations,
  type MigrationConnection,
  parseAddress,
  rollbackMigrations,
} from '../../src/db/migrate/index.ts';
import { directoryOf, LOGINS, refusalOf, tablesOf, TWO_FILES } from './support.ts';

let local: NeonLocal;

beforeAll(async () => {
  local = await startNeonLocal();
});
afterAll(async () => local.close());

function connectAs(user: string, password: string): MigrationConnection {
  return connectNeon(parseAddress('TEST_URL', `postgres://${user}:${password}@localhost/postgres`), local.url);
}

describe("over Neon's HTTP", { timeout: 120_000 }, () => {
  it('the whole life of a database works: init, push, check, list, down', async () => {
    const connection = connectAs('postgres', 'postgres');
    const directory = directoryOf(TWO_FILES);
    await initialize({ connection, logins: LOGINS });
    await applyMigrations({ connection, directory });
    const app = { ...LOGINS.app, connection: connectAs(LOGINS.app.name, LOGINS.app.password) };
    const service = { ...LOGINS.service, connection: connectAs(LOGINS.service.name, LOGINS.service.password) };
    expect(await checkMigrations({ connection, directory, logins: { app, service } })).toMatchObject({
      ok: true,
      problems: [],
    });
    expect((await listMigrations({ connection, directory })).migrations.map(({ state }) => state)).toEqual([
      'applied',
      'applied',
    ]);
    await rollbackMigrations({ connection, directory, steps: 2 });
    expect(await tablesOf(connection)).toEqual([]);
  });

  it('one migration is one round trip, and a failing one is atomic and says which statement it was', async () => {
    const connection = connectAs('postgres', 'postgres');
    const directory = directoryOf({
      '0000_good.sql': 'create table good (a int);',
      '0001_bad.sql': `create table half (a int);\n--> statement-breakpoint\ninsert into half values ('x');`,
    });
    await initialize({ connection, logins: LOGINS });
    local.resetStats();
    await applyMigrations({ connection, directory, upTo: '0000_good' });
    // Default privileges, journal, INVALID indexes, then the file.
    expect(local.stats().roundTrips).toBe(4);
    const refusal = await refusalOf(applyMigrations({ connection, directory }));
    expect(refusal.message).toMatch(/0001_bad\.sql, statement 2 of 2 failed: invalid input syntax.*22P02/);
    expect(await tablesOf(connection)).toEqual(['good']);
  });

  it('the endpoint is set for the call alone: what others have set stays', async () => {
    const before = neonConfig.fetchEndpoint;
    neonConfig.fetchEndpoint = 'http://127.0.0.1:1/elsewhere';
    try {
      const connection = connectAs('postgres', 'postgres');
      await Promise.all([connection.single({ query: 'select 1' }), connection.batch([{ query: 'select 1' }])]);
      expect(neonConfig.fetchEndpoint).toBe('http://127.0.0.1:1/elsewhere');
    } finally {
      neonConfig.fetchEndpoint = before;
    }
  });
});

describe('a connection over HTTP', () => {
  const address = parseAddress('TEST_URL', 'postgres://owner:very-secret@db.example/gatehouse');

  it.each(['http://example.com/sql', 'http://10.0.0.1:4444/sql', 'file:///etc/passwd', 'nonsense'])(
    'sends no password to an endpoint that is not on this machine: %s',
    (endpoint) => {
      expect(() => connectNeon(address, endpoint)).toThrow(/NEON_SQL_ENDPOINT must be an http address on this machine/);
    },
  );

  it('names the target without the password, also when nobody answers', async () => {
    const connection = connectNeon(address, 'http://127.0.0.1:1/sql');
    expect(connection.target).toBe('owner@db.example/gatehouse (HTTP through http://127.0.0.1:1/sql)');
    const refusal = await refusalOf(connection.single({ query: 'select 1' }));
    expect(refusal.code).toBe('database.unreachable');
    expect(refusal.message).toContain('http://127.0.0.1:1/sql');
    expect(refusal.message).not.toContain('very-secret');
  });

  it('refuses a request larger than Neon takes, before it is sent', async () => {
    const connection = connectNeon(address, 'http://127.0.0.1:1/sql');
    const refusal = await refusalOf(connection.batch([{ query: `select '${'"'.repeat(6 * 1024 * 1024)}'` }]));
    expect(refusal.code).toBe('file.too_large');
  });
});

describe('a connection string', () => {
  it.each([
    ['nonsense', /OWNER_URL is not a connection string/],
    ['mysql://a:b@c/d', /OWNER_URL must begin with postgres/],
    ['postgres://host/db', /OWNER_URL names no user/],
    ['postgres://user:very-secret@host', /OWNER_URL names no database/],
  ])('that is malformed is refused by the name of its setting: %s', (url, message) => {
    expect(() => parseAddress('OWNER_URL', url)).toThrow(message);
    expect(() => parseAddress('OWNER_URL', url)).not.toThrow(/very-secret/);
  });
});
