import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { normalize, type Progress, rollback } from '../../../src/db/legacy/index.ts';
import { refusalOf } from '../support.ts';
import { type LegacyServer, startLegacyServer } from './support.ts';

let server: LegacyServer;
beforeAll(async () => {
  server = await startLegacyServer();
});
afterAll(async () => server.close());

const USERS = 3000;
/** As the driver words it, by what it was doing when the connection went. */
const LOST = /terminat|closed|lost|connection error/i;

/** Ends the server's process of a session when it comes to a step. */
const killAt =
  (step: string, pid: number) =>
  async (progress: Progress): Promise<void> => {
    if (progress.step === step) await server.query(`select pg_terminate_backend(${pid})`);
  };

describe('a session that ends in the middle', () => {
  it.each(['move', 'foreign_keys', 'views'])(
    'of a normalisation, at "%s", leaves the schema as it was',
    async (step) => {
      await server.make({ users: USERS });
      const { session, pid } = await server.open();
      const { sealer } = server;
      const kill = killAt(step, pid);
      const work = normalize({
        session,
        schema: 'dev',
        sealer,
        onProgress: (progress) => void kill(progress),
        options: { batchSize: 100 },
      });
      await expect(work).rejects.toThrow(LOST);
      expect(await server.differences()).toEqual([]);
      expect(await server.query('select count(*)::int as users from public.users')).toEqual([{ users: 0 }]);
      const again = await server.open();
      expect(await normalize({ session: again.session, schema: 'dev', sealer })).toMatchObject({ state: 'normalized' });
    },
  );

  it.each(['changes', 'foreign_keys', 'remove'])('of a rollback, at "%s", leaves it normalised', async (step) => {
    await server.make({ users: USERS });
    const first = await server.open();
    const { sealer } = server;
    await normalize({ session: first.session, schema: 'dev', sealer });
    await server.query(`update dev.users set display_name = 'changed' where id = 'user_1'`);
    const { session, pid } = await server.open();
    const kill = killAt(step, pid);
    const work = rollback({
      session,
      schema: 'dev',
      sealer,
      onProgress: (progress) => void kill(progress),
      options: { batchSize: 100 },
    });
    await expect(work).rejects.toThrow(LOST);
    expect(
      await server.query(`select (select count(*)::int from dev.users) as users, (select count(*)::int from dev.users_old) as old,
      (select display_name from dev.users_old where id = 'user_1') as name`),
    ).toEqual([{ users: USERS, old: USERS, name: 'Person 1' }]);
    await rollback({ session: first.session, schema: 'dev', sealer });
    expect((await server.differences()).map((line) => line.slice(0, 19)).sort()).toEqual([
      'dev.users +(user_1,',
      'dev.users -(user_1,',
    ]);
  });
});

describe('a rollback among others', () => {
  it('waits for whoever reads the tables, not for ever, and is refused then', async () => {
    await server.make({ users: 100 });
    const { session } = await server.open();
    const { sealer } = server;
    await normalize({ session, schema: 'dev', sealer });
    const reader = await server.open();
    await reader.session.query('begin');
    await reader.session.query('select count(*) from dev.digests');
    const options = { lockTimeout: 100, lockAttempts: 2 };
    expect(await refusalOf(rollback({ session, schema: 'dev', sealer, options }))).toMatchObject({
      code: 'legacy.locked',
    });
    await reader.session.query('commit');
    await rollback({ session, schema: 'dev', sealer, options });
    expect(await server.differences()).toEqual([]);
  });

  it('is refused while another legacy command is under way', async () => {
    await server.make({ users: 100 });
    const { session } = await server.open();
    const { sealer } = server;
    await normalize({ session, schema: 'dev', sealer });
    const other = await server.open();
    await other.session.query('begin');
    await other.session.query(`select pg_advisory_xact_lock(hashtext('gatehouse legacy'))`);
    expect(await refusalOf(rollback({ session, schema: 'dev', sealer }))).toMatchObject({ code: 'legacy.running' });
    await other.session.query('commit');
    await rollback({ session, schema: 'dev', sealer });
  });
});
