import { describe, expect, it } from 'vitest';
import { finish, verify, type VerifyOptions } from '../../src/db/legacy/index.ts';
import { expectedCredentials } from '../support/legacy-database.ts';
import { useRollbackDatabase } from './rollback-support.ts';
import { freshSealer, refusalOf } from './support.ts';

const database = useRollbackDatabase();
const { asClient, run, value } = database;

const verifyDev = async (options: VerifyOptions = { all: true }) => {
  const { session, sealer } = database;
  return verify({ session, schema: 'dev', sealer, options });
};

const codes = (report: Awaited<ReturnType<typeof verify>>) =>
  report.findings.map(({ code, count, severity }) => `${severity} ${code} ${count}`);

describe('verification', () => {
  it('finds everything right after a normalisation, with the counts of the document', async () => {
    await database.make({ users: 120 });
    const { report: moved } = await database.normalize();
    const report = await verifyDev();
    const { gmail, calendar, signal } = expectedCredentials({ users: 120 });
    expect(report).toMatchObject({ isComplete: true, findings: [], missing: [] });
    const links = Object.values(moved.integrations).reduce((sum, count) => sum + count, 0);
    expect(report.counts).toEqual({ users: 120, users_old: 120, user_integrations: links });
    expect(report.compared).toMatchObject({ users: 120, changedSince: 0 });
    expect(report.sample).toHaveLength(10);
    expect(report.services.map(({ service, active, withTokens }) => [service, active, withTokens])).toEqual([
      ['gmail', gmail, gmail],
      ['google_calendar', calendar, calendar],
      ['signal', signal, 0],
      ['telegram', 60, 0],
      ['whatsapp', 0, 0],
    ]);
  });

  it('compares a sample unless told otherwise', async () => {
    await database.make({ users: 120 });
    await database.normalize();
    expect((await verifyDev({ sample: 12 })).compared.users).toBe(12);
  });

  it('tells what was changed or deleted since from what is missing', async () => {
    await database.make();
    await run(`update dev.users set access_token = '', refresh_token = null, client_secret = null where id = 'user_1'`);
    await database.normalize();
    await asClient(
      `update dev.user_integrations set access_token = 'new' where user_id = 'user_2' and service_id = 'gmail'`,
    );
    await asClient(`delete from dev.user_integrations where user_id = 'user_4' and service_id = 'telegram'`);
    const report = await verifyDev();
    expect(report).toMatchObject({ isComplete: true, compared: { changedSince: 2 } });
    expect(report.missing).toEqual([
      { issue: 'Missing Gmail', count: 1, explained: 1 },
      { issue: 'Missing Telegram', count: 1, explained: 1 },
    ]);
    expect(codes(report)).toEqual(['warning integration.removed 1']);
  });

  it('finds what is missing: users, credentials, foreign keys, views, functions', async () => {
    await database.make();
    await database.normalize();
    await run(`delete from public.legacy_links where user_id = 'user_2' and slot = 'telegram';
      delete from public.user_integrations where user_id = 'user_2' and service_id = 'telegram';
      update dev.users_old set signal_source_uuid = 'another' where id = 'user_3';
      insert into dev.users_old (id, email) values ('ghost', 'ghost@example.com');
      alter table dev.digests drop constraint digests_user_id_fkey;
      alter table dev.emails drop constraint emails_user_id_fkey;
      alter table dev.emails add constraint emails_user_id_fkey foreign key (user_id) references dev.users_old (id);
      alter table dev.user_logs drop constraint user_logs_user_id_fkey;
      alter table dev.user_logs add constraint user_logs_user_id_fkey foreign key (user_id) references public.users (id) not valid;
      drop function dev.get_telegram_id(text)`);
    const report = await verifyDev();
    expect(report.isComplete).toBe(false);
    expect(codes(report)).toEqual([
      'refusal document.missing 1',
      'refusal user.missing 1',
      'refusal credential.missing 1',
      'refusal foreign_key.missing 1',
      'refusal foreign_key.elsewhere 1',
      'refusal foreign_key.old 1',
      'refusal foreign_key.not_valid 1',
      'refusal schema.incomplete 1',
      'refusal value.differs 2',
    ]);
  });

  it('finds tokens that the key ring does not open', async () => {
    await database.make();
    await database.normalize();
    const { session } = database;
    const report = await verify({ session, schema: 'dev', sealer: freshSealer(), options: { all: true } });
    expect(report.isComplete).toBe(false);
    expect(codes(report)).toEqual([expect.stringMatching(/^refusal token\.unreadable \d+$/)]);
  });
});

describe('finishing', () => {
  const finishDev = async (dryRun = false) => {
    const { session, sealer } = database;
    return finish({ session, schema: 'dev', sealer, options: { dryRun } });
  };

  it('drops users_old and keeps what stands in its place', async () => {
    await database.make();
    await database.normalize();
    expect(await finishDev(true)).toMatchObject({ state: 'dry_run', rows: 60 });
    expect(await value(`select to_regclass('dev.users_old') is not null`)).toBe(true);
    expect(await finishDev()).toMatchObject({ state: 'finished', rows: 60 });
    expect(await value(`select to_regclass('dev.users_old') is null`)).toBe(true);
    expect(await value(`select count(*)::int from dev.users`)).toBe(60);
    expect(await value(`select dev.get_telegram_id('user_2')`)).toBe('telegram_2');
    expect(await value(`select state from public.legacy_runs`)).toBe('finished');
    expect(await refusalOf(finishDev())).toMatchObject({
      code: 'legacy.not_normalized',
      message: expect.stringContaining('finished already'),
    });
    expect(await refusalOf(database.rollback())).toMatchObject({ code: 'legacy.not_normalized' });
  });

  it('is refused while something is missing, and when something hangs on the table', async () => {
    await database.make();
    await database.normalize();
    await run(`insert into dev.users_old (id) values ('ghost')`);
    expect(await refusalOf(finishDev())).toMatchObject({
      code: 'legacy.incomplete',
      message: expect.stringContaining('ghost'),
    });
    await run(
      `delete from dev.users_old where id = 'ghost'; create view public.built_on_old as select id from dev.users_old`,
    );
    expect(await refusalOf(finishDev())).toMatchObject({
      code: 'legacy.refused',
      message: expect.stringContaining('built_on_old'),
    });
    await run('drop view public.built_on_old');
    expect(await value(`select count(*)::int from dev.users_old`)).toBe(60);
  });
});
