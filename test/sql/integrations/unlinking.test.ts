import { beforeAll, describe, expect, it } from 'vitest';
import { openStage, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

const active = async (userId: string) =>
  (
    await stage.sql.query<{ name: string }>(
      `select service_id || coalesce(':' || external_user_id, '') as name from user_integrations
        where user_id = $1 and is_active order by 1`,
      [userId],
    )
  ).map(({ name }) => name);

async function withTwoTelegrams(): Promise<string> {
  const userId = await stage.user();
  await stage.sql.query(
    `select link_telegram_to_user($1, 'one'), link_telegram_to_user($1, 'two'), link_gmail_to_user($1, 'token')`,
    [userId],
  );
  return userId;
}

describe('unlinking', () => {
  it('without an account id ends all accounts of the service, softly', async () => {
    const userId = await withTwoTelegrams();
    expect(await stage.sql.value('select unlink_telegram_from_user($1)', [userId])).toBe(true);
    expect(await active(userId)).toEqual(['gmail']);
    expect(await stage.sql.value('select unlink_telegram_from_user($1)', [userId])).toBe(false);
    expect(await stage.owner.query('select 1 from user_integrations where user_id = $1', [userId])).toHaveLength(3);
  });

  it('with an account id ends that one', async () => {
    const userId = await withTwoTelegrams();
    const unlink = (id: string) => stage.sql.value('select unlink_telegram_from_user($1, $2)', [userId, id]);
    expect(await unlink('one')).toBe(true);
    expect(await unlink('one')).toBe(false);
    expect(await unlink('three')).toBe(false);
    expect(await active(userId)).toEqual(['gmail', 'telegram:two']);
  });

  it.each([
    ['gmail', 'gmail'],
    ['calendar', 'google_calendar'],
    ['google_calendar', 'google_calendar'],
    ['telegram', 'telegram'],
    ['signal', 'signal'],
    ['whatsapp', 'whatsapp'],
  ])('unlink_%s_from_user ends %s alone', async (name, service) => {
    const userId = await stage.user();
    for (const id of ['gmail', 'google_calendar', 'telegram', 'signal', 'whatsapp']) {
      await stage.sql.query(`select link_service_to_user($1, $2, 'x', access_token => 'token')`, [userId, id]);
    }
    const call = `select unlink_${name}_from_user(user_id => $1, external_user_id => 'x')`;
    expect(await stage.sql.value(call, [userId])).toBe(true);
    expect(await active(userId)).toHaveLength(4);
    expect(await active(userId)).not.toContain(`${service}:x`);
  });

  it('keeps the token for linking again, and is an event for each account', async () => {
    const userId = await withTwoTelegrams();
    await stage.sql.query(
      `select unlink_service_from_user(user_id => $1, service_id => 'gmail', external_user_id => null),
              unlink_service_from_user($1, 'telegram')`,
      [userId],
    );
    expect(await stage.owner.query('select access_token from oauth_connections where user_id = $1', [userId])).toEqual([
      { access_token: 'token' },
    ]);
    const events = await stage.owner.query(
      `select payload->>'externalUserId' as id from outbox where user_id = $1 and type = 'integration.unlinked' order by 1`,
      [userId],
    );
    expect(events).toEqual([{ id: 'one' }, { id: 'two' }, { id: null }]);
  });

  it.each([
    ['no user id', `null, 'gmail'`, 'GH018', /user_id is missing/],
    ['no service', `'USER', ''`, 'GH018', /service_id is missing/],
    ['an unknown user', `'nobody', 'gmail'`, 'GH015', /no user "nobody"/],
    ['an unknown service', `'USER', 'myspace'`, 'GH016', /no service "myspace"/],
    ['an account id that was never filled in', `'USER', 'telegram', ''`, 'GH018', /external_user_id is empty/],
  ])('is refused for %s', async (_, args, code, sentence) => {
    const userId = await withTwoTelegrams();
    const refusal = await stage.sql.refusal(`select unlink_service_from_user(${args.replace('USER', userId)})`);
    expect(refusal).toMatchObject({ code, message: expect.stringMatching(sentence) });
    expect(await active(userId)).toHaveLength(3);
  });
});

describe('a grant that came with a link', () => {
  const grants = async (userId: string) =>
    (await stage.owner.query('select 1 from oauth_connections where user_id = $1', [userId])).length;

  it('goes with the last link to it, and not before', async () => {
    const userId = await stage.user();
    await stage.sql.query(`select link_gmail_to_user($1, 'token')`, [userId]);
    await stage.owner.query(
      `insert into user_integrations (user_id, service_id, connection_id)
         select user_id, 'google_calendar', id from oauth_connections where user_id = $1`,
      [userId],
    );
    await stage.sql.query(`delete from user_integrations where user_id = $1 and service_id = 'gmail'`, [userId]);
    expect(await grants(userId)).toBe(1);
    await stage.sql.query('delete from user_integrations where user_id = $1', [userId]);
    expect(await grants(userId)).toBe(0);
  });

  it('stays where its account is proven', async () => {
    const userId = await stage.user();
    await stage.sql.query(`select link_gmail_to_user($1, 'token')`, [userId]);
    await stage.owner.query(`update oauth_connections set account_id = 'proven' where user_id = $1`, [userId]);
    await stage.sql.query('delete from user_integrations where user_id = $1', [userId]);
    expect(await grants(userId)).toBe(1);
  });
});
