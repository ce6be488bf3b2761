import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { openStage, type Stage } from './support.ts';

let stage: Stage;
beforeAll(() => void (stage = openStage()));

interface Bulk {
  readonly total: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly results: readonly Record<string, unknown>[];
}
const bulk = (verb: 'link' | 'unlink', userId: string, items: unknown) =>
  stage.sql.value<Bulk>(
    `select bulk_${verb}_services_${verb === 'link' ? 'to' : 'from'}_user(user_id => $1, services_json => $2::jsonb)`,
    [userId, JSON.stringify(items)],
  );
const linked = (userId: string) =>
  stage.owner.query('select * from user_integrations where user_id = $1 order by service_id', [userId]);
const anId = expect.stringMatching(/^[0-9a-f-]{36}$/);

describe('bulk_link_services_to_user', () => {
  it('as the document calls it links both', async () => {
    const userId = await stage.user();
    const answer = await bulk('link', userId, [
      { service_id: 'gmail', access_token: 'ya29.token' },
      { service_id: 'telegram', external_user_id: 'telegram_456' },
    ]);
    expect(answer).toEqual({
      total: 2,
      succeeded: 2,
      failed: 0,
      results: [
        { index: 0, service_id: 'gmail', success: true, integration_id: anId },
        { index: 1, service_id: 'telegram', success: true, integration_id: anId },
      ],
    });
    expect(await linked(userId)).toMatchObject([
      { id: answer.results[0]?.integration_id, service_id: 'gmail' },
      { id: answer.results[1]?.integration_id, external_user_id: 'telegram_456' },
    ]);
  });

  it('names each bad item by index, code and reason, and links the others', async () => {
    const userId = await stage.user();
    const answer = await bulk('link', userId, [
      { service_id: 'nope' },
      'signal',
      5,
      null,
      {},
      { service_id: 'gmail', access_token: 'x', token_expires_at: 'never' },
      { service_id: 'gmail', access_token: { a: 1 } },
      { service_id: 'signal', external_user_id: 'x', metadata: 'y' },
      { service_id: 'whatsapp', external_user_id: 49170 },
    ]);
    expect(answer).toMatchObject({ total: 9, succeeded: 1, failed: 8 });
    const failure = (index: number, service: unknown, code: string, error: RegExp) => ({
      index,
      service_id: service,
      success: false,
      code,
      error: expect.stringMatching(error),
    });
    expect(answer.results).toEqual([
      failure(0, 'nope', 'service.not_found', /"nope"/),
      failure(1, 'signal', 'integration.incomplete', /external_user_id/),
      failure(2, null, 'integration.incomplete', /object/),
      failure(3, null, 'integration.incomplete', /object/),
      failure(4, null, 'integration.incomplete', /service_id/),
      failure(5, 'gmail', 'integration.incomplete', /token_expires_at/),
      failure(6, 'gmail', 'integration.incomplete', /access_token/),
      failure(7, 'signal', 'integration.incomplete', /metadata/),
      { index: 8, service_id: 'whatsapp', success: true, integration_id: anId },
    ]);
    expect(await linked(userId)).toMatchObject([{ service_id: 'whatsapp', external_user_id: '49170' }]);
  });

  it('takes no user, id or event of an item’s own', async () => {
    const [userId, other] = [await stage.user(), await stage.user()];
    const [id, eventId] = [newId(), newId()];
    await bulk('link', userId, [
      { service_id: 'signal', external_user_id: 'x', user_id: other, id, event_id: eventId, next_refresh_in: 'y' },
    ]);
    expect(await linked(other)).toEqual([]);
    expect(await linked(userId)).toHaveLength(1);
    expect(await linked(userId)).not.toMatchObject([{ id }]);
    expect(await stage.owner.query('select 1 from outbox where id = $1', [eventId])).toEqual([]);
  });

  it('of one account twice makes one row; of nothing, nothing', async () => {
    const userId = await stage.user();
    const item = { service_id: 'signal', external_user_id: 'x' };
    const { results } = await bulk('link', userId, [item, item]);
    expect(results[0]?.integration_id).toBe(results[1]?.integration_id);
    expect(await bulk('link', userId, [])).toEqual({ total: 0, succeeded: 0, failed: 0, results: [] });
  });

  it.each([['{}'], ['"gmail"'], ['null'], [null]])('refuses %s, which is no list', async (items) => {
    const refusal = await stage.sql.refusal('select bulk_link_services_to_user($1, $2::jsonb)', ['x', items]);
    expect(refusal).toMatchObject({ code: 'GH018', message: 'services_json: a list of services' });
  });

  it('says of every item that there is no such user', async () => {
    const answer = await bulk('link', 'nobody', [{ service_id: 'signal', external_user_id: 'x' }, 'gmail']);
    expect(answer.results.map(({ code }) => code)).toEqual(['user.not_found', 'user.not_found']);
  });
});

describe('bulk_unlink_services_from_user', () => {
  it('takes names and objects, counts what was active, and names what is wrong', async () => {
    const userId = await stage.user();
    await stage.sql.query(
      `select link_gmail_to_user($1, 't', external_user_id => 'a'), link_gmail_to_user($1, 't', external_user_id => 'b'),
              link_signal_to_user($1, 's'), link_signal_to_user($1, 'r')`,
      [userId],
    );
    const answer = await bulk('unlink', userId, [
      'gmail',
      { service_id: 'signal', external_user_id: 's' },
      'gmail',
      'nope',
      [],
    ]);
    expect(answer).toEqual({
      total: 5,
      succeeded: 3,
      failed: 2,
      results: [
        { index: 0, service_id: 'gmail', success: true, unlinked: 2 },
        { index: 1, service_id: 'signal', success: true, unlinked: 1 },
        { index: 2, service_id: 'gmail', success: true, unlinked: 0 },
        expect.objectContaining({ index: 3, service_id: 'nope', success: false, code: 'service.not_found' }),
        expect.objectContaining({ index: 4, service_id: null, success: false, code: 'integration.incomplete' }),
      ],
    });
    expect((await linked(userId)).filter((row) => row.is_active)).toMatchObject([{ external_user_id: 'r' }]);
  });
});
