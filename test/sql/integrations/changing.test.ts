import { beforeAll, describe, expect, it } from 'vitest';
import { openStage, SEALED, soon, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

const rowOf = async (id: string) => (await stage.owner.query('select * from user_integrations where id = $1', [id]))[0];

describe('update_integration, for a member', () => {
  const change = (userId: string, given: object) =>
    stage
      .as('gatehouse_member', { 'gatehouse.user_id': userId })
      .value('select gatehouse.update_integration($1::jsonb)', [JSON.stringify({ user_id: userId, ...given })]);
  const twoTelegrams = async () => {
    const userId = await stage.user();
    const link = (id: string) => stage.sql.value<string>('select link_telegram_to_user($1, $2)', [userId, id]);
    return { userId, first: await link('first'), second: await link('second') };
  };

  it('changes what is among the keys, and nothing else', async () => {
    const { userId, first: id } = await twoTelegrams();
    expect(await change(userId, { id, display_label: 'Work', metadata: { a: 1 } })).toBe('done');
    expect(await change(userId, { id, external_username: 'me' })).toBe('done');
    expect(await rowOf(id)).toMatchObject({
      display_label: 'Work',
      external_username: 'me',
      metadata: { a: 1 },
      is_active: true,
    });
    expect(await change(userId, { id, display_label: null })).toBe('done');
    expect(await rowOf(id)).toMatchObject({ display_label: null, external_username: 'me' });
  });

  it('keeps one primary account, and takes no flag out of metadata', async () => {
    const { userId, first, second } = await twoTelegrams();
    await change(userId, { id: second, is_primary: true });
    await change(userId, { id: first, metadata: { primary: true, a: 1 } });
    expect(await rowOf(first)).toMatchObject({ metadata: { a: 1 } });
    expect(await stage.sql.value('select get_telegram_id($1)', [userId])).toBe('second');
    await change(userId, { id: second, metadata: { b: 2 } });
    expect(await rowOf(second)).toMatchObject({ metadata: { b: 2, primary: true } });
    await change(userId, { id: first, is_primary: true });
    expect(await rowOf(second)).toMatchObject({ metadata: { b: 2 } });
    await change(userId, { id: first, is_primary: false });
    expect(await rowOf(first)).toMatchObject({ metadata: { a: 1 } });
  });

  it('says that there is none for an unknown id and for another user’s', async () => {
    const { first } = await twoTelegrams();
    const userId = await stage.user();
    expect(await change(userId, { id: first, display_label: 'x' })).toBe('integration.not_found');
  });

  it('is an event where it ends a link or begins it again, once', async () => {
    const { userId, first: id } = await twoTelegrams();
    for (const isActive of [false, false, true]) await change(userId, { id, is_active: isActive });
    const events = await stage.owner.query(
      'select type from outbox where user_id = $1 and subject_id = $2 order by created_at, id',
      [userId, id],
    );
    expect(events.map(({ type }) => type).toSorted()).toEqual([
      'integration.linked',
      'integration.linked',
      'integration.unlinked',
    ]);
  });
});

describe('write_tokens, for the view of a legacy schema', () => {
  const write = (id: string, row: object) =>
    stage.sql.query('select gatehouse.write_tokens($1::jsonb)', [JSON.stringify({ integration_id: id, ...row })]);
  const gmail = async () => {
    const userId = await stage.user();
    return stage.sql.value<string>(`select link_gmail_to_user($1, 'a', 'r', $2::timestamptz)`, [userId, soon()]);
  };

  it('writes them in place; another refresh token makes an ended grant work again', async () => {
    const id = await gmail();
    const before = await stage.grantOf(id);
    await write(id, { access_token: 'b', refresh_token: 'r', refresh_expired: true });
    expect(await stage.grantOf(id)).toMatchObject({ id: before?.id, access_token: 'b', status: 'expired' });
    await write(id, { access_token: 'c', refresh_token: 's', refresh_expired: true, is_renewed: true });
    expect(await stage.grantOf(id)).toMatchObject({ id: before?.id, refresh_token: 's', status: 'active' });
  });

  it('does not take a revoked grant for one that ran out', async () => {
    const id = await gmail();
    await stage.owner.query(
      `update oauth_connections set status = 'revoked'
        where id = (select connection_id from user_integrations where id = $1)`,
      [id],
    );
    await write(id, { access_token: 'a', refresh_token: 'r', refresh_expired: true, client_id: 'c' });
    expect(await stage.grantOf(id)).toMatchObject({ status: 'revoked', client_id: 'c' });
  });

  it('lets the grant go where there is neither token nor secret', async () => {
    const id = await gmail();
    await write(id, { access_token: null, refresh_token: '' });
    expect(await stage.grantOf(id)).toBeUndefined();
    expect(await rowOf(id)).toMatchObject({ connection_id: null });
  });

  it('makes a grant for an integration that had none, sealed or not', async () => {
    const userId = await stage.user();
    const id = await stage.sql.value<string>(`select link_telegram_to_user($1, 'x')`, [userId]);
    await write(id, { access_token: SEALED });
    expect(await stage.grantOf(id)).toMatchObject({ connector_id: 'telegram', access_token: SEALED, user_id: userId });
  });
});
