import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../scripts/neon-local/index.ts';
import { connect, failure } from './support.ts';
import type { Sql } from './support.ts';

const timedOut = {
  code: '57014',
  message: 'canceling statement due to statement timeout',
  severity: 'ERROR',
};
// Nobody counts this far within a test.
const endless = 'select count(*) from generate_series(1, 1e15)';

let server: NeonLocal;
let patientServer: NeonLocal;
let owner: Sql;
/** The default limit of this one never passes within a test. */
let patient: Sql;

beforeAll(async () => {
  server = await startNeonLocal({ statementTimeoutMs: 2000 });
  patientServer = await startNeonLocal({ statementTimeoutMs: 600_000 });
  owner = connect(server);
  patient = connect(patientServer);
  await owner`create table events (id int primary key)`;
  await patient`create role hasty login`;
  await patient`alter role hasty set statement_timeout = '150ms'`;
  await patient`create function gate() returns void language plpgsql as
    $$ begin perform set_config('statement_timeout', '100ms', true); end $$`;
});

afterAll(async () => {
  await server.close();
  await patientServer.close();
});

describe('a statement past its time limit', () => {
  it('is answered 57014, by the limit of the endpoint where no other is set', async () => {
    expect(await failure(owner.query(endless))).toMatchObject(timedOut);
  });

  it('keeps what was committed before it, and nothing of its own batch', async () => {
    await owner`insert into events values (1)`;
    const batch = owner.transaction([owner`insert into events values (2)`, owner.query(endless)]);
    expect(await failure(batch)).toMatchObject(timedOut);
    expect(await owner`select id from events`).toEqual([{ id: 1 }]);
  });

  it('does not fail the requests that wait behind it', async () => {
    const slow = failure(owner.query(endless));
    const ids = [11, 12, 13, 14];
    // A query of the driver is sent when it is awaited: so these are sent here, behind the slow one.
    const behind = Promise.all(ids.map((id) => owner`insert into events values (${id}) returning id`));
    expect(await slow).toMatchObject(timedOut);
    expect(await behind).toEqual(ids.map((id) => [{ id }]));
    expect(await owner`select count(*)::int as n from events where id > 10`).toEqual([{ n: 4 }]);
  });

  it('has the limit of its role', async () => {
    const hasty = connect(patientServer, 'hasty');
    expect(await hasty`show statement_timeout`).toEqual([{ statement_timeout: '150ms' }]);
    expect(await failure(hasty.query(endless))).toMatchObject(timedOut);
  });

  it.each([
    ['set local', `set local statement_timeout = '100ms'`],
    ['set_config', `select set_config('statement_timeout', '100', true)`],
    ['a function', 'select gate()'],
  ])('has the limit that %s gave it within the batch', async (_how, statement) => {
    const batch = patient.transaction([patient.query(statement), patient.query(endless)]);
    expect(await failure(batch)).toMatchObject(timedOut);
    expect(await patient`show statement_timeout`).toEqual([{ statement_timeout: '0' }]);
  });

  it('counts each statement by itself', async () => {
    const nap = owner`select pg_sleep(0.4)`;
    const [, ...naps] = await owner.transaction([
      owner`set local statement_timeout = '1500ms'`,
      ...Array.from({ length: 5 }, () => nap),
    ]);
    expect(naps).toHaveLength(5);
  });

  it('may have a longer limit than the default', async () => {
    const [, rows] = await owner.transaction([
      owner`set local statement_timeout = '60s'`,
      owner`select pg_sleep(2.5), 1 as done`,
    ]);
    expect(rows).toMatchObject([{ done: 1 }]);
  });
});

describe('a database that was stopped in the middle', () => {
  it('loses no committed row, however often it happens', async () => {
    const data = await mkdtemp(join(tmpdir(), 'neon-local-test-'));
    try {
      const first = await startNeonLocal({ data, statementTimeoutMs: 1000 });
      const sql = connect(first);
      await sql`create table rows (id int primary key, filler text)`;
      for (let round = 0; round < 4; round++) {
        const insert = sql`insert into rows select g, repeat('x', 100)
          from generate_series(${round * 500}::int, ${round * 500 + 499}::int) g`;
        await insert;
        const doomed = sql.transaction([
          sql`insert into rows select -g from generate_series(1, 500) g`,
          sql.query(endless),
        ]);
        expect(await failure(doomed)).toMatchObject(timedOut);
      }
      await first.close();
      const second = await startNeonLocal({ data });
      const rows = await connect(second)`select count(*)::int as n, min(id), max(id) from rows`;
      expect(rows).toEqual([{ n: 2000, min: 0, max: 1999 }]);
      await second.close();
    } finally {
      await rm(data, { recursive: true, force: true });
    }
  });

  it('is opened again when a statement brings PGlite itself down', async () => {
    await owner`insert into events values (100)`;
    // COPY from the client is refused, but a nested comment hides it; PGlite then ends itself.
    const fatal = failure(owner.query('/* a /* b */ c */ copy events from stdin'));
    const other = owner`select id from events where id = 100`.then((rows) => rows);
    expect(await fatal).toMatchObject({ code: '57P02', severity: 'FATAL' });
    expect(await other).toEqual([{ id: 100 }]);
  });
});
