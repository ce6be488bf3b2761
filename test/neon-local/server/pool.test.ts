import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../../scripts/neon-local/index.ts';
import type { NeonLocal, NeonLocalOptions } from '../../../scripts/neon-local/index.ts';
import { connect, failure } from '../support.ts';
import type { Sql } from '../support.ts';
import { createTestDatabase } from './support.ts';
import type { TestDatabase } from './support.ts';

let database: TestDatabase;
let admin: Client;

beforeAll(async () => {
  database = await createTestDatabase();
  admin = new Client({ connectionString: database.url });
  await admin.connect();
});

afterAll(async () => {
  await admin?.end();
  await database?.drop();
});

async function withServer(
  options: NeonLocalOptions,
  work: (sql: Sql, server: NeonLocal) => Promise<void>,
): Promise<void> {
  const server = await startNeonLocal({ postgres: database.url, ...options });
  try {
    await work(connect(server, `${database.role}:${database.password}`, database.name), server);
  } finally {
    await server.close();
  }
}

/** How many connections of the endpoint the server sees. */
async function connections(): Promise<number> {
  const { rows } = await admin.query(
    `select count(*)::int as n from pg_stat_activity
     where application_name = 'neon-local' and datname = current_database()`,
  );
  return rows[0].n;
}

/** Waits until the server has noticed that connections were closed. */
async function settled(expected: number): Promise<void> {
  await expect.poll(connections, { timeout: 10_000 }).toBe(expected);
}

describe('the pool', () => {
  it('uses one connection for one request after another', async () => {
    await withServer({}, async (sql) => {
      const pids = new Set();
      for (let i = 0; i < 5; i++) pids.add((await sql`select pg_backend_pid() as pid`)[0]?.['pid']);
      await sql.transaction([sql`select 1`]);
      await failure(sql.transaction([sql`select 1 / 0`]));
      await failure(sql`select 1 / 0`);
      pids.add((await sql`select pg_backend_pid() as pid`)[0]?.['pid']);
      expect(pids.size).toBe(1);
    });
    await settled(0);
  });

  it('opens a fresh connection for each request beyond it, lets none wait, and keeps as many as told', async () => {
    await withServer({ pool: 3 }, async (sql) => {
      await admin.query('select pg_advisory_lock(7)');
      const requests = Array.from({ length: 8 }, () => sql`select pg_advisory_xact_lock_shared(7)`);
      const waiting = Promise.all(requests);
      // All eight are on the server at once, although three are kept.
      await expect.poll(connections, { timeout: 10_000 }).toBe(8);
      await admin.query('select pg_advisory_unlock(7)');
      await waiting;
      await settled(3);
    });
    await settled(0);
  });

  it('of size 0 keeps none', async () => {
    await withServer({ pool: 0 }, async (sql) => {
      await sql`select 1`;
      await settled(0);
    });
  });

  it('does not keep a connection that is left inside a transaction', async () => {
    await withServer({}, async (sql) => {
      await sql`begin`;
      expect(await sql`select pg_current_xact_id_if_assigned() as id`).toEqual([{ id: null }]);
      await settled(1);
    });
  });

  it('replaces a connection that the server ended', async () => {
    await withServer({}, async (sql) => {
      const [row] = await sql`select pg_backend_pid() as pid`;
      await admin.query('select pg_terminate_backend($1)', [row?.['pid']]);
      await settled(0);
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
      expect(await failure(sql`select pg_terminate_backend(pg_backend_pid())`)).toMatchObject({ code: '57P01' });
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    });
  });
});

describe('requests on a server', () => {
  it('run as the user of the connection string, with its password', async () => {
    await withServer({}, async (sql, server) => {
      expect(await sql`select session_user::text as name`).toEqual([{ name: database.role }]);
      const refused = { code: '28P01', message: `password authentication failed for user "${database.role}"` };
      // Where the server trusts everyone, no password is wrong.
      const { rows } = await admin.query(
        `select auth_method from pg_hba_file_rules where type = 'host' order by line_number limit 1`,
      );
      if (rows[0].auth_method === 'trust') return;
      expect(await failure(connect(server, `${database.role}:wrong`, database.name)`select 1`)).toMatchObject(refused);
      expect(await sql`select 1 as one`).toEqual([{ one: 1 }]);
    });
  });

  it('use the database of the endpoint, whatever the connection string says', async () => {
    await withServer({}, async (_sql, server) => {
      const sql = connect(server, `${database.role}:${database.password}`, 'another');
      expect(await sql`select current_database() as name`).toEqual([{ name: database.name }]);
    });
  });

  it('use the database of the connection string when the endpoint names none', async () => {
    const bare = new URL(database.url);
    bare.pathname = '';
    await withServer({ postgres: bare.href }, async (sql, server) => {
      expect(await sql`select current_database() as name`).toEqual([{ name: database.name }]);
      const missing = connect(server, `${database.role}:${database.password}`, 'neon_local_missing');
      expect(await failure(missing`select 1`)).toMatchObject({ code: '3D000' });
    });
  });

  it('a batch is all or nothing, with the modes of the headers', async () => {
    await withServer({}, async (sql) => {
      await sql`create table items (id int primary key)`;
      const batch = sql.transaction([sql`insert into items values (1)`, sql`insert into items values (1)`]);
      expect(await failure(batch)).toMatchObject({ code: '23505' });
      expect(await sql`select * from items`).toEqual([]);
      const options = { isolationLevel: 'Serializable', readOnly: true, deferrable: true } as const;
      const [modes] = await sql.transaction(
        [
          sql`select current_setting('transaction_isolation') as isolation,
            current_setting('transaction_read_only') as read_only,
            current_setting('transaction_deferrable') as deferrable`,
        ],
        options,
      );
      expect(modes).toEqual([{ isolation: 'serializable', read_only: 'on', deferrable: 'on' }]);
      const write = sql.transaction([sql`insert into items values (2)`], { readOnly: true });
      expect(await failure(write)).toMatchObject({ code: '25006' });
    });
  });

  it('a server that cannot be reached is a 500 that says where it was sought', async () => {
    const server = await startNeonLocal({ postgres: 'postgresql://127.0.0.1:1/x' });
    const error = await failure(connect(server, 'user:hidden-password')`select 1`);
    expect(error['message']).toMatch(/HTTP status 500.*could not connect to PostgreSQL at 127\.0\.0\.1:1/);
    expect(error['message']).not.toContain('hidden-password');
    await server.close();
  });
});
