import pg from 'pg';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { randomPassword, startStack } from '../../../scripts/support/stack.ts';
import { createDatabase } from '../../support/database.ts';
import { passwordsOf } from '../../support/own-vault.ts';
import { requireServer } from '../../support/require-server.ts';
import { checkStatements } from '../requirement-1/check.ts';
import { LOGIN, type MovedDatabase, openMovedServer } from '../requirement-1/database.ts';

let database: MovedDatabase;
let close = async (): Promise<void> => {};

beforeAll(async () => {
  const server = requireServer();
  const own = await createDatabase(server, `gatehouse_requirement_1_${process.pid}`);
  const stack = await startStack({ postgres: own.url, passwords: passwordsOf(inject('worker')) });
  const login = `${LOGIN}_${process.pid}`;
  const secret = randomPassword();
  await run(server, `create role ${login} login password '${secret}' in role gatehouse_sql`);
  const url = new URL(own.url);
  [url.username, url.password] = [login, secret];
  database = await openMovedServer(own.url, url.href);
  close = async () => {
    await stack.close();
    await own.drop();
    await run(server, `drop role ${login}`);
  };
}, 120_000);
afterAll(() => close());

async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

describe('on a legacy schema that was moved, on a server, a SQL client’s login runs', () => {
  checkStatements(() => database, 'plain');
});
