/** Whose an account at a messaging service is: anybody may claim an id, and one user at most has it verified. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { IntegrationView } from '../../src/domain/integrations/views.ts';
import { newId } from '../../src/lib/ids.ts';
import { link, linked } from '../support/integrations.ts';
import { newPerson, newToken, type Person } from '../support/owner.ts';
import { connectSqlClient } from '../support/sql-client.ts';
import { call, owner, workerEnv } from '../support/worker.ts';
import { browse } from './support.ts';

const sql = connectSqlClient(workerEnv);
let service: { token: string };

beforeAll(async () => {
  service = await newToken(owner, { kind: 'service', scopes: '["integrations:read","integrations:write"]' });
});

const telegram = (externalUserId: string) => ({ serviceId: 'telegram', externalUserId });
const byBackend = (person: Person, id: string) => linked({ ...person, token: service.token }, telegram(id));
const shown = async (person: Person) =>
  (await call<{ items: IntegrationView[] }>('integrations.list', { userId: 'me' }, person)).data.items;

/** What a consumer asks that maps an id of the service to a user here. */
const ownersOf = async (id: string) =>
  (
    await sql.query<{ user_id: string }>(
      "select user_id from user_integrations where service_id = 'telegram' and external_user_id = $1 and verified_at is not null",
      [id],
    )
  ).map(({ user_id: userId }) => userId);

describe('an id of a messaging service', () => {
  it('that people give themselves is a claim, whoever was first and however often', async () => {
    const [mallory, victim] = [await newPerson(owner), await newPerson(owner)];
    const id = newId();
    for (const person of [mallory, mallory, victim]) {
      expect(await linked(person, telegram(id))).toMatchObject({ isVerified: false });
    }
    const personal = { kind: 'personal', user_id: mallory.userId, scopes: '["integrations:write"]' };
    const again = await link({ ...mallory, ...(await newToken(owner, personal)) }, telegram(id));
    expect(again.data).toMatchObject({ isVerified: false });
    expect(await ownersOf(id)).toEqual([]);
    const page = await browse('/integrations', { headers: { cookie: `gatehouse_session=${victim.token}` } });
    expect(await page.text()).toContain('Not verified');
  });

  it('that an administrator gives by a session is a claim as well', async () => {
    const [admin, person] = [await newPerson(owner, { user: { platform_role: 'admin' } }), await newPerson(owner)];
    const id = newId();
    expect(await linked({ ...person, token: admin.token }, telegram(id))).toMatchObject({ isVerified: false });
  });

  it('that a backend gives is verified, though somebody claimed it before; a second user’s stays a claim', async () => {
    const [mallory, victim] = [await newPerson(owner), await newPerson(owner)];
    const id = newId();
    await linked(mallory, telegram(id));
    expect(await byBackend(victim, id)).toMatchObject({ isVerified: true });
    expect(await byBackend(mallory, id)).toMatchObject({ isVerified: false });
    expect(await linked(victim, { ...telegram(id), displayLabel: 'mine' })).toMatchObject({ isVerified: true });
    expect(await shown(mallory)).toMatchObject([{ isVerified: false }]);
    expect(await ownersOf(id)).toEqual([victim.userId]);
  });

  it('that was claimed becomes verified once a backend links it, and stays so when it is unlinked', async () => {
    const person = await newPerson(owner);
    const id = newId();
    const { id: integrationId } = await linked(person, telegram(id));
    expect(await byBackend(person, id)).toMatchObject({ id: integrationId, isVerified: true });
    await call('integrations.unlink', { userId: 'me', integrationId }, person);
    expect(await shown(person)).toMatchObject([{ isActive: false, isVerified: true }]);
    const mallory = await newPerson(owner);
    expect(await byBackend(mallory, id)).toMatchObject({ isVerified: false });
  });

  it('holds for SQL clients, by function and by table, in lists too', async () => {
    const [first, second, third] = [await newPerson(owner), await newPerson(owner), await newPerson(owner)];
    const [id, other] = [newId(), newId()];
    await linked(third, telegram(id));
    await sql.query("select public.link_service_to_user($1, 'telegram', $2)", [first.userId, id]);
    await sql.query(
      "insert into user_integrations (user_id, service_id, external_user_id) values ($1, 'telegram', $2)",
      [second.userId, id],
    );
    expect(await ownersOf(id)).toEqual([first.userId]);
    const items = JSON.stringify([{ service_id: 'telegram', external_user_id: other }]);
    const answer = await sql.value('select public.bulk_link_services_to_user($1, $2::jsonb)', [second.userId, items]);
    expect(answer).toMatchObject({ succeeded: 1 });
    expect(await ownersOf(other)).toEqual([second.userId]);
    // Another id is another account: what was verified was the old one.
    const change = `update user_integrations set external_user_id = $2 where user_id = $1 and external_user_id = $3`;
    await sql.query(change, [second.userId, `${other}x`, other]);
    expect([await ownersOf(other), await ownersOf(`${other}x`)]).toEqual([[], [second.userId]]);
    await sql.query('delete from user_integrations where user_id = $1 and external_user_id = $2', [second.userId, id]);
    await sql.query(change, [second.userId, id, `${other}x`]);
    expect(await ownersOf(id)).toEqual([first.userId]);
    expect(
      (await sql.refusal('update user_integrations set verified_at = now() where user_id = $1', [third.userId])).code,
    ).toBe('42501');
  });

  it('is spoken of for messaging services alone', async () => {
    const person = await newPerson(owner);
    await linked({ ...person, token: service.token }, { serviceId: 'gmail', accessToken: 'ya29.x' });
    expect(await shown(person)).toMatchObject([{ service: 'gmail', isVerified: null }]);
  });
});
