import { connect as connectSocket, createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../../scripts/neon-local/index.ts';
import { connect, failure } from '../support.ts';
import type { Sql } from '../support.ts';
import { createTestDatabase } from './support.ts';
import type { TestDatabase } from './support.ts';

let database: TestDatabase;
let relay: Server;
let server: NeonLocal;
let sql: Sql;
/** How often the conversation with the server changed its direction towards the server. */
let turns = 0;

/** Passes bytes to the server and back, and counts the turns of the conversation. */
function createRelay(): Server {
  return createServer((client) => {
    const upstream = connectSocket(database.port, database.host);
    let toServer = false;
    client.on('data', (data) => {
      if (!toServer) turns += 1;
      toServer = true;
      upstream.write(data);
    });
    upstream.on('data', (data) => {
      toServer = false;
      client.write(data);
    });
    for (const socket of [client, upstream]) {
      socket.on('error', () => {});
      socket.on('close', () => [client, upstream].forEach((each) => each.destroy()));
    }
  });
}

beforeAll(async () => {
  database = await createTestDatabase();
  relay = createRelay();
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port } = relay.address() as AddressInfo;
  server = await startNeonLocal({ postgres: `postgresql://127.0.0.1:${port}/${database.name}` });
  sql = connect(server, `${database.role}:${database.password}`);
  await sql`create table items (id int primary key)`;
});

afterAll(async () => {
  await server?.close();
  relay?.close();
  await database?.drop();
});

async function turnsOf(work: () => Promise<unknown>): Promise<number> {
  turns = 0;
  await work();
  return turns;
}

describe('round trips to the server', () => {
  it('a single statement is one', async () => {
    expect(await turnsOf(async () => await sql`select ${1}::int as a`)).toBe(1);
  });

  it('a batch is one, however many statements it has, BEGIN and COMMIT included', async () => {
    const batch = Array.from({ length: 30 }, (_, id) => sql`insert into items values (${id})`);
    expect(await turnsOf(() => sql.transaction(batch, { isolationLevel: 'Serializable' }))).toBe(1);
    expect(await sql`select count(*)::int as n from items`).toEqual([{ n: 30 }]);
  });

  it('a batch that fails is two: the second takes it back', async () => {
    const batch = [sql`insert into items values (100)`, sql`select 1 / 0`];
    expect(await turnsOf(() => failure(sql.transaction(batch)))).toBe(2);
  });
});
