import { afterAll, beforeAll, expect, it } from 'vitest';
import { type LegacyServer, runCommand, startLegacyServer } from './support.ts';

let server: LegacyServer;
beforeAll(async () => {
  server = await startLegacyServer();
});
afterAll(async () => server.close());

it('leads a schema there and back, and then to the end', async () => {
  await server.make({ users: 200 });
  const dry = await server.command('normalize', '--schema', 'dev', '--dry-run');
  expect(dry).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^Dry run: "dev" would be normalised; nothing was changed\./),
  });
  expect(await server.differences()).toEqual([]);
  expect(await server.command('verify', '--schema', 'dev')).toMatchObject({
    code: 1,
    err: expect.stringContaining('was never normalised'),
  });

  const moved = await server.command('normalize', '--schema', 'dev', '--time-zone', 'Europe/Berlin');
  expect(moved).toMatchObject({
    code: 0,
    out: expect.stringMatching(/users +200[\s\S]*Next: npm run legacy -- verify/),
  });
  expect(moved.err).toMatch(/^Target: postgres@.*\/gatehouse_legacy_\w+, schema dev\n[\s\S]*moving users: 200 of 200/);
  expect(await server.command('normalize', '--schema', 'dev')).toMatchObject({
    code: 0,
    out: expect.stringContaining('normalised already'),
  });

  const verified = await server.command('verify', '--schema', 'dev', '--all');
  expect(verified).toMatchObject({
    code: 0,
    out: expect.stringMatching(/1\. Rows[\s\S]*digests\.digests_user_id_fkey[\s\S]*Nothing is missing\.\n$/),
  });
  const json = JSON.parse(
    (await server.command('verify', '--schema', 'dev', '--json', '--sample', '20')).out,
  ) as object;
  expect(json).toMatchObject({ isComplete: true, compared: { users: 20 } });

  expect(await server.command('rollback', '--schema', 'dev', '--dry-run')).toMatchObject({
    code: 0,
    out: expect.stringContaining('would be rolled back'),
  });
  expect(await server.command('rollback', '--schema', 'dev')).toMatchObject({
    code: 0,
    out: expect.stringMatching(/Rolled back "dev"[\s\S]*rows written back +0\n/),
  });
  expect(await server.differences()).toEqual([]);

  await server.command('normalize', '--schema', 'dev');
  await server.query(`insert into dev.users_old (id) values ('ghost')`);
  expect(await server.command('verify', '--schema', 'dev')).toMatchObject({
    code: 1,
    out: expect.stringMatching(/refused {2}user\.missing \(1\).*\[ghost\][\s\S]*Something is missing/),
  });
  expect(await server.command('finish', '--schema', 'dev')).toMatchObject({
    code: 1,
    err: expect.stringContaining('users_old is kept'),
  });
  await server.query(`delete from dev.users_old where id = 'ghost'`);
  expect(await server.command('finish', '--schema', 'dev', '--dry-run')).toMatchObject({
    code: 0,
    out: expect.stringContaining('(200 rows) would be dropped'),
  });
  expect(await server.command('finish', '--schema', 'dev')).toMatchObject({
    code: 0,
    out: expect.stringContaining('is dropped'),
  });
});

it('prints what stands in the way, and shows no secret', async () => {
  await server.make({ users: 20 });
  await server.query(`update dev.users set email = upper(email) where id = 'user_2'; `);
  await server.query(
    `update dev.users set email = lower((select email from dev.users where id = 'user_2')) where id = 'user_3'`,
  );
  const refused = await server.command('normalize', '--schema', 'dev');
  expect(refused).toMatchObject({
    code: 1,
    out: '',
    err: expect.stringMatching(/Refused; nothing was changed\.\n {2}refused {2}email\.duplicate \(2\)/),
  });
  const json = await server.command('normalize', '--schema', 'dev', '--json');
  expect(JSON.parse(json.out)).toMatchObject({
    error: {
      code: 'legacy.refused',
      report: { findings: expect.arrayContaining([expect.objectContaining({ code: 'email.duplicate' })]) },
    },
  });
  expect(refused.err + json.out + json.err).not.toMatch(/postgres:postgres|ya29|TOKEN_KEYS=/);
});

it.each<[string[], Record<string, string>, RegExp]>([
  [['sideways'], {}, /no command "sideways".*normalize, verify, rollback, finish/],
  [['verify'], {}, /--schema is missing/],
  [['verify', '--schema', 'dev', '--resume'], {}, /"verify" has no option --resume/],
  [['verify', '--schema', 'dev', '--sample', 'few'], {}, /--sample must be a whole number from 1, not "few"/],
  [['normalize', '--schema', 'dev', '--dependents', 'drop'], {}, /--dependents must be refuse or keep/],
  [['normalize', 'dev', '--schema', 'dev'], {}, /"normalize" does not take "dev"/],
  [['verify', '--schema', 'dev'], {}, /MIGRATION_DATABASE_URL is missing/],
  [['verify', '--schema', 'dev'], { MIGRATION_DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' }, /TOKEN_KEYS is missing/],
])('refuses %j by name, with exit code 2', async (words, settings, message) => {
  const { code, out, err } = await runCommand(words, settings);
  expect([code, out, err]).toEqual([2, '', expect.stringMatching(message)]);
});

it.each(['normalize', 'verify', 'rollback', 'finish'])('%s has its own help', async (name) => {
  const { code, out } = await runCommand([name, '--help'], {});
  expect([code, out]).toEqual([0, expect.stringMatching(new RegExp(`^npm run legacy -- ${name} --schema NAME`))]);
});

it('says that a database cannot be reached, without its password', async () => {
  const settings = {
    MIGRATION_DATABASE_URL: 'postgres://a:never-shown@127.0.0.1:1/c',
    TOKEN_KEYS: `dev:${'A'.repeat(43)}=`,
    TOKEN_KEY_ACTIVE: 'dev',
  };
  const { code, err } = await runCommand(['verify', '--schema', 'dev'], settings);
  expect([code, err]).toEqual([1, expect.stringContaining('Cannot connect to the database')]);
  expect(err).not.toContain('never-shown');
});
