import { randomBytes } from 'node:crypto';
import { Client } from 'pg';

/** A database and a role of its own on the server of the tests. */
export interface TestDatabase {
  /** of the superuser, to the new database */
  url: string;
  host: string;
  port: number;
  name: string;
  role: string;
  password: string;
  drop(): Promise<void>;
}

/**
 * Makes a database and a role `neon_local_tester…` on the server of TEST_POSTGRES_URL.
 * @throws Error when that is not set: these tests are about a server, nothing can stand in for it
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const given = process.env['TEST_POSTGRES_URL'];
  if (!given) {
    throw new Error('TEST_POSTGRES_URL is not set: these tests need the URL of a superuser on a PostgreSQL server');
  }
  const suffix = randomBytes(4).toString('hex');
  const [name, role] = [`neon_local_${suffix}`, `neon_local_tester_${suffix}`];
  const password = `secret-${suffix}`;
  const admin = new Client({ connectionString: given });
  await admin.connect();
  await admin.query(`create role ${role} login password '${password}'`);
  await admin.query(`alter role ${role} set timezone = 'UTC'`);
  await admin.query(`create database ${name}`);
  await admin.query(`grant create on database ${name} to ${role}`);
  const url = new URL(given);
  url.pathname = `/${name}`;
  const inside = new Client({ connectionString: url.href });
  await inside.connect();
  await inside.query(`grant all on schema public to ${role}`);
  await inside.end();
  return {
    url: url.href,
    host: url.hostname,
    port: Number(url.port || 5432),
    name,
    role,
    password,
    drop: async () => {
      await admin.query(`drop database ${name} with (force)`);
      await admin.query(`drop role ${role}`);
      await admin.end();
    },
  };
}
